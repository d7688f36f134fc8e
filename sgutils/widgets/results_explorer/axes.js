// The axes of the two panels of errors, and where the plain network stands on them.

import { attr, each, svg, text } from "../lib/dom.js";
import { clamp } from "../lib/math.js";
import { linear } from "../lib/scale.js";
import { finished, last, leading, mean } from "./runs.js";

// A value beyond this many times the median stands at the edge of its axis, with an arrow, and leaves the others room.
const FAR = 3;

// From 0 would hide what there is to see, so the axis spans the values.
export function axis(values, { left, right }) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 1;
  const near = sorted.filter((value) => value <= FAR * Math.max(middle, 1));
  const [low, high] = near.length ? [near[0], last(near)] : [0, 1];
  const pad = Math.max(0.06 * (high - low), 0.1);
  const x = linear([Math.max(0, low - pad), high + pad], [left, right]);
  return {
    left,
    right,
    far: (value) => value > x.high,
    at: (value) => clamp(x.at(value), left, right + 4),
    ticks: x.ticks(Math.max(2, Math.floor((right - left) / 64))),
  };
}

const make = () =>
  svg(
    "g",
    {},
    svg("path", { class: "sg-axis" }),
    svg("path", { class: "sg-marker" }),
    svg("text", { class: "sg-small sg-soft sg-mid" }),
    svg("g"),
  );

// `bands` are the stretches, from top to bottom, along which the line of the plain network runs.
export function paintAxes(grid, axes, shown, { bands, bottom }) {
  const said = {
    ours: shown.error === "both" ? "error (%), ● test, ■ training" : `${shown.error} error (%)`,
    paper: "test error (%)",
  };
  const stands = plainStands(axes, shown);
  const filled = ["ours", "paper"].filter((key) =>
    shown.rows.some(({ runs, printed }) => (key === "paper" ? printed : finished(runs).length)),
  );
  each(grid, filled, make, (node, key) => {
    const { left, right, at, ticks } = axes[key];
    const [line, marker, name, numbers] = node.childNodes;
    attr(line, {
      d: `M${left},${bottom + 4}H${right}${ticks.map((tick) => `M${at(tick).toFixed(1)},${bottom + 4}v5`).join("")}`,
    });
    attr(marker, {
      d: stands[key] === null ? "" : bands.map(([from, to]) => `M${stands[key].toFixed(1)},${from}V${to}`).join(""),
    });
    text(name, said[key]);
    attr(name, { x: Math.max(name.getComputedTextLength() / 2, (left + right) / 2), y: bottom + 39 });
    each(
      numbers,
      ticks,
      () => svg("text", { class: "sg-tiny sg-soft sg-mid" }),
      (number, tick) => attr(text(number, String(tick)), { x: at(tick).toFixed(1), y: bottom + 22 }),
    );
  });
}

// Where the plain network stands, to compare the others with.
function plainStands(axes, shown) {
  const plain = shown.rows.find((row) => row.switch === "plain");
  const runs = plain ? finished(plain.runs) : [];
  return {
    ours: runs.length ? axes.ours.at(mean(runs.map((run) => last(run[leading(shown)])))) : null,
    paper: plain?.printed ? axes.paper.at(plain.printed.error) : null,
  };
}
