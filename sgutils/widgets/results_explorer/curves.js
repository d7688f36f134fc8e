// Curves: a thin line a seed, a thick one for their mean; training error dashed.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { clamp } from "../lib/math.js";
import { linear } from "../lib/scale.js";
import { fixed } from "../lib/words.js";
import { bundle, lookOfCurve } from "./bundles.js";
import { NETWORKS } from "./resolve.js";
import { errorsOf, last, role } from "./runs.js";
import { curveWalk } from "./walk.js";

// So high is the name of a curve.
const NAME = 14;

export function runCurves(tell) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [axisLines, ticks, names] = [svg("path", { class: "sg-axis" }), svg("g"), svg("g")];
  const window = svg("svg", { style: "overflow: hidden" });
  const [lines, leaders, labels, note] = Array.from({ length: 4 }, () => svg("g"));
  window.append(lines);
  const walk = curveWalk(tell);
  drawing.append(axisLines, ticks, names, window, leaders, labels, note, walk.cursor, walk.field);

  const paint = (shown) => {
    const kept = shown.group?.kept ?? [1];
    const bundles = shown.rows
      .flatMap((row) => errorsOf(shown.error).map((error) => bundle(row, error, shown.seeds)))
      .filter(({ curves }) => curves.length);
    // The names come first: the plot is as high as all of them on one another, and leaves them the width of the longest.
    const longest = paintLabels(labels, bundles, shown.error === "both");
    const box = boxOf(width(), longest, bundles.length);
    const scales = scalesOf(box, bundles, kept);

    paintAxes({ axisLines, ticks, names }, box, scales, shown);
    const view = { x: box.left, y: box.top - 2, width: Math.max(0, box.right - box.left + 4), height: box.high + 4 };
    attr(window, { ...view, viewBox: Object.values(view).join(" ") });
    const place = (i, value) => [scales.x.at(kept[i]), scales.y.at(value)];
    const strokes = bundles.flatMap(({ row, error, curves }) =>
      curves.map((curve) => ({ row, error, ...curve, points: curve.values.map((value, i) => place(i, value)) })),
    );
    paintLines(lines, strokes);
    walk.show(
      strokes.map(({ row, error, points, values, told }) => ({
        points: points.map(([x, y]) => [x, clamp(y, box.top, box.bottom)]),
        role: role(row),
        said: (i) =>
          `${row.label}, ${told.who}, epoch ${kept[i]}: ${error} error ${fixed(values[i], 2)} %. ${told.files}`,
      })),
    );
    paintEnds({ leaders, labels }, bundles, box, place);
    const bottom = paintNote(note, shown, width(), box.high ? box.bottom + 58 : 16);
    size(width(), bottom);
    attr(walk.field, {
      x: box.left,
      y: box.top,
      width: Math.max(0, box.right - box.left + 6),
      height: box.high,
      "aria-label": `Curves of ${bundles.length} settings. Left and right go along a curve, up and down to another one.`,
    });
    attr(drawing, {
      "aria-label": `${shown.error === "both" ? "Test and training" : shown.error} error over ${last(kept)} epochs, ${bundles.length} curves.`,
    });
  };
  return { el, paint };
}

// Returns how long the longest is.
function paintLabels(labels, bundles, both) {
  each(
    labels,
    bundles,
    () => svg("text"),
    (node, { row, error }) => {
      const [look, style] = role(row);
      attr(text(node, row.label + (both && error === "training" ? ", tr." : "")), {
        class: `sg-tiny ${look} sg-named`,
        style: style || null,
      });
    },
  );
  return Math.max(0, ...[...labels.childNodes].map((node) => node.getComputedTextLength()));
}

// Where the plot stands; without a curve it has no height.
function boxOf(across, longest, count) {
  const gap = count > 12 ? 30 : 14;
  const [left, top, right] = [across >= 560 ? 44 : 32, 22, across - longest - gap];
  const high = count ? Math.max(across >= 560 ? 330 : 300, NAME * count) : 0;
  return { left, top, right, high, bottom: top + high, gap };
}

function scalesOf({ left, right, top, bottom }, bundles, kept) {
  // The first epochs err too much to leave the others room.
  const settled = bundles.flatMap(({ curves }) =>
    curves.flatMap(({ values }) => values.filter((_, i) => kept[i] > last(kept) / 6)),
  );
  const [lowest, highest] = settled.length ? [Math.min(...settled), Math.max(...settled)] : [0, 100];
  const pad = 0.05 * (highest - lowest);
  return {
    x: linear([1, Math.max(2, last(kept))], [left, right]),
    y: linear([Math.max(0, lowest - pad), highest + pad + 0.1], [bottom, top]),
  };
}

