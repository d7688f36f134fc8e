// The controls of the feature space.

import { choice, select, slider } from "../lib/controls.js";
import { fixed } from "../lib/words.js";

export const BOTH = "A and B";

export function controlsOf({ epochs, labels, classes, students }, set) {
  const whole = (label, min, max, key) =>
    slider({ label, min, max, step: 1, say: (value) => fixed(value, 0), onInput: (value) => set({ [key]: value }) });
  return {
    method: choice({
      label: "training",
      options: [
        ["self-guidance", "Self-Guidance"],
        ["baseline", "baseline"],
      ],
      onChange: (method) => set({ method }),
    }),
    student: select({
      label: "student",
      options: [
        ...students.map(({ name, gates }) => [name, `${name}: ${running(gates)} of ${gates.length} blocks`]),
        [BOTH, "A and B together"],
      ],
      onChange: (student) => set({ student }),
    }),
    color: choice({
      label: "colour",
      options: [
        ["class", "class"],
        ["network", "network"],
      ],
      onChange: (color) => set({ color }),
    }),
    epoch: slider({
      label: "epoch",
      min: epochs[0],
      max: epochs.at(-1),
      step: 1,
      say: String,
      scale: { to: (epoch) => nearestIndex(epochs, epoch), from: (index) => epochs[index] },
      onInput: (epoch) => set({ epoch }),
    }),
    perplexity: whole("perplexity", 5, 60, "perplexity"),
    seed: whole("seed", 0, 20, "seed"),
    image: slider({
      label: "image",
      min: 0,
      max: labels.length - 1,
      step: 1,
      say: (i) => `${i + 1}: ${classes[labels[i]]}`,
      onInput: (image) => set({ image }),
    }),
  };
}

const running = (gates) => [...gates].filter((gate) => gate === "1").length;

export function nearestIndex(values, value) {
  return values.reduce(
    (best, candidate, i) => (Math.abs(candidate - value) < Math.abs(values[best] - value) ? i : best),
    0,
  );
}
