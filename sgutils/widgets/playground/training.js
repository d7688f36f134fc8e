// The training methods of the playground, on the network of network.js. Names and conventions are those of sgutils.

import { linearDecay, randomNumbers, sampleGates } from "../lib/math.js";
import { addCrossEntropy, addDistillation, deployedGates, endlessOrder, PASSES } from "../lib/methods.js";
import { backward, createNetwork, createPass, forward, layersIn } from "./network.js";

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
  const batches = mixedBatches(data, order);
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

// Mini-batches without end; what is left over of all examples waits for the next.
function mixedBatches({ x, y, inputs }, random) {
  const batch = { x: new Float64Array(BATCH * inputs), y: new Uint8Array(BATCH), count: BATCH };
  const next = endlessOrder(y.length, random);
  return () => {
    for (let n = 0; n < BATCH; n += 1) {
      const i = next();
      batch.y[n] = y[i];
      batch.x.set(x.subarray(i * inputs, (i + 1) * inputs), n * inputs);
    }
    return batch;
  };
}
