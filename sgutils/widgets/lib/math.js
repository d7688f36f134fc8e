// The mathematics of the book: pure functions, tested against sgutils on random inputs.
// Names follow sgutils; the gradients are its closed forms (autograd's there).

export function logSoftmax(logits, tau = 1) {
  const top = Math.max(...logits);
  const logSum = Math.log(sum(logits.map((z) => Math.exp((z - top) / tau))));
  return logits.map((z) => (z - top) / tau - logSum);
}

export function softmax(logits, tau = 1) {
  return logSoftmax(logits, tau).map(Math.exp);
}

export function crossEntropy(logits, label) {
  return -logSoftmax(logits)[label];
}

// d CE / d logits = p - onehot(label)
export function crossEntropyGradient(logits, label) {
  return softmax(logits).map((p, k) => p - (k === label ? 1 : 0));
}

// KL(p_T || p_S) at a temperature, or KL(p_S || p_T), in nats. There is no factor tau^2 here.
export function distillationKl(student, teacher, tau, direction = "teacher||student") {
  return direction === "teacher||student" ? divergence(teacher, student, tau) : divergence(student, teacher, tau);
}

// Its gradients on both logit vectors.
export function distillationGradients(student, teacher, tau, direction = "teacher||student") {
  const [p, q] = direction === "teacher||student" ? [teacher, student] : [student, teacher];
  const [logP, logQ, value] = [logSoftmax(p, tau), logSoftmax(q, tau), divergence(p, q, tau)];
  const onP = logP.map((a, k) => (Math.exp(a) * (a - logQ[k] - value)) / tau);
  const onQ = logQ.map((b, k) => (Math.exp(b) - Math.exp(logP[k])) / tau);
  return direction === "teacher||student" ? { student: onQ, teacher: onP } : { student: onP, teacher: onQ };
}

function divergence(p, q, tau) {
  const [logP, logQ] = [logSoftmax(p, tau), logSoftmax(q, tau)];
  return sum(logP.map((a, k) => Math.exp(a) * (a - logQ[k])));
}

// The objective (Eq. 5): its terms, and the gradient of each on each logit vector, as it enters the sum.
export function selfGuidance(student, teacher, label, { lam = 0.25, tau = 3, detachTeacher = true, direction } = {}) {
  const terms = {
    ceStudent: crossEntropy(student, label),
    ceTeacher: crossEntropy(teacher, label),
    distill: distillationKl(student, teacher, tau, direction),
  };
  const weight = lam * tau * tau;
  const pull = distillationGradients(student, teacher, tau, direction);
  return {
    ...terms,
    total: terms.ceStudent + terms.ceTeacher + weight * terms.distill,
    onStudent: { ce: crossEntropyGradient(student, label), distill: pull.student.map((g) => weight * g) },
    onTeacher: {
      ce: crossEntropyGradient(teacher, label),
      distill: pull.teacher.map((g) => (detachTeacher ? 0 : weight * g)),
    },
  };
}

// p_l = 1 - l/L (1 - p_L), l = 1..L
export function linearDecay(numBlocks, pLast = 0.5) {
  return Array.from({ length: numBlocks }, (_, l) => 1 - ((l + 1) / numBlocks) * (1 - pLast));
}

export function uniformSurvival(numBlocks, p = 0.5) {
  return Array(numBlocks).fill(p);
}

export function expectedDepth(p) {
  return sum(p);
}

// The distribution of the number of blocks that run: P(depth = d) for d = 0..L, one block folded in after the other.
export function poissonBinomial(p) {
  return p.reduce(
    (mass, survive) => {
      const next = Array(mass.length + 1).fill(0);
      mass.forEach((m, d) => {
        next[d] += m * (1 - survive);
        next[d + 1] += m * survive;
      });
      return next;
    },
    [1],
  );
}

export function sampleGates(p, random) {
  return p.map((survive) => (random() < survive ? 1 : 0));
}

// Numbers in [0, 1) that are the same for the same seed everywhere (mulberry32).
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The networks of the book, as sgutils builds them: blocks a stage, and whether they are bottlenecks.
export const NETWORKS = {
  "ResNet-20": { perStage: 3, bottleneck: false },
  "ResNet-32": { perStage: 5, bottleneck: false },
  "ResNet-50": { perStage: 8, bottleneck: false },
  "ResNet-110": { perStage: 12, bottleneck: true },
};

// Multiply-adds of one pass over a 32x32 RGB image into 10 classes: `always` is what every sub-network computes (stem,
// shortcut convolutions, classifier), `branches` what each block adds when it runs.
export function multiplyAdds({ perStage, bottleneck }) {
  let [side, channels] = [32, 16];
  let always = side * side * 9 * 3 * channels;
  const branches = [];
  [16, 32, 64].forEach((width, stage) => {
    for (let position = 0; position < perStage; position += 1) {
      const stride = stage > 0 && position === 0 ? 2 : 1;
      const out = bottleneck ? 4 * width : width;
      const [before, after] = [side * side, (side / stride) ** 2];
      branches.push(
        bottleneck
          ? before * channels * width + after * 9 * width * width + after * width * out
          : after * 9 * (channels * width + width * width),
      );
      if (stride > 1 || channels !== out) always += after * channels * out;
      [side, channels] = [side / stride, out];
    }
  });
  return { always: always + channels * 10, branches };
}

// The share of the full pass that a sub-network computes; with survival probabilities for gates, the expected share.
export function costShare({ always, branches }, gates) {
  return (always + sum(branches.map((cost, l) => cost * gates[l]))) / (always + sum(branches));
}

export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

export function norm(values) {
  return Math.sqrt(sum(values.map((value) => value * value)));
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
