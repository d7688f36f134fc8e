// Predictions over three classes are points of a triangle whose corners are the classes; and lines and arrows in it.

import { attr, each, svg, text } from "./dom.js";
import { handle } from "./handles.js";
import { clamp, logSoftmax, sum } from "./math.js";

// The corners of a triangle in a picture so wide, with room for the classes' names above and below: [left, top, right].
export function cornersOf(across, largest = 460) {
  const side = Math.min(across - 40, largest);
  const [left, top, high] = [(across - side) / 2, 30, (side * Math.sqrt(3)) / 2];
  return [
    [left, top + high],
    [left + side / 2, top],
    [left + side, top + high],
  ];
}

// The triangle without a prediction: its edge, the boundaries between the classes, their names, a ring around the label.
export function emptyTriangle(classes) {
  const [boundaries, edge] = ["sg-axis", "sg-outline"].map((name) => svg("path", { class: `sg-line ${name}` }));
  const [names, goal] = [svg("g"), svg("circle", { class: "sg-line sg-label", r: 9 })];
  const paint = (corners, label, across) => {
    attr(edge, { d: `M${corners.map(join).join("L")}Z` });
    attr(boundaries, { d: boundariesOf(corners) });
    nameCorners(names, corners, classes, label, across);
    attr(goal, { cx: corners[label][0], cy: corners[label][1] });
  };
  return { nodes: [boundaries, edge, names, goal], paint };
}

// A prediction's point that is moved by hand: `place()` is where it lies, `onMove(logits)` is told where it goes.
export function movable(point, drawing, { corners, place, onMove }) {
  const to = (x, y) => onMove(logitsAt(x, y, corners()));
  handle(point, drawing, { onMove: to, onKey: (dx, dy) => to(place()[0] + 4 * dx, place()[1] - 4 * dy) });
}

// The classes' names at the corners, kept inside the picture.
function nameCorners(names, corners, classes, label, across) {
  each(
    names,
    classes,
    () => svg("text"),
    (node, name, k) => {
      const labelled = k === label;
      attr(text(node, labelled ? `label: ${name}` : name), {
        class: labelled ? "sg-mid sg-label sg-strong" : "sg-mid sg-soft",
      });
      const half = node.getComputedTextLength() / 2;
      attr(node, { x: clamp(corners[k][0], half, across - half).toFixed(1), y: corners[k][1] + (k === 1 ? -14 : 26) });
    },
  );
}

// Where a prediction lies.
export function placeIn(corners, p) {
  return [0, 1].map((axis) => sum(p.map((share, k) => share * corners[k][axis])));
}

// How large to draw points of which later ones lie on earlier ones: a covered point is a ring around what covers it.
export function radiiOf(points, radius) {
  return points.map((at, i) => radius + sum(points.slice(i + 1).map((over) => Math.max(0, RIM - distance(at, over)))));
}

const RIM = 4;

// The lines on which two classes are equally likely and the third is less.
function boundariesOf(corners) {
  const middle = placeIn(corners, [1 / 3, 1 / 3, 1 / 3]);
  return [
    [0.5, 0.5, 0],
    [0.5, 0, 0.5],
    [0, 0.5, 0.5],
  ]
    .map((half) => `M${join(middle)}L${join(placeIn(corners, half))}`)
    .join("");
}

// The logits of the prediction at a point, kept off the edge, where they would be infinite.
function logitsAt(x, y, [a, b, c]) {
  const whole = cross(a, b, c);
  const shares = [cross([x, y], b, c) / whole, cross(a, [x, y], c) / whole, cross(a, b, [x, y]) / whole];
  const safe = shares.map((share) => Math.max(share, 0.004));
  const logits = logSoftmax(safe.map(Math.log));
  return logits.map((z) => Math.round((z - sum(logits) / 3) * 1000) / 1000);
}

function cross(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

// An arrow along a way of points: the path of its shaft, that of its head, and a place behind the head for a name.
export function arrowAlong(way, longest = 9) {
  const [start, end] = [way[0], way.at(-1)];
  if (distance(start, end) < 3) return ["", "", end];
  const before = way.at(Math.max(-3, -way.length));
  const [dx, dy] = unit([end[0] - before[0], end[1] - before[1]]);
  const length = Math.min(longest, distance(start, end) * 0.6);
  const base = [end[0] - dx * length, end[1] - dy * length];
  const half = length * 0.5;
  const head = `M${join(end)}L${join([base[0] - dy * half, base[1] + dx * half])}L${join([base[0] + dy * half, base[1] - dx * half])}Z`;
  const shaft = [...way.filter((at) => distance(at, end) > length), base];
  return [curve(shaft), head, [end[0] + dx * 12, end[1] + dy * 12]];
}

export const join = ([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`;

export const curve = (points) => `M${points.map(join).join("L")}`;

export const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

export function unit([x, y]) {
  const length = Math.hypot(x, y);
  return length < 1e-9 ? [0, -1] : [x / length, y / length];
}
