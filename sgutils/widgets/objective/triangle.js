// The two predictions for one image in the triangle of the classes, and where each term of the objective would take them.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { clamp, softmax } from "../lib/math.js";
import {
  arrowAlong,
  cornersOf,
  curve,
  distance,
  emptyTriangle,
  join,
  movable,
  placeIn,
  radiiOf,
  unit,
} from "../lib/triangle.js";
import { fixed, percent } from "../lib/words.js";
import { isLost, wayOf } from "./journey.js";
import { CLASSES, combined, gradientsOf, NETS } from "./network.js";

// An arrow shows one step of this size on the weights, by the terms of this image alone; training follows all images.
const ARROW = 0.12;
const POINTS = 13;
// What an arrow is called, and whose colour it has.
const TERMS = [
  { role: "label", name: "CE", of: ({ ce }) => ce },
  { role: "distill", name: "KL", of: ({ distill }) => distill },
  { role: "sum", name: "", of: ({ ce, distill }) => combined(ce, 1, distill) },
];

export function trianglePicture({ onMove }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  let corners = [];
  const place = (logits, tau = 1) => placeIn(corners, softmax(logits, tau));
  const triangle = emptyTriangle(CLASSES);
  const [trails, arrows] = [svg("g"), svg("g")];
  const softened = softenedPair();
  const points = Object.fromEntries(NETS.map((net) => [net, pointOf(net)]));
  drawing.append(...triangle.nodes, trails, ...softened.nodes.slice(0, 2), arrows, softened.nodes[2]);
  drawing.append(points.teacher, points.student);
  const position = {};
  for (const net of NETS) {
    movable(points[net], drawing, {
      corners: () => corners,
      place: () => position[net],
      onMove: (logits) => onMove(net, logits),
    });
  }

  const paint = (settings, path) => {
    const across = width();
    const shown = path.at(-1);
    corners = cornersOf(across);
    size(across, corners[0][1] + 30);
    triangle.paint(corners, settings.label, across);
    each(
      trails,
      NETS,
      (net) => svg("path", { class: `sg-line sg-trail sg-${net}` }),
      (node, net) => attr(node, { d: curve(path.map((at) => place(at[net]))) }),
    );
    softened.paint(shown, settings, place, corners, across);
    for (const net of NETS) position[net] = place(shown[net]);
    // Where the logits have run away, a step means nothing any more.
    attr(arrows, { visibility: isLost(path) ? "hidden" : null });
    const going = paintArrows(arrows, shown, settings, place);
    paintPoints(points, position, going, shown, settings.label, across);
    attr(drawing, {
      "aria-label":
        `Predictions for an image in a triangle of three classes, label ${CLASSES[settings.label]}. ` +
        `Student: ${said(softmax(shown.student))}. Teacher: ${said(softmax(shown.teacher))}.`,
    });
  };
  return { el, paint };
}

const pointOf = (net) =>
  svg(
    "g",
    { class: `sg-${net}`, role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 },
    svg("circle", { class: "sg-grip", r: 20 }),
    svg("circle", { class: "sg-fill", r: 8 }),
    svg("text", { class: `sg-strong sg-halo sg-mid sg-${net}` }, net),
  );

// What the KL compares: the predictions at temperature tau, on the way from each point to the middle.
function softenedPair() {
  const [pair, link] = [svg("g"), svg("path", { class: "sg-line sg-distill sg-link" })];
  const name = svg("text", { class: "sg-small sg-halo sg-mid" });
  const make = (net) =>
    svg(
      "g",
      { class: `sg-${net}` },
      svg("path", { class: "sg-line sg-soften" }),
      svg("circle", { class: "sg-hollow", r: 4.5 }),
    );
  const paint = (shown, { tau, label }, place, corners, across) => {
    const cooled = NETS.map((net) => place(shown[net], tau));
    each(pair, NETS, make, (node, net, i) => {
      const way = Array.from({ length: POINTS }, (_, n) => place(shown[net], tau ** (n / (POINTS - 1))));
      attr(node.firstChild, { d: curve(way) });
      attr(node.lastChild, { cx: cooled[i][0].toFixed(1), cy: cooled[i][1].toFixed(1) });
    });
    attr(link, { d: `M${join(cooled[0])}L${join(cooled[1])}` });
    // Beside the line between them, away from the label, where the arrows go.
    const middle = [0, 1].map((axis) => (cooled[0][axis] + cooled[1][axis]) / 2);
    const along = unit([cooled[1][0] - cooled[0][0], cooled[1][1] - cooled[0][1]]);
    const beside = [along[1], -along[0]];
    const towards = beside[0] * (corners[label][0] - middle[0]) + beside[1] * (corners[label][1] - middle[1]);
    const side = towards > 0 ? -1 : 1;
    attr(text(name, distance(...cooled) > 70 && tau > 1.05 ? `at τ = ${fixed(tau, 1)}` : ""), {
      x: clamp(middle[0] + side * beside[0] * 40, 34, across - 34),
      y: middle[1] + side * beside[1] * 14 + 4,
    });
  };
  return { nodes: [link, pair, name], paint };
}

