// Errors after the last epoch: two panels with an axis each, one row a method.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { roving } from "../lib/roving.js";
import { fixed } from "../lib/words.js";
import { axis, paintAxes } from "./axes.js";
import { paintMarks, rowMarks } from "./marks.js";
import { NETWORKS } from "./resolve.js";
import { errorsOf, finished, last, leading, mean, std } from "./runs.js";

export function dotPicture(tell) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const paper = svg("rect", { class: "sg-sheet", rx: 6 });
  const [grid, heads, rows, marks] = Array.from({ length: 4 }, () => svg("g"));
  drawing.append(paper, grid, heads, rows, marks);
  const walk = roving(marks, tell);

  const paint = (shown) => {
    const across = width();
    const place = layout(across, shown);
    const { pitch, top, bottom, wide, panels } = place;
    size(across, bottom + 44);
    attr(paper, { x: panels.paper.from, y: 0, width: place.sheet, height: bottom + 44 });
    const axes = {
      ours: axis(
        shown.rows.flatMap((row) => errorsOf(shown.error).flatMap((error) => lastErrors(row.runs, error))),
        panels.ours,
      ),
      paper: axis(
        shown.rows.flatMap(({ printed }) => (printed ? [printed.error] : [])),
        panels.paper,
      ),
    };
    // On a phone the numbers stand over the marks, and the line of the plain network stops at each.
    const bands = shown.rows.map((_, i) => [top + i * pitch + (wide ? 0 : 18), top + (i + 1) * pitch]);
    paintAxes(grid, axes, shown, { bands, bottom });
    paintHeads(heads, shown, place);
    paintRows(rows, shown, place);
    paintMarks(
      marks,
      shown.rows.flatMap((row, i) => rowMarks(row, shown, axes, top + i * pitch + (wide ? 15 : 30))),
    );
    walk.settle();
    attr(drawing, {
      "aria-label": `Errors after the last epoch of ${shown.rows.length} methods, measured here${shown.column ? ", and as printed in the paper" : ""}.`,
    });
  };
  return { el, paint };
}

const lastErrors = (runs, error) => finished(runs).map((run) => last(run[error]));

// Where the panels stand: between `left` and `right` the marks, at `number` the number, at `from` the panel itself.
function layout(across, { column, rows }) {
  const wide = across >= 560;
  const [pitch, top] = wide ? [30, 52] : [46, 80];
  // Without a column of the paper there is no panel for it.
  const sheet = column ? sheetWidth(across) : 0;
  const panels = wide
    ? {
        ours: { left: 142, right: across - sheet - 138, number: across - sheet - 124, from: 142 },
        paper: { left: across - 182, right: across - 70, number: across - 52, from: across - 192 },
      }
    : {
        ours: { left: 6, right: across - sheet - 18, number: across - sheet - 4, from: 0 },
        paper: { left: across - sheet + 8, right: across - 14, number: across - 8, from: across - sheet },
      };
  return { across, wide, pitch, top, bottom: top + rows.length * pitch, sheet, panels };
}

function sheetWidth(across) {
  if (across >= 560) return 192;
  return across < 270 ? 86 : 92;
}

const isSummary = ({ seeds }) => seeds === "each" || seeds === "mean";

// What stands over the panels, and over the numbers.
function paintHeads(heads, shown, { across, wide, panels }) {
  const { group, column } = shown;
  const heading = (said, x, below) => [
    { said, x, y: 18, look: "sg-strong" },
    ...(wide ? [below.join(" ")] : below).map((line, i) => ({
      said: line,
      x,
      y: 35 + 16 * i,
      look: "sg-soft sg-small",
    })),
  ];
  const network = group ? [`${NETWORKS[group.model] ?? group.model},`, `${group.epochs} epochs`] : ["not run"];
  const words = heading("measured here", panels.ours.from, network);
  if (column) {
    const said = across < 270 ? "the paper" : "in the paper";
    words.push(...heading(said, panels.paper.from + (wide ? 8 : 4), [`${column.table},`, NETWORKS[column.model]]));
  }
  if (shown.rows.some((row) => finished(row.runs).length)) {
    const what = isSummary(shown) ? `mean ± SD${wide ? " (seeds)" : ""}` : `seed ${shown.seeds}`;
    const lead = leading(shown);
    const lines = wide
      ? [
          [`${lead} error,`, 18],
          [what, 35],
        ]
      : [[`${lead}, ${what}`, 67]];
    const look = `sg-soft sg-small${wide ? "" : " sg-end"}`;
    words.push(...lines.map(([said, y]) => ({ said, x: panels.ours.number, y, look })));
  }
  each(
    heads,
    words,
    () => svg("text"),
    (node, { said, x, y, look }) => attr(text(node, said), { x, y, class: look }),
  );
}

// The names of the methods, and the numbers of both panels.
function paintRows(group, shown, { wide, pitch, top, panels }) {
  const counted = wide && isSummary(shown);
  const number = (node, said, x, y, known) =>
    attr(text(node, said), {
      x,
      y,
      "text-anchor": wide ? "start" : "end",
      class: `sg-small${known ? "" : " sg-soft"}`,
    });
  each(
    group,
    shown.rows,
    () => svg("g", {}, svg("text"), svg("text"), svg("text")),
    (node, row, i) => {
      const [label, ours, theirs] = node.childNodes;
      const y = top + i * pitch + (wide ? 19 : 13);
      attr(text(label, row.label), { x: 0, y, class: "sg-small sg-halo" });
      number(ours, measuredWords(row.runs, leading(shown), counted), panels.ours.number, y, row.runs.length);
      number(theirs, printedWords(row, shown), panels.paper.number, y, row.printed);
    },
  );
}

function printedWords({ printed }, { column }) {
  if (!column) return "";
  return printed ? fixed(printed.error, 2) : "–";
}

// On a phone there is no room for the number of seeds, which the mark tells too.
function measuredWords(runs, error, counted) {
  if (!runs.length) return "not run";
  const values = lastErrors(runs, error).filter((value) => value !== undefined);
  const lost = runs.length - finished(runs).length;
  const parts = [];
  if (values.length) {
    const spread = values.length > 1 ? ` ± ${fixed(std(values), 1)}` : "";
    parts.push(`${fixed(mean(values), 1)}${spread}${counted ? ` (${values.length})` : ""}`);
  }
  if (lost) parts.push(`${lost} diverged`);
  return parts.join(", ");
}
