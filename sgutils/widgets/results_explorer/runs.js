// What is read off runs: errors, means, the files that they come from, the colour of their method.

import { sum } from "../lib/math.js";

export const errorsOf = (error) => (error === "both" ? ["test", "training"] : [error]);

export const last = (values) => values[values.length - 1];

export const mean = (values) => sum(values) / values.length;

export const std = (values) =>
  values.length > 1 ? Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1)) : null;

// "fashion-mnist_resnet20_baseline_seed0_62103ca6.json", or the first of several.
export function files(runs) {
  const rest =
    runs.length > 1
      ? ` and those of seeds ${runs
          .slice(1)
          .map(({ seed }) => seed)
          .join(", ")}`
      : "";
  return `data/results/${runs[0].file}.json${rest}`;
}

// The colour of a method: plain, stochastic depth, Self-Guidance, and everything else. The more distillation, the more
// of its colour.
export function role(row) {
  if (row.switch === "plain") return ["sg-plain", ""];
  if (row.switch === "stochastic depth") return ["sg-student", ""];
  const lambda = Number(row.switch);
  if (Number.isNaN(lambda) && !["w/o backward full", "variants"].includes(row.switch)) return ["sg-plain", ""];
  const share = Number.isNaN(lambda) ? 0 : Math.round(100 * Math.sqrt(lambda / 3));
  return ["sg-mix", `--sg-shade: ${share}%`];
}

export const finished = (runs) => runs.filter((run) => run.finished && run.test.length);

// Which error is written out, and compared with that of the plain network, where both are drawn.
export const leading = ({ error }) => (error === "training" ? "training" : "test");
