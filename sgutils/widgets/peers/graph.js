// Who teaches whom, as a graph.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { arrowAlong, distance, unit } from "../lib/triangle.js";
import { fixed } from "../lib/words.js";
import { LEADER, METHODS, netsOf } from "./lessons.js";

// Who teaches whom: a node for each network and for the ensemble, an arrow for each lesson, as thick as its weight.
export function graphPicture() {
  const { el, svg: drawing, size, width } = picture();
  const [arrows, nodes, facts] = Array.from({ length: 3 }, () => svg("g"));
  drawing.append(arrows, nodes, facts);

  const paint = (settings, lesson) => {
    const across = width();
    const { deployed, kept, shared, source } = METHODS[settings.method];
    const nets = netsOf(settings);
    const spots = spotsOf(across, nets.length + (source ? 1 : 0));
    size(across, 324);
    each(
      arrows,
      lessonsOf(nets, lesson, Boolean(source)),
      () =>
        svg(
          "g",
          {},
          svg("path", { class: "sg-line" }),
          svg("path", { class: "sg-head" }),
          svg("text", { class: "sg-small sg-mid sg-halo" }),
        ),
      (node, { from, to, weight, said, role }) => {
        attr(node, { class: `sg-arrow sg-${role}` });
        const side = from === 0 ? -1 : 1;
        const way = from === to ? loopAt(spots[from], side) : bowBetween(spots[from], spots[to]);
        const [shaft, head] = arrowAlong(way, 8 + 2 * weight);
        attr(node.childNodes[0], { d: shaft, style: `stroke-width: ${(0.8 + 3.2 * weight).toFixed(2)}px` });
        attr(node.childNodes[1], { d: head });
        const [x, y] = from === to ? [spots[from][0] + side * 36, spots[from][1] + 26] : way[4];
        attr(text(node.childNodes[2], said ? fixed(weight, 2) : ""), { x: x.toFixed(1), y: (y + 4).toFixed(1) });
      },
    );
    const all = [
      ...nets.map((net, i) => ({ ...net, deployed: i === deployed })),
      ...(source ? [{ ...source, role: "teacher", learns: true, mixture: true }] : []),
    ];
    each(
      nodes,
      all,
      () =>
        svg(
          "g",
          {},
          svg("circle"),
          svg("circle", { class: "sg-line sg-label", r: 20 }),
          svg("text", { class: "sg-strong sg-mid", y: 5, "aria-hidden": true }),
          svg("text", { class: "sg-small sg-mid sg-halo" }),
        ),
      (node, net, i) => {
        const [x, y] = spots[i];
        const [disc, ring, mark, name] = node.childNodes;
        attr(node, { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: `sg-${net.role}` });
        attr(disc, { class: net.mixture ? "sg-hollow" : "sg-fill", r: 15 });
        attr(ring, { display: net.learns ? null : "none" });
        attr(text(mark, net.mark), { class: net.mixture ? "sg-strong sg-mid" : "sg-strong sg-mid sg-initial" });
        const above = nets.length > 2 && i < 2;
        // The leader stands amid the arrows of the others, where a name would hide their weights.
        attr(text(name, net.mark === LEADER.mark ? "" : net.name), {
          y: above ? -27 : 35,
          class: `sg-small sg-mid sg-halo${net.deployed ? " sg-strong" : ""}`,
        });
      },
    );
    const left = nets[deployed];
    const said = [
      `deployed: ${left.name}${left.name.endsWith(left.mark) ? "" : ` (${left.mark})`}`,
      `training only: ${kept}`,
      `shared: ${shared}`,
      "green ring: learns the label too",
    ];
    each(
      facts,
      said,
      (_, i) => svg("text", { class: `sg-small ${i ? "sg-soft" : "sg-strong"}` }),
      (node, words, i) => attr(text(node, words), { x: 0, y: 270 + 17 * i }),
    );
    attr(drawing, {
      "aria-label": `Who teaches whom: ${all.map((net) => net.name).join(", ")}; ${left.name} is deployed. Shared: ${shared}. Training only: ${kept}.`,
    });
  };
  return { el, paint };
}

// The arrows: from each learner of a mixture to whom it teaches, or to the ensemble, which then teaches all.
function lessonsOf(nets, lesson, throughEnsemble) {
  if (throughEnsemble) {
    const ensemble = nets.length;
    const gate = lesson.sources[0].weights;
    return nets.flatMap((_, i) => [
      { from: i, to: ensemble, weight: gate[i], said: true, role: "teacher" },
      { from: ensemble, to: i, weight: 0.4, said: false, role: "distill" },
    ]);
  }
  return lesson.sources.flatMap(({ weights, to }) =>
    weights.flatMap((weight, from) =>
      weight > 0
        ? [
            {
              from,
              to,
              weight: weight === 1 ? 0.5 : weight,
              said: weight < 1 && nets[to].mark !== LEADER.mark,
              role: "distill",
            },
          ]
        : [],
    ),
  );
}

// Two nodes side by side; three in a triangle, and a fourth in its middle.
function spotsOf(across, count) {
  const middle = across / 2;
  if (count === 2)
    return [
      [middle - 80, 110],
      [middle + 80, 110],
    ];
  const [half, top, low] = [Math.min(112, across / 2 - 48), 48, 218];
  return [
    [middle - half, top],
    [middle + half, top],
    [middle, low],
    [middle, top + (low - top) * 0.35],
  ].slice(0, count);
}

// A bow to the right of the straight way, so that the two ways between two nodes stay apart.
function bowBetween(a, b) {
  const [dx, dy] = unit([b[0] - a[0], b[1] - a[1]]);
  const bend = distance(a, b) * 0.1;
  const top = [(a[0] + b[0]) / 2 - dy * bend * 2, (a[1] + b[1]) / 2 + dx * bend * 2];
  const at = (t) => [0, 1].map((axis) => (1 - t) ** 2 * a[axis] + 2 * t * (1 - t) * top[axis] + t ** 2 * b[axis]);
  const from = 22 / distance(a, b);
  return Array.from({ length: 9 }, (_, n) => at(from + ((1 - 2 * from) * n) / 8));
}

// A loop on the outer side of a node: to the left of the first, to the right of the others.
function loopAt([x, y], side) {
  return Array.from({ length: 17 }, (_, n) => {
    const turn = Math.PI * (0.1 * n - 0.8);
    return [x + side * (27 + 13 * Math.cos(turn)), y + 13 * Math.sin(turn)];
  });
}
