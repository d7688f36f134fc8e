// Reads what `sgutils.widgets.recorders.map` made of the ledger; null where it is not that.

import { check } from "../lib/recording.js";

export const GUIDED = "lambda 0.25";

export function readPoints({ comparisons, points }) {
  try {
    check(Number.isInteger(comparisons) && comparisons >= 0);
    return { comparisons, points: points.map(readPoint) };
  } catch {
    return null;
  }
}

const word = (value) => check(typeof value === "string" && value.length <= 200, value);
const finite = (value) => check(Number.isFinite(value) && Math.abs(value) <= 100, value);

function readPoint({ name, title, short, dataset, large, precision, gap, against, runs }) {
  return {
    name: word(name),
    title: word(title),
    short: word(short),
    dataset: word(dataset),
    large: check(typeof large === "boolean", large),
    precision: word(precision),
    gap: finite(gap),
    against: new Map(Object.entries(against).map(([other, gain]) => [other, readGain(gain)])),
    runs: new Map(Object.entries(runs).map(([setting, list]) => [setting, list.map(readRun)])),
  };
}

function readGain(gain) {
  const interval = ([mean, low, high]) => ({ mean: finite(mean), low: finite(low), high: finite(high) });
  return { these: interval(gain.these), new: interval(gain.new), words: word(gain.words) };
}

const readRun = ([seed, error, file]) => ({
  seed: check(Number.isInteger(seed), seed),
  error: finite(error),
  file: word(file),
});

// "39.39, 39.14 % (seeds 0 to 1)"
export function runsInWords(runs, fixed) {
  const seeds = runs.map(({ seed }) => seed);
  const unbroken = seeds.length > 1 && seeds.every((seed, i) => seed === seeds[0] + i);
  const said = unbroken ? `${seeds[0]} to ${seeds[seeds.length - 1]}` : seeds.join(", ");
  return `${runs.map(({ error }) => fixed(error, 2)).join(", ")} % (${seeds.length > 1 ? "seeds" : "seed"} ${said})`;
}
