// The marks of a row: each is one run, or several, and says which file it comes from.

import { attr, each, svg } from "../lib/dom.js";
import { fixed } from "../lib/words.js";
import { errorsOf, files, finished, last, mean, role, std } from "./runs.js";

const SHAPES = {
  ring: "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0",
  dot: "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0",
  square: "M-3.5,-3.5h7v7h-7z",
  block: "M-4.5,-4.5h9v9h-9z",
  diamond: "M0,-6L6,0L0,6L-6,0Z",
  cross: "M-4,-4L4,4M-4,4L4,-4",
  arrow: "M-5,-5L4,0L-5,5Z",
};
// How a single run and a mean are drawn, and by how much both stand above or below their row where two errors are shown.
const LOOKS = { test: ["ring", "dot", -4], training: ["square", "block", 5] };

// Every mark of one row, with what it says of itself.
export function rowMarks(row, shown, axes, y) {
  return [
    ...errorsOf(shown.error).flatMap((error) => {
      const down = shown.error === "both" ? LOOKS[error][2] : 0;
      const runs = finished(row.runs).filter((run) => run[error].length);
      return [...singleMarks(row, runs, error, shown, axes.ours), ...meanMarks(row, runs, error, shown, axes.ours)].map(
        (mark) => ({ ...mark, y: y + down, role: role(row) }),
      );
    }),
    ...lostMarks(row, axes.ours).map((mark) => ({ ...mark, y, role: role(row) })),
    ...printedMarks(row, shown, axes.paper).map((mark) => ({ ...mark, y, role: ["sg-plain", ""] })),
  ];
}

function singleMarks(row, runs, error, { seeds }, axis) {
  if (seeds === "mean" || (runs.length < 2 && seeds === "each")) return [];
  return runs.map((run) => {
    const value = last(run[error]);
    return {
      x: axis.at(value),
      kind: "sg-hollow",
      shape: axis.far(value) ? "arrow" : LOOKS[error][0],
      said: `${row.label}, seed ${run.seed}: ${error} error ${fixed(value, 2)} % after the last epoch. ${files([run])}`,
    };
  });
}

function meanMarks(row, runs, error, { seeds }, axis) {
  if (!runs.length || (seeds !== "each" && seeds !== "mean")) return [];
  const values = runs.map((run) => last(run[error]));
  const [value, spread] = [mean(values), std(values)];
  const mark = { x: axis.at(value), kind: "sg-fill", shape: axis.far(value) ? "arrow" : LOOKS[error][1] };
  if (spread === null) {
    const said = `${row.label}, seed ${runs[0].seed}: ${error} error ${fixed(value, 2)} %. ${files(runs)}`;
    return [{ ...mark, said }];
  }
  const [from, to] = [value - spread, value + spread].map((end) => (axis.at(end) - mark.x).toFixed(1));
  const said =
    `${row.label}, mean of ${runs.length} seeds ± standard deviation: ` +
    `${error} error ${fixed(value, 2)} ± ${fixed(spread, 2)} %. ${files(runs)}`;
  return [{ ...mark, reach: `M${from},0H${to}`, said }];
}

// What has no last error, because it ended early.
function lostMarks(row, axis) {
  return row.runs
    .filter((run) => !finished([run]).length)
    .map((run) => ({
      x: axis.right + 4,
      kind: "sg-line",
      shape: "cross",
      said: `${row.label}, seed ${run.seed}: ${run.status}. ${files([run])}`,
    }));
}

function printedMarks({ label, printed }, { column }, axis) {
  if (!printed) return [];
  const { error, note } = printed;
  const said = `The paper, ${column.name}: ${label}, ${fixed(error, 2)} %${note ? ` (${note})` : ""}. No seeds, no spread; another recipe than ours.`;
  return [{ x: axis.at(error), kind: "sg-hollow", shape: axis.far(error) ? "arrow" : "diamond", said }];
}

const make = () =>
  svg(
    "g",
    { class: "sg-mark", role: "img" },
    svg("circle", { class: "sg-grip", r: 9 }),
    svg("path", { class: "sg-reach" }),
    svg("path", { class: "sg-shape" }),
  );

export function paintMarks(parent, marks) {
  each(parent, marks, make, (node, mark) => {
    const [look, style] = mark.role;
    attr(node, {
      class: `sg-mark ${look}`,
      style: style || null,
      transform: `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`,
      "aria-label": mark.said,
    });
    attr(node.childNodes[1], { d: mark.reach ?? "" });
    attr(node.childNodes[2], { class: `sg-shape ${mark.kind}`, d: SHAPES[mark.shape] });
    node.said = mark.said;
  });
}
