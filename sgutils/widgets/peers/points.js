// The networks' predictions as points of a triangle, and what pulls them.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { norm, softmax } from "../lib/math.js";
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
} from "../lib/triangle.js";
import { percent } from "../lib/words.js";
import { ARROW, CLASSES, moved, netsOf, STEP } from "./lessons.js";

// The predictions in the triangle of the classes, what pulls them, and the mixtures that teach.
export function pointsInTriangle({ onMove }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  let [corners, position, shownNets] = [[], [], []];
  const place = (p) => placeIn(corners, p);
  const triangle = emptyTriangle(CLASSES);
  const [trails, links, sources, arrows, points] = Array.from({ length: 5 }, () => svg("g"));
  const keys = svg(
    "g",
    {},
    svg("text", { class: "sg-small sg-label", y: 14 }, "→ to the label"),
    svg("text", { class: "sg-small sg-distill", y: 30 }, "→ to those who teach"),
  );
  drawing.append(...triangle.nodes, keys, trails, links, sources, arrows, points);

  const makePoint = (_, i) => {
    const node = svg(
      "g",
      { role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 },
      svg("circle", { class: "sg-grip", r: 20 }),
      svg("circle", { class: "sg-fill", r: 9 }),
      svg("text", { "aria-hidden": true }),
    );
    movable(node, drawing, {
      corners: () => corners,
      place: () => position[i],
      onMove: (logits) => onMove(shownNets[i].place, logits),
    });
    return node;
  };

  const paint = (settings, path) => {
    const across = width();
    const { logits, lesson } = path.at(-1);
    shownNets = netsOf(settings);
    corners = cornersOf(across, 420);
    size(across, corners[0][1] + 30);
    triangle.paint(corners, settings.label, across);
    each(
      trails,
      shownNets,
      () => svg("path"),
      (node, net, i) =>
        attr(node, {
          class: `sg-line sg-trail sg-${net.role}`,
          d: curve(path.map((at) => place(softmax(at.logits[i])))),
        }),
    );
    // A mixture is drawn where it is none of the points itself.
    const mixed = lesson.sources.filter(({ weights }) => Math.max(...weights) < 1);
    each(
      sources,
      mixed,
      () => svg("circle", { class: "sg-hollow sg-teacher", r: 5 }),
      (node, source) => {
        const [x, y] = place(softmax(source.logits));
        attr(node, { cx: x.toFixed(1), cy: y.toFixed(1) });
      },
    );
    each(
      links,
      lesson.sources,
      () => svg("path", { class: "sg-line sg-distill sg-link" }),
      (node, source) =>
        attr(node, {
          d: `M${join(place(softmax(source.logits)))}L${join(place(softmax(logits[source.to])))}`,
        }),
    );
    const kinds = lesson.learners.flatMap((learner, i) =>
      [
        ["label", learner.onCe],
        ["distill", learner.onDistill],
      ].map(([role, gradient]) => ({ i, role, gradient })),
    );
    each(
      arrows,
      kinds,
      ({ role }) =>
        svg("g", { class: `sg-${role}` }, svg("path", { class: "sg-line" }), svg("path", { class: "sg-head" })),
      (node, { i, role, gradient }) => {
        attr(node, { class: `sg-${role}` });
        const way = Array.from({ length: 9 }, (_, n) =>
          place(softmax(moved(logits[i], gradient, (ARROW * STEP * n) / 8))),
        );
        const [shaft, head] = norm(gradient) > 1e-3 ? arrowAlong(way) : ["", ""];
        attr(node.childNodes[0], { d: shaft });
        attr(node.childNodes[1], { d: head });
      },
    );
    position = logits.map((z) => place(softmax(z)));
    const radii = radiiOf(position, 9);
    const marks = marksOf(position, radii, across);
    each(points, shownNets, makePoint, (node, net, i) => {
      const p = softmax(logits[i]);
      const [x, y] = position[i];
      attr(node, {
        transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        class: `sg-movable sg-${net.role}`,
        "aria-label": `${net.name}’s prediction`,
        "aria-valuenow": Math.round(100 * p[settings.label]),
        "aria-valuetext": p.map((share, k) => `${CLASSES[k]} ${percent(share)}`).join(", "),
      });
      attr(node.childNodes[1], { r: radii[i].toFixed(1) });
      const [dx, dy] = marks[i] ?? [0, 0];
      attr(text(node.lastChild, net.mark), {
        x: dx.toFixed(1),
        y: (dy + 4).toFixed(1),
        class: `sg-small sg-strong sg-mid ${marks[i] ? `sg-halo sg-${net.role}` : "sg-initial"}`,
      });
    });
    attr(drawing, {
      "aria-label":
        `Predictions in a triangle of three classes, label ${CLASSES[settings.label]}. ` +
        shownNets.map((net, i) => `${net.name}: ${percent(softmax(logits[i])[settings.label])} for it`).join("; "),
    });
  };
  return { el, paint };
}

// Where a point's mark is written, seen from the point, if another one drawn later covers it: in a row beside that one,
// on the side that has more room. Null where nothing covers it.
function marksOf(points, radii, across) {
  const covers = points.map((at, i) => points.findLastIndex((other, j) => j > i && distance(at, other) < 14));
  return points.map(([x, y], i) => {
    if (covers[i] < 0) return null;
    const [overX, overY] = points[covers[i]];
    const row = covers.flatMap((over, j) => (over === covers[i] ? [j] : []));
    const inward = overX > across / 2 ? -1 : 1;
    const place = inward < 0 ? row.length - 1 - row.indexOf(i) : row.indexOf(i);
    return [overX - x + inward * (Math.max(...row.map((j) => radii[j])) + 8 + 11 * place), overY - y];
  });
}
