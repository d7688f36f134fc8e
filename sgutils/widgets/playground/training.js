// The training methods of the playground, on the network of network.js. Names and conventions are those of sgutils.

import { linearDecay, randomNumbers, sampleGates } from "../lib/math.js";
import { backward, createNetwork, createPass, forward, layersIn } from "./network.js";

export const METHODS = ["baseline", "stochastic-depth", "self-guidance", "without-backward-full"];

// Which passes a method makes and which of them it learns from; `lam` and `tau` count where both are made.
const PASSES = {
  baseline: { student: false, teacher: true, backwardFull: true },
  "stochastic-depth": { student: true, teacher: false, backwardFull: false },
  "self-guidance": { student: true, teacher: true, backwardFull: true },
  "without-backward-full": { student: true, teacher: true, backwardFull: false },
};

// The gates of the network that is deployed: p, or all 1 where no block was ever skipped.
export function deployedGates(method, p) {
  return method === "baseline" ? p.map(() => 1) : p;
}

// The losses of one mini-batch { x, y, count }, their gradient left in `gradients`.
// `student` and `teacher` are gates; `passes` is room for the two passes. The KL leaves the teacher alone.
export function lossesOf(net, passes, gradients, batch, { method, lam, tau, student, teacher }) {
  const { x, y, count } = batch;
  const { classes } = net.shape;
  const uses = PASSES[method];
  const losses = { total: 0, ceStudent: 0, ceTeacher: 0, distill: 0 };
  gradients.values.fill(0);
  if (uses.teacher) forward(net, passes.teacher, x, count, teacher);
  if (uses.student) {
    forward(net, passes.student, x, count, student);
    passes.student.onLogits.fill(0);
    losses.ceStudent = addCrossEntropy(passes.student, y, count, classes);
    if (uses.teacher) losses.distill = addDistillation(passes, count, classes, lam, tau);
    backward(net, passes.student, x, count, student, gradients);
  }
  if (uses.backwardFull) {
    passes.teacher.onLogits.fill(0);
    losses.ceTeacher = addCrossEntropy(passes.teacher, y, count, classes);
    backward(net, passes.teacher, x, count, teacher, gradients);
  }
  losses.total = losses.ceStudent + losses.ceTeacher + lam * tau * tau * losses.distill;
  return losses;
}

// Batch mean of -log p(y); its gradient on the logits is (p - onehot(y)) / count.
function addCrossEntropy({ logits, onLogits }, y, count, classes) {
  const p = new Float64Array(classes);
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    loss -= softmaxInto(p, logits, n, classes, 1)(y[n]) / count;
    for (let k = 0; k < classes; k += 1) onLogits[n * classes + k] += (p[k] - (k === y[n] ? 1 : 0)) / count;
  }
  return loss;
}

// Batch mean of KL(p_T || p_S) at tau, without tau^2; the gradient of lam tau^2 KL on the student is lam tau (p_S - p_T).
function addDistillation({ student, teacher }, count, classes, lam, tau) {
  const [s, t] = [new Float64Array(classes), new Float64Array(classes)];
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    const logS = softmaxInto(s, student.logits, n, classes, tau);
    const logT = softmaxInto(t, teacher.logits, n, classes, tau);
    for (let k = 0; k < classes; k += 1) {
      loss += (t[k] * (logT(k) - logS(k))) / count;
      student.onLogits[n * classes + k] += (lam * tau * (s[k] - t[k])) / count;
    }
  }
  return loss;
}

// softmax(z / tau) of the n-th example into p; returns its logarithm as a function of the class.
export function softmaxInto(p, logits, n, classes, tau) {
  const from = n * classes;
  let [top, total] = [-Infinity, 0];
  for (let k = 0; k < classes; k += 1) top = Math.max(top, logits[from + k]);
  for (let k = 0; k < classes; k += 1) total += p[k] = Math.exp((logits[from + k] - top) / tau);
  for (let k = 0; k < classes; k += 1) p[k] /= total;
  const logTotal = Math.log(total);
  return (k) => (logits[from + k] - top) / tau - logTotal;
}

// One step of SGD with Nesterov's momentum, as `sgutils.Trainer` takes it: the gradient of a skipped block is zero, not
// missing, so its momentum still moves it.
export function descend(net, gradients, momentum, { lr, mu = 0.9 }) {
  const [values, g, v] = [net.values, gradients.values, momentum.values];
  for (let i = 0; i < values.length; i += 1) {
    v[i] = mu * v[i] + g[i];
    values[i] -= lr * (g[i] + mu * v[i]);
  }
}

export const BATCH = 64;

// Training on { x, y, inputs, classes } that goes on step by step. The same seed gives the same first weights, batches and
// students, whatever the method.
export function createTraining(data, { method, lam, tau, p_last, depth, lr, seed, width }) {
  const shape = { inputs: data.inputs, width, blocks: depth, classes: data.classes };
  const net = createNetwork(shape, randomNumbers(8 * seed + 1));
  const [order, draws] = [randomNumbers(8 * seed + 2), randomNumbers(8 * seed + 3)];
  const like = () => layersIn(shape, new Float64Array(net.values.length));
  const [gradients, momentum] = [like(), like()];
  const passes = { student: createPass(shape, BATCH), teacher: createPass(shape, BATCH) };
  const batches = shuffledBatches(data, order);
  const p = linearDecay(depth, p_last);
  const teacher = deployedGates(method, p);
  const training = {
    net,
    p,
    teacher,
    steps: 0,
    losses: null,
    student: sampleGates(p, draws), // drawn for the next step, and the last step's after it
    step() {
      if (training.steps > 0) training.student = sampleGates(p, draws);
      const batch = batches();
      training.losses = lossesOf(net, passes, gradients, batch, {
        method,
        lam,
        tau,
        student: training.student,
        teacher,
      });
      if (!Number.isFinite(training.losses.total)) return false;
      descend(net, gradients, momentum, { lr });
      training.steps += 1;
      return true;
    },
  };
  return training;
}

// Mini-batches without end: all examples in random order, then again in another; what is left over waits for the next.
function shuffledBatches({ x, y, inputs }, random) {
  const order = Uint32Array.from(y, (_, i) => i);
  const batch = { x: new Float64Array(BATCH * inputs), y: new Uint8Array(BATCH), count: BATCH };
  let next = order.length;
  return () => {
    for (let n = 0; n < BATCH; n += 1) {
      if (next === order.length) {
        shuffle(order, random);
        next = 0;
      }
      const i = order[next];
      next += 1;
      batch.y[n] = y[i];
      batch.x.set(x.subarray(i * inputs, (i + 1) * inputs), n * inputs);
    }
    return batch;
  };
}

function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}
