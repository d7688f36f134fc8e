// What is known of the two networks, recorded or answered, and what to ask next.

import { NETWORKS } from "./networks.js";

// Test images a question: few enough that a switch is felt at once.
const SLICE = 25;

// `view()` is what is on show: { network, gates, subject, pixels, whole }, where `subject` names the image among all others
// and `pixels` is null where there is nothing to predict.
export function knowledge({ images, testImages }, wholeOf, view) {
  // Logits by what was asked, and how many of how many test images were wrong.
  const [logits, measured] = [new Map(), new Map()];
  const key = (...parts) => parts.join();
  for (const [i, { whole }] of images.entries()) {
    for (const name of NETWORKS) logits.set(key(i, name, wholeOf(name)), whole[name]);
  }

  const nextPrediction = () => {
    const { network, gates, subject, pixels } = view();
    for (const vector of pixels ? [gates, wholeOf(network)] : []) {
      const asked = key(subject, network, vector);
      if (logits.has(asked)) continue;
      const question = { ask: "logits", network, gates: vector, pixels };
      return { question, take: (answer) => logits.set(asked, answer) };
    }
    return null;
  };
  const nextCount = () => {
    const { network, gates } = view();
    for (const name of [network, ...NETWORKS]) {
      const asked = key(name, gates);
      const { done, wrong } = measured.get(asked) ?? { done: 0, wrong: 0 };
      const count = Math.min(SLICE, testImages - done);
      if (count <= 0) continue;
      const question = { ask: "wrong", network: name, gates, start: done, count };
      return { question, take: (answer) => measured.set(asked, { done: done + count, wrong: wrong + answer }) };
    }
    return null;
  };
  return {
    logitsOf: (name, gates) => logits.get(key(view().subject, name, gates)),
    measuredOf: (name) => measured.get(key(name, view().gates)),
    // Whether the networks themselves are needed for the prediction on show.
    lacks: () => nextPrediction() !== null,
    // First the prediction, then the errors of both networks.
    next: () => nextPrediction() ?? nextCount(),
  };
}
