// Several networks that teach one another, as predictions: the losses of sgutils/methods on one image, and the gradient
// of each of their terms on each logit vector. Tested against those methods themselves.
//
// A lesson is { learners, sources, ce, distill, total }. A learner has its own `logits` and the two parts of its gradient,
// `onCe` and `onDistill`, as they enter the sum; one that is not trained has zeros. A source is a mixture of learners
// that teaches some of them: { weights, logits, to }, one weight a learner.

import {
  crossEntropy,
  crossEntropyGradient,
  distillationGradients,
  distillationKl,
  softmax,
  sum,
} from "../lib/math.js";

// Offline distillation: the teacher no longer changes, the student learns from the label and from it.
export function offlineDistillation([teacher, student], label, { tau, weight }) {
  return lessonOf(
    [teacher, student],
    { tau, weight },
    {
      ce: [{ weights: [0, 1], label }],
      pulls: [{ from: [1, 0], to: 1, detached: true }],
    },
  );
}

// DML: every peer learns from the label and from each other peer, who is a constant.
export function mutualLearning(peers, label, { tau, weight }) {
  const all = peers.map((_, i) => i);
  return lessonOf(
    peers,
    { tau, weight },
    {
      ce: all.map((i) => ({ weights: onlyOne(peers, i), label })),
      pulls: all.flatMap((to) =>
        all.filter((i) => i !== to).map((i) => ({ from: onlyOne(peers, i), to, detached: true })),
      ),
    },
  );
}

// ONE: the gate mixes the branches' logits into a teacher that learns the label too and is a constant for the branches.
export function nativeEnsemble(branches, label, { tau, weight, gate }) {
  return lessonOf(
    branches,
    { tau, weight },
    {
      ce: [...branches.map((_, i) => ({ weights: onlyOne(branches, i), label })), { weights: gate, label }],
      pulls: branches.map((_, to) => ({ from: gate, to, detached: true })),
    },
  );
}

// OKDDip: each peer learns from its own mixture, weighted by attention, and the leader (the last) from their mean. As in
// sgutils the mixtures carry gradient; the attention itself depends on features, not on logits.
export function diversePeers(nets, label, { tau, weight, attention }) {
  const peers = nets.slice(0, -1);
  const share = peers.map(() => 1 / peers.length);
  return lessonOf(
    nets,
    { tau, weight },
    {
      ce: nets.map((_, i) => ({ weights: onlyOne(nets, i), label })),
      pulls: [
        ...peers.map((_, to) => ({ from: [...attention[to], 0], to, detached: false })),
        { from: [...share, 0], to: peers.length, detached: false },
      ],
    },
  );
}

// Self-Guidance: full network and sub-network both learn the label, and the full one is a constant for the other.
export function fullNetworkGuides([full, sub], label, { tau, weight }) {
  return lessonOf(
    [full, sub],
    { tau, weight },
    {
      ce: [
        { weights: [1, 0], label },
        { weights: [0, 1], label },
      ],
      pulls: [{ from: [1, 0], to: 1, detached: true }],
    },
  );
}

// How one peer listens to each: softmax over the products of one's features with everyone's, itself included. Here the
// centred logits stand for features, and one number for the two projections.
export function attentionOf(peers, sharpness) {
  const features = peers.map((z) => z.map((value) => value - sum(z) / z.length));
  const product = (a, b) => sum(a.map((value, k) => value * b[k]));
  return features.map((query) => softmax(features.map((key) => sharpness * product(query, key))));
}

// How much several networks agree: the overlap of two predictions, 1 where they are the same, averaged over the pairs.
export function agreement(nets) {
  const p = nets.map((z) => softmax(z));
  const overlaps = p.flatMap((a, i) => p.slice(i + 1).map((b) => sum(a.map((share, k) => Math.min(share, b[k])))));
  return sum(overlaps) / overlaps.length;
}

function lessonOf(nets, { tau, weight }, { ce, pulls }) {
  const zeros = () => nets.map((z) => z.map(() => 0));
  const [onCe, onDistill] = [zeros(), zeros()];
  let [ceSum, distillSum] = [0, 0];
  for (const { weights, label } of ce) {
    const logits = mixedLogits(nets, weights);
    ceSum += crossEntropy(logits, label);
    addScaled(onCe, weights, crossEntropyGradient(logits, label), 1);
  }
  const scale = weight * tau * tau;
  const sources = pulls.map(({ from, to, detached }) => {
    const logits = mixedLogits(nets, from);
    distillSum += distillationKl(nets[to], logits, tau);
    const gradients = distillationGradients(nets[to], logits, tau);
    addScaled(onDistill, onlyOne(nets, to), gradients.student, scale);
    if (!detached) addScaled(onDistill, from, gradients.teacher, scale);
    return { weights: from, to, logits };
  });
  const learners = nets.map((logits, i) => ({ logits, onCe: onCe[i], onDistill: onDistill[i] }));
  return { learners, sources, ce: ceSum, distill: distillSum, total: ceSum + scale * distillSum };
}

function onlyOne(nets, i) {
  return nets.map((_, j) => (j === i ? 1 : 0));
}

function mixedLogits(nets, weights) {
  return nets[0].map((_, k) => sum(nets.map((z, i) => weights[i] * z[k])));
}

function addScaled(gradients, weights, gradient, scale) {
  gradients.forEach((on, i) =>
    gradient.forEach((g, k) => {
      on[k] += scale * weights[i] * g;
    }),
  );
}
