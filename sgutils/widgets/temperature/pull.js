// The pull of the KL term on the student's logits, at one temperature and at all of them.

import { distillationGradients, norm, sum } from "../lib/math.js";

export const CLASSES = ["T-shirt", "trousers", "pullover", "dress", "coat"];

export const NETS = ["teacher", "student"];

export const LOW = -5;
export const HIGH = 9;

export const COLD = 0.5;
export const HOT = 20;

// The step that gradient descent takes on the student's logits: tau (p_T - p_S), or (p_T - p_S) / tau.
export function pullOn(student, teacher, tau, squared) {
  const gradient = distillationGradients(student, teacher, tau).student;
  return gradient.map((g) => -g * (squared ? tau * tau : 1));
}

// The number of equally likely classes that would leave as much doubt.
export function perplexity(p) {
  return Math.exp(-sum(p.map((share) => (share > 0 ? share * Math.log(share) : 0))));
}

// The pull at every temperature, both ways.
export function sweep(student, teacher) {
  let largestPart = 0;
  const points = Array.from({ length: 61 }, (_, i) => {
    const tau = COLD * (HOT / COLD) ** (i / 60);
    const [scaled, plain] = [true, false].map((squared) => pullOn(student, teacher, tau, squared));
    largestPart = Math.max(largestPart, ...[...scaled, ...plain].map(Math.abs));
    return { tau, scaled: norm(scaled), plain: norm(plain) };
  });
  return { points, largestPart };
}
