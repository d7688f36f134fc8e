// What a measured confusion matrix says about another mix of classes, if each class is confused there as it was here.

import { sum } from "../lib/math.js";

// Shares that sum to 1; even where nothing is asked for.
export function sharesOf(mix) {
  const total = sum(mix);
  return mix.map((part) => (total > 0 ? part / total : 1 / mix.length));
}

// Each row of counts (true class) as shares of its images.
export function ratesOf(counts) {
  return counts.map((row) => row.map((count) => count / sum(row)));
}

// The mean of several such matrices, entry by entry.
export function meanOf(matrices) {
  return matrices[0].map((row, i) => row.map((_, j) => sum(matrices.map((rates) => rates[i][j])) / matrices.length));
}

// Under a mix: the error, how often each class is said, and its precision (null for a class that is never said).
export function underMix(rates, shares) {
  const said = rates.map((_, j) => sum(shares.map((share, i) => share * rates[i][j])));
  const right = shares.map((share, i) => share * rates[i][i]);
  return { error: 1 - sum(right), said, precision: said.map((often, j) => (often > 0 ? right[j] / often : null)) };
}

// The 95 % interval of Wilson for a share that was measured on n images.
export function wilsonInterval(share, n) {
  const z = 1.959964;
  const [middle, width] = [share + (z * z) / (2 * n), z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))];
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (middle - width) / scale), Math.min(1, (middle + width) / scale)];
}

// Reads what `sgutils.widgets.recorders.expressions` wrote: [{ name, runs: [{ seed, counts }] }] and the classes; null where
// it is not that.
export function readConfusions(recording) {
  try {
    const { classes, settings } = recording;
    const whole = (counts) =>
      counts.length === classes.length &&
      counts.every(
        (row) =>
          row.length === classes.length && row.every((count) => Number.isInteger(count) && count >= 0) && sum(row) > 0,
      );
    const good =
      classes.length > 1 &&
      classes.every((name) => typeof name === "string") &&
      settings.length > 0 &&
      settings.every(
        ({ name, runs }) =>
          typeof name === "string" &&
          runs.length > 0 &&
          runs.every(({ seed, counts }) => Number.isInteger(seed) && whole(counts)),
      );
    return good ? { classes, settings, images: settings[0].runs[0].counts.map(sum) } : null;
  } catch {
    return null;
  }
}
