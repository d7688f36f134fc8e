// The curves of one method: one a seed, and their mean.

import { files, finished, mean } from "./runs.js";

// The curves of one row: the mean first, where there is one.
export function bundle(row, error, seeds) {
  const runs = row.runs.filter((run) => run[error].length);
  const whole = finished(runs);
  const curves = [];
  if (whole.length > 1 && (seeds === "each" || seeds === "mean")) {
    const values = whole[0][error].map((_, i) => mean(whole.map((run) => run[error][i])));
    curves.push({ whole: true, values, told: { who: `mean of ${whole.length} seeds`, files: files(whole) } });
  }
  if (seeds === "mean" && curves.length) return { row, error, curves };
  for (const run of runs) {
    const told = { who: `seed ${run.seed}`, files: files([run]) };
    curves.push({ whole: runs.length === 1, values: run[error], told });
  }
  return { row, error, curves };
}

// Methods that share a colour differ in their dots.
const DOTTED = new Set(["ONE", "OKDDip", "KD", "cosub", "DML"]);

export function lookOfCurve({ row, error, whole }) {
  return [
    whole ? "sg-mean" : "sg-one",
    error === "training" ? "sg-dashed" : "",
    DOTTED.has(row.switch) ? "sg-dots" : "",
  ].join(" ");
}
