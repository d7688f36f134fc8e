// A network small enough to be trained at every frame: three images of three features, two residual blocks, a classifier.
// Teacher and student share all of its weights, as in Self-Guidance; the student is always the one without the last block.

import { selfGuidance } from "../lib/math.js";

export const CLASSES = ["pullover", "dress", "coat"];
export const NETS = ["student", "teacher"];
// Gates of each: the student's as drawn, the teacher's are the survival probabilities.
const GATES = { student: [1, 0], teacher: [0.75, 0.5] };
const SIZE = CLASSES.length;
// One image a class: mostly a feature of its own, and a little of the others.
const IMAGES = CLASSES.map((_, n) => CLASSES.map((__, i) => (i === n ? 1 : 0.2)));
// What the blocks begin with: the first makes larger what is there, the second adds each feature to the next.
const BRANCH = 1.5;

const square = (entry) => Array.from({ length: SIZE }, (_, i) => Array.from({ length: SIZE }, (__, j) => entry(i, j)));
const dot = (a, b) => a.reduce((total, value, i) => total + value * b[i], 0);
const times = (matrix, vector) => matrix.map((row) => dot(row, vector));
const timesTransposed = (matrix, vector) =>
  matrix.map((_, j) =>
    dot(
      matrix.map((row) => row[j]),
      vector,
    ),
  );

// The network that predicts these logits of the image with that label, in its student and in its teacher: of all such
// classifiers the one nearest to the identity.
export function networkWith({ student, teacher, label }) {
  const blocks = [square((i, j) => (i === j ? BRANCH : 0)), square((i, j) => (i === (j + 1) % SIZE ? BRANCH : 0))];
  const net = { blocks, classifier: square((i, j) => (i === j ? 1 : 0)) };
  const [s, t] = NETS.map((name) => forward(net, IMAGES[label], GATES[name]).features);
  const [ss, st, tt] = [dot(s, s), dot(s, t), dot(t, t)];
  const whole = ss * tt - st * st;
  net.classifier = net.classifier.map((row, k) => {
    const [lackS, lackT] = [student[k] - dot(row, s), teacher[k] - dot(row, t)];
    const [onS, onT] = [(lackS * tt - lackT * st) / whole, (lackT * ss - lackS * st) / whole];
    return row.map((value, j) => value + onS * s[j] + onT * t[j]);
  });
  return net;
}

function forward({ blocks, classifier }, image, gates) {
  const inputs = [];
  let h = image;
  blocks.forEach((block, l) => {
    inputs.push(h);
    const branch = times(block, h);
    h = h.map((value, i) => value + gates[l] * branch[i]);
  });
  return { inputs, features: h, logits: times(classifier, h) };
}

export const logitsOf = (net, label, name) => forward(net, IMAGES[label], GATES[name]).logits;

// Adds to `gradient` what a gradient on the logits is on the weights.
function backward(gradient, net, pass, gates, onLogits) {
  const addOuter = (matrix, a, b) => {
    for (let i = 0; i < SIZE; i += 1) for (let j = 0; j < SIZE; j += 1) matrix[i][j] += a[i] * b[j];
  };
  addOuter(gradient.classifier, onLogits, pass.features);
  let onFeatures = timesTransposed(net.classifier, onLogits);
  for (let l = net.blocks.length - 1; l >= 0; l -= 1) {
    const onBranch = onFeatures.map((value) => gates[l] * value);
    addOuter(gradient.blocks[l], onBranch, pass.inputs[l]);
    const through = timesTransposed(net.blocks[l], onBranch);
    onFeatures = onFeatures.map((value, i) => value + through[i]);
  }
}

const zeros = () => ({ blocks: [square(() => 0), square(() => 0)], classifier: square(() => 0) });

export const LABELS = [...IMAGES.keys()];

// The gradients of Eq. 5 on the weights, the mean over the images with these labels: { ce, distill }, which add up.
export function gradientsOf(
  net,
  { lam, tau, detach_teacher: detachTeacher, kl_direction: direction },
  labels = LABELS,
) {
  const gradients = { ce: zeros(), distill: zeros() };
  for (const label of labels) {
    const passes = NETS.map((name) => forward(net, IMAGES[label], GATES[name]));
    const [student, teacher] = passes.map(({ logits }) => logits);
    const { onStudent, onTeacher } = selfGuidance(student, teacher, label, { lam, tau, detachTeacher, direction });
    [onStudent, onTeacher].forEach((on, i) => {
      for (const term of ["ce", "distill"]) {
        const mean = on[term].map((value) => value / labels.length);
        backward(gradients[term], net, passes[i], GATES[NETS[i]], mean);
      }
    });
  }
  return gradients;
}

// Weights and anything of their shape: a + size * b.
export function combined(a, size, b) {
  const mixed = (one, other) => one.map((row, i) => row.map((value, j) => value + size * other[i][j]));
  return {
    blocks: a.blocks.map((block, l) => mixed(block, b.blocks[l])),
    classifier: mixed(a.classifier, b.classifier),
  };
}

// The largest logit of the teacher's over the three images, and whether it still says each of their labels.
export function stateOf(net) {
  const logits = IMAGES.map((_, label) => logitsOf(net, label, "teacher"));
  return {
    largest: Math.max(...logits.flat().map(Math.abs)),
    right: logits.filter((z, label) => z.indexOf(Math.max(...z)) === label).length,
  };
}