// An arrow for each term and net. Returns where each net goes by all terms together.
function paintArrows(arrows, shown, settings, place) {
  const gradients = gradientsOf(shown.net, settings, [settings.label]);
  const pulls = settings.lam > 0;
  const ways = NETS.flatMap((net) =>
    TERMS.map(({ role, name, of }) => {
      const way = wayOf(shown, of(gradients), settings.label, net, POINTS, ARROW);
      return { net, role, name, way: way.map((logits) => place(logits)) };
    }),
  );
  const sums = ways.filter(({ role }) => role === "sum");
  const going = Object.fromEntries(sums.map(({ net, way }) => [net, way.at(-1)]));
  const make = ({ role }) =>
    svg(
      "g",
      { class: `sg-arrow sg-${role}` },
      svg("path", { class: "sg-line" }),
      svg("path", { class: "sg-head" }),
      svg("text", { class: "sg-small sg-mid sg-halo" }),
    );
  each(arrows, ways, make, (node, { net, role, name, way }) => {
    // Where only one of the two pulls, it is the sum.
    const [shaft, head, tip] = pulls || role !== "sum" ? arrowAlong(way) : ["", "", way[0]];
    attr(node.childNodes[0], { d: shaft });
    attr(node.childNodes[1], { d: head });
    const end = way.at(-1);
    const [x, y] = nameAt(tip, end, going[net]);
    attr(text(node.childNodes[2], distance(way[0], end) > 26 ? name : ""), { x, y: y + 4 });
  });
  return going;
}

// Where the head of the sum is in the way, the name stands on the other side of its arrow.
function nameAt(tip, end, going) {
  if (distance(tip, going) >= 16 || distance(end, going) <= 3) return tip;
  const [dx, dy] = unit([tip[0] - end[0], tip[1] - end[1]]);
  const turn = dy * (going[0] - end[0]) - dx * (going[1] - end[1]) > 0 ? -15 : 15;
  return [end[0] + turn * dy, end[1] - turn * dx];
}

function paintPoints(points, position, going, shown, label, across) {
  const named = {};
  for (const net of NETS) {
    const p = softmax(shown[net]);
    const [x, y] = position[net];
    attr(points[net], {
      transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      "aria-label": `${net}’s prediction`,
      "aria-valuenow": Math.round(100 * p[label]),
      "aria-valuetext": said(p),
    });
    // The name stands where the point is not going.
    const away = unit([x - going[net][0], y - going[net][1]]);
    const dx = clamp(away[0] * 40, 30 - x, across - 30 - x);
    // At the edge of the picture it would lie on its point: there it stands above.
    const beside = Math.abs(away[0]) > 0.8;
    named[net] = [dx, beside && Math.abs(dx) < 34 ? -14 : away[1] * 19 + 4 + (beside ? 0 : Math.sign(away[1]) * 4)];
  }
  // The student lies on top: where its name would cover the teacher's, that one moves up.
  const gap = [0, 1].map(
    (axis) => position.teacher[axis] + named.teacher[axis] - position.student[axis] - named.student[axis],
  );
  if (Math.abs(gap[0]) < 56 && Math.abs(gap[1]) < 17) named.teacher[1] -= 17 + gap[1];
  const [ring] = radiiOf([position.teacher, position.student], 8);
  attr(points.teacher.querySelector(".sg-fill"), { r: ring.toFixed(1) });
  for (const net of NETS) attr(points[net].lastChild, { x: named[net][0], y: named[net][1] });
}

const said = (p) => p.map((share, k) => `${CLASSES[k]} ${percent(share)}`).join(", ");
