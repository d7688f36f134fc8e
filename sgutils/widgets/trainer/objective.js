// The losses and errors of one mini-batch, by what its method minimises.

import { addCrossEntropy, addDistillation, PASSES, predicted } from "../lib/methods.js";

// Of labels y; `student` and `teacher` are { logits, onLogits } where the method makes that pass, and the gradient is written
// into `onLogits`. The KL leaves the teacher alone.
export function objective(method, { student, teacher }, y, classes, { lam, tau }) {
  const { backwardFull } = PASSES[method];
  const losses = { total: 0, ceStudent: 0, ceTeacher: 0, distill: 0, studentError: null, teacherError: null };
  if (teacher) {
    teacher.onLogits.fill(0);
    losses.teacherError = errorRate(teacher.logits, y, classes);
    if (backwardFull) losses.ceTeacher = addCrossEntropy(teacher, y, y.length, classes);
  }
  if (student) {
    student.onLogits.fill(0);
    losses.studentError = errorRate(student.logits, y, classes);
    losses.ceStudent = addCrossEntropy(student, y, y.length, classes);
    if (teacher) losses.distill = addDistillation({ student, teacher }, y.length, classes, lam, tau);
  }
  losses.total = losses.ceStudent + losses.ceTeacher + lam * tau * tau * losses.distill;
  return losses;
}

// The share of rows whose largest logit is not the label's; the first of equals counts, as in argmax.
export function errorRate(logits, y, classes) {
  return y.reduce((wrong, label, n) => wrong + (predicted(logits, n, classes) === label ? 0 : 1), 0) / y.length;
}
