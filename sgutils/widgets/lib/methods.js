// The training methods as the page knows them: their passes, the losses of logits with their gradients, the order of batches.
// Names and conventions are those of sgutils. Logits are rows, one an example.

export const NAMES = {
  baseline: "Plain network",
  "stochastic-depth": "Stochastic depth",
  "self-guidance": "Self-Guidance",
  "without-backward-full": "W/o backward full network",
};

// Which passes a method makes and which of them it learns from; `lam` and `tau` count where both are made.
export const PASSES = {
  baseline: { student: false, teacher: true, backwardFull: true },
  "stochastic-depth": { student: true, teacher: false, backwardFull: false },
  "self-guidance": { student: true, teacher: true, backwardFull: true },
  "without-backward-full": { student: true, teacher: true, backwardFull: false },
};

// Whether a student follows a teacher, so that lambda and tau count.
export const isGuided = (method) => PASSES[method].student && PASSES[method].teacher;

// The gates of the network that is deployed: p, or all 1 where no block was ever skipped.
export function deployedGates(method, p) {
  return method === "baseline" ? p.map(() => 1) : p;
}

// Batch mean of -log p(y); its gradient on the logits is (p - onehot(y)) / count.
export function addCrossEntropy({ logits, onLogits }, y, count, classes) {
  const p = new Float64Array(classes);
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    loss -= softmaxInto(p, logits, n, classes, 1)(y[n]) / count;
    for (let k = 0; k < classes; k += 1) onLogits[n * classes + k] += (p[k] - (k === y[n] ? 1 : 0)) / count;
  }
  return loss;
}

// Batch mean of KL(p_T || p_S) at tau, without tau^2; the gradient of lam tau^2 KL on the student is lam tau (p_S - p_T).
export function addDistillation({ student, teacher }, count, classes, lam, tau) {
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

// Numbers of examples without end: all of them in random order, then again in another.
export function endlessOrder(count, random) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  let next = count;
  return () => {
    if (next === count) {
      shuffle(order, random);
      next = 0;
    }
    next += 1;
    return order[next - 1];
  };
}

function shuffle(items, random) {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
}

// The class of row n, that of its largest logit; the first of equals counts, as in argmax.
export function predicted(logits, n, classes) {
  let best = 0;
  for (let k = 1; k < classes; k += 1) if (logits[n * classes + k] > logits[n * classes + best]) best = k;
  return best;
}
