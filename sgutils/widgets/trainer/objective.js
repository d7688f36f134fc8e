// What each method minimises: which passes it makes, the losses of their logits and the gradient on them.
// Logits are rows of one image; the KL leaves the teacher alone. Names and conventions are those of sgutils.

// Which passes a method makes and which it learns from. `deployed` is the pass whose running statistics count.
export const PASSES = {
  baseline: { student: false, teacher: true, backwardFull: true },
  "stochastic-depth": { student: true, teacher: false, backwardFull: false },
  "self-guidance": { student: true, teacher: true, backwardFull: true },
  "without-backward-full": { student: true, teacher: true, backwardFull: false },
};

// The losses and errors of one mini-batch with labels y; `student` and `teacher` are { logits, onLogits } or null, and the
// gradient is written into `onLogits`.
export function objective(method, { student, teacher }, y, classes, { lam, tau }) {
  const { backwardFull } = PASSES[method];
  const losses = { total: 0, ceStudent: 0, ceTeacher: 0, distill: 0, studentError: null, teacherError: null };
  if (teacher) {
    teacher.onLogits.fill(0);
    losses.teacherError = errorRate(teacher.logits, y, classes);
    if (backwardFull) losses.ceTeacher = addCrossEntropy(teacher, y, classes);
  }
  if (student) {
    student.onLogits.fill(0);
    losses.studentError = errorRate(student.logits, y, classes);
    losses.ceStudent = addCrossEntropy(student, y, classes);
    if (teacher) losses.distill = addDistillation(student, teacher, y.length, classes, lam, tau);
  }
  losses.total = losses.ceStudent + losses.ceTeacher + lam * tau * tau * losses.distill;
  return losses;
}

// Batch mean of -log p(y); its gradient on the logits is (p - onehot(y)) / count.
function addCrossEntropy({ logits, onLogits }, y, classes) {
  const p = new Float64Array(classes);
  let loss = 0;
  for (let n = 0; n < y.length; n += 1) {
    loss -= softmaxOf(logits, n, classes, 1, p)(y[n]) / y.length;
    for (let k = 0; k < classes; k += 1) onLogits[n * classes + k] += (p[k] - (k === y[n] ? 1 : 0)) / y.length;
  }
  return loss;
}

// Batch mean of KL(p_T || p_S) at tau, without tau^2; the gradient of lam tau^2 KL on the student is lam tau (p_S - p_T).
function addDistillation(student, teacher, count, classes, lam, tau) {
  const [s, t] = [new Float64Array(classes), new Float64Array(classes)];
  let loss = 0;
  for (let n = 0; n < count; n += 1) {
    const logS = softmaxOf(student.logits, n, classes, tau, s);
    const logT = softmaxOf(teacher.logits, n, classes, tau, t);
    for (let k = 0; k < classes; k += 1) {
      loss += (t[k] * (logT(k) - logS(k))) / count;
      student.onLogits[n * classes + k] += (lam * tau * (s[k] - t[k])) / count;
    }
  }
  return loss;
}

// softmax(z / tau) of image n into p; returns its logarithm as a function of the class.
function softmaxOf(logits, n, classes, tau, p) {
  const from = n * classes;
  let [top, total] = [-Infinity, 0];
  for (let k = 0; k < classes; k += 1) top = Math.max(top, logits[from + k]);
  for (let k = 0; k < classes; k += 1) total += p[k] = Math.exp((logits[from + k] - top) / tau);
  for (let k = 0; k < classes; k += 1) p[k] /= total;
  const logTotal = Math.log(total);
  return (k) => (logits[from + k] - top) / tau - logTotal;
}

// The share of rows whose largest logit is not the label's; the first of equals counts, as in argmax.
export function errorRate(logits, y, classes) {
  let wrong = 0;
  for (let n = 0; n < y.length; n += 1) {
    let best = 0;
    for (let k = 1; k < classes; k += 1) if (logits[n * classes + k] > logits[n * classes + best]) best = k;
    if (best !== y[n]) wrong += 1;
  }
  return wrong / y.length;
}