function paintAxes({ axisLines, ticks, names }, { left, right, top, bottom, high }, { x, y }, { error }) {
  const [epochs, errors] = high ? [x.ticks(Math.min(5, (right - left) / 28)), y.ticks(6)] : [[], []];
  const epochMarks = epochs.map((epoch) => `M${x.at(epoch).toFixed(1)},${bottom}v5`).join("");
  const errorMarks = errors.map((value) => `M${left},${y.at(value).toFixed(1)}h-5`).join("");
  attr(axisLines, { d: high ? `M${left},${top}V${bottom}H${right}${epochMarks}${errorMarks}` : "" });
  const written = [
    ...epochs.map((epoch) => ({ said: String(epoch), at: [x.at(epoch), bottom + 19], look: "sg-mid" })),
    ...errors.map((value) => ({ said: String(value), at: [left - 8, y.at(value) + 4], look: "sg-end" })),
  ];
  each(
    ticks,
    written,
    () => svg("text"),
    (node, { said, at, look }) =>
      attr(text(node, said), { x: at[0].toFixed(1), y: at[1].toFixed(1), class: `sg-tiny sg-soft ${look}` }),
  );
  const titles = [
    [error === "both" ? "error (%); dashed: training (tr.)" : "error (%)", 0, 11, ""],
    ["epoch", right, bottom + 36, "sg-end"],
  ];
  each(
    names,
    high ? titles : [],
    () => svg("text"),
    (node, [said, at, down, look]) => attr(text(node, said), { x: at, y: down, class: `sg-small sg-soft ${look}` }),
  );
}

function paintLines(lines, strokes) {
  each(
    lines,
    strokes,
    () => svg("path"),
    (node, stroke) => {
      const [look, style] = role(stroke.row);
      attr(node, {
        class: `sg-line ${look} ${lookOfCurve(stroke)}`,
        style: style || null,
        d: `M${stroke.points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`,
      });
    },
  );
}

// The names at the ends of the curves, each tied to its own.
function paintEnds({ leaders, labels }, bundles, { top, bottom, right, gap }, place) {
  const ends = bundles.map(({ row, curves: [{ values }] }) => ({
    role: role(row),
    y: clamp(place(values.length - 1, last(values))[1], top, bottom),
  }));
  apart(ends, NAME, top, bottom);
  ends.forEach(({ to }, i) => attr(labels.childNodes[i], { x: right + gap, y: (to + 4).toFixed(1) }));
  each(
    leaders,
    ends,
    () => svg("path"),
    (node, { role: [look, style], y, to }) =>
      attr(node, {
        class: `sg-line sg-leader ${look}`,
        style: style || null,
        d: `M${right + 2},${y.toFixed(1)}L${right + gap - 3},${to.toFixed(1)}`,
      }),
  );
}

// Labels at the ends of lines, moved (`to`) so that none lies on another.
function apart(ends, pitch, top, bottom) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  sorted.forEach((end, i) => {
    end.to = i ? Math.max(end.y, sorted[i - 1].to + pitch) : Math.max(top, end.y);
  });
  if (!sorted.length || last(sorted).to <= bottom) return;
  last(sorted).to = bottom;
  for (let i = sorted.length - 2; i >= 0; i -= 1) sorted[i].to = Math.min(sorted[i].to, sorted[i + 1].to - pitch);
}

// What was not run, and what the paper has of it. Returns where it ends.
function paintNote(note, { rows, column }, across, top) {
  const missing = rows.filter(({ runs }) => !runs.length).map(({ label }) => label);
  const sentences = [
    ...(missing.length ? wrapped(`Not run: ${missing.join(", ")}.`, across) : []),
    ...wrapped(paperSentence(column), across),
  ];
  each(
    note,
    sentences,
    () => svg("text", { class: "sg-small sg-soft" }),
    (node, said, i) => attr(text(node, said), { x: 0, y: top + 17 * i }),
  );
  return top + 8 + 17 * (sentences.length - 1);
}

function paperSentence(column) {
  if (!column) return "The paper has no such data.";
  return column.figures.length
    ? `The paper draws ${NETWORKS[column.model]} in ${column.figures.join(" and ")}, without numbers.`
    : `The paper has no curves of ${column.name}.`;
}

function wrapped(sentence, across) {
  const most = Math.floor(across / 6.4);
  return sentence.split(" ").reduce((lines, word) => {
    if (lines.length && (last(lines) + word).length < most) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
    return lines;
  }, []);
}
