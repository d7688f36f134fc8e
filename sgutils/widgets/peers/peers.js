// Networks that teach one another: their predictions over three classes, who teaches whom and how loudly, and where
// gradient descent on their logits leads.

import {
  attr,
  button,
  choice,
  each,
  figures,
  fixed,
  frame,
  handle,
  html,
  painter,
  percent,
  picture,
  presets,
  reducedMotion,
  select,
  slider,
  svg,
  text,
  tryThis,
  words,
} from "../lib/dom.js";
import { norm, softmax } from "../lib/math.js";
import { number, numbers, oneOf, openState, wholeNumber } from "../lib/state.js";
import {
  arrowAlong,
  boundariesOf,
  cornersOf,
  curve,
  distance,
  join,
  logitsAt,
  nameCorners,
  placeIn,
  radiiOf,
  unit,
} from "../lib/triangle.js";
import {
  agreement,
  attentionOf,
  diversePeers,
  fullNetworkGuides,
  mutualLearning,
  nativeEnsemble,
  offlineDistillation,
} from "./methods.js";
import manifest from "./peers.json";

const CLASSES = ["pullover", "dress", "coat"];
const PLACES = ["peer_1", "peer_2", "peer_3", "leader"];
// One step of gradient descent on the logits; an arrow shows a few of them, a press of the button takes ten.
const [STEP, ARROW, PRESS, JOURNEY, SECONDS] = [0.2, 10, 10, 240, 6];

const trio = (name) =>
  ["1", "2", "3"].map((mark) => ({ mark, name: `${name} ${mark}`, role: "student", learns: true }));
const LEADER = { mark: "L", name: "leader", role: "teacher", learns: true };

// What each method is made of. `deployed` is the place of the network that is left after training; `source` names the
// mixture that teaches, where there is one that all learn from.
const METHODS = {
  distillation: {
    words: "KD",
    own: { tau: 4, weight: 1 },
    teach: offlineDistillation,
    deployed: 1,
    kept: "a second, frozen network",
    shared: "nothing",
    nets: [
      { mark: "T", name: "teacher", role: "teacher", learns: false },
      { mark: "S", name: "student", role: "student", learns: true },
    ],
  },
  "mutual-learning": {
    words: "DML",
    own: { tau: 1, weight: 0.5 },
    teach: mutualLearning,
    deployed: 0,
    kept: "two more networks",
    shared: "nothing",
    nets: trio("peer"),
  },
  "native-ensemble": {
    words: "ONE",
    own: { tau: 3, weight: 1 },
    teach: nativeEnsemble,
    deployed: 0,
    kept: "two branches and a gate",
    shared: "stem and two stages",
    nets: trio("branch"),
    source: { mark: "E", name: "ensemble" },
  },
  "diverse-peers": {
    words: "OKDDip",
    own: { tau: 3, weight: 1 },
    teach: diversePeers,
    deployed: 3,
    kept: "three branches, attention",
    shared: "stem and two stages",
    nets: [...trio("peer"), LEADER],
  },
  "self-guidance": {
    words: "Self-Guidance",
    own: { tau: 3, weight: 0.25 },
    teach: fullNetworkGuides,
    deployed: 0,
    kept: "nothing",
    shared: "every weight",
    nets: [
      { mark: "T", name: "full network", role: "teacher", learns: true },
      { mark: "S", name: "sub-network", role: "student", learns: true },
    ],
  },
};

// DML as its paper has it, the average over two peers, which is half their sum; as its released code has it; and as many
// others have it.
const FORMS = [
  [{ tau: 1, weight: 0.5 }, "published"],
  [{ tau: 1, weight: 1 }, "summed"],
  [{ tau: 3, weight: 0.5 }, "τ = 3"],
];

const READERS = {
  method: oneOf(Object.keys(METHODS)),
  tau: number(1, 10),
  weight: number(0, 3),
  gate: number(0.05, 0.95),
  sharpness: number(0, 1),
  label: wholeNumber(0, CLASSES.length - 1),
  ...Object.fromEntries(PLACES.map((place) => [place, numbers(CLASSES.length, -8, 8)])),
};

function render({ model, el }) {
  const change = (changes) => {
    stay();
    state.set(changes);
  };
  const method = choice({
    label: "method",
    options: Object.entries(METHODS).map(([name, { words: said }]) => [name, said]),
    onChange: (name) => change({ method: name, ...METHODS[name].own }),
  });
  const ranged = (label, key, min, max, step, digits) =>
    slider({
      label,
      min,
      max,
      step,
      say: (value) => fixed(value, digits),
      onInput: (value) => change({ [key]: value }),
    });
  const tau = ranged("τ temperature", "tau", 1, 10, 0.1, 1);
  const weight = ranged("weight of the KL", "weight", 0, 3, 0.05, 2);
  const label = select({
    label: "label",
    options: CLASSES.map((name, k) => [k, name]),
    onChange: (value) => change({ label: value }),
  });
  const gate = ranged("gate of branch 1", "gate", 0.05, 0.95, 0.05, 2);
  const sharpness = ranged("attention sharpness", "sharpness", 0, 1, 0.05, 2);
  const forms = presets({ label: "Forms of DML", options: FORMS, onChoose: (form) => change(form) });
  // What belongs to one method alone takes turns in one place, so that nothing below it jumps.
  const slot = html("div", { class: "sg-slot" });
  const OWN = { "native-ensemble": gate, "diverse-peers": sharpness, "mutual-learning": forms };

  // While they learn, and once they have, the picture shows them `travelled` steps from where the state has them.
  let [travelled, started, ticking] = [0, null, null];
  const travel = (now) => {
    started ??= now - (1000 * SECONDS * travelled) / JOURNEY;
    travelled = Math.min(JOURNEY, Math.ceil((JOURNEY * (now - started)) / (1000 * SECONDS)));
    ticking = travelled < JOURNEY ? requestAnimationFrame(travel) : null;
    repaint();
  };
  const halt = () => {
    cancelAnimationFrame(ticking);
    [started, ticking] = [null, null];
  };
  const stay = () => {
    halt();
    travelled = 0;
  };
  const press = button("Ten steps", () => {
    halt();
    travelled = Math.min(JOURNEY, travelled + PRESS);
    repaint();
  });
  const play = button("Let them learn", () => {
    if (ticking !== null) halt();
    else if (travelled === JOURNEY) stay();
    else if (reducedMotion()) travelled = JOURNEY;
    else ticking = requestAnimationFrame(travel);
    repaint();
  });
  play.classList.add("sg-main");

  const triangle = pointsInTriangle({ onMove: (place, logits) => change({ [place]: logits }) });
  const graph = graphPicture();
  const read = figures([["steps taken"], ["agreement"], ["cross-entropies"], ["weighted ", ...words("τ²"), "KL"]]);
  const root = frame(
    el,
    "peers",
    html("div", { class: "sg-controls" }, method.el, html("div", { class: "sg-buttons" }, play, press)),
    html("div", { class: "sg-controls" }, tau.el, weight.el, label.el, slot),
    html("div", { class: "sg-columns" }, triangle.el, html("div", {}, graph.el, read.el)),
    tryThis(
      "let them learn under DML, then under OKDDip, and watch the agreement. Whom does the label pull when nobody teaches (weight 0)?",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const settings = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    method.show(settings.method);
    for (const [control, key] of [
      [tau, "tau"],
      [weight, "weight"],
      [gate, "gate"],
      [sharpness, "sharpness"],
      [label, "label"],
    ])
      control.show(settings[key]);
    forms.show((form) => form.tau === settings.tau && form.weight === settings.weight);
    const own = OWN[settings.method]?.el;
    if (slot.firstChild !== (own ?? null)) slot.replaceChildren(...(own ? [own] : []));
    text(
      play,
      ticking !== null ? "Pause" : travelled === JOURNEY ? "Put them back" : travelled ? "Go on" : "Let them learn",
    );
    const path = travelFrom(settings, travelled);
    const { logits, lesson } = path.at(-1);
    triangle.paint(settings, path);
    graph.paint(settings, lesson);
    read.show([String(travelled), percent(agreement(logits)), fixed(lesson.ce, 2), fixed(lesson.total - lesson.ce, 2)]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stay();
    stop();
    state.close();
  };
}

const netsOf = ({ method }) => METHODS[method].nets.map((net, i) => ({ ...net, place: PLACES[i] }));

function teach(settings, logits) {
  const { tau, weight, gate, sharpness, label, method } = settings;
  const others = (1 - gate) / 2;
  return METHODS[method].teach(logits, label, {
    tau,
    weight,
    gate: [gate, others, others],
    attention: attentionOf(logits.slice(0, 3), sharpness),
  });
}

const pull = ({ onCe, onDistill }) => onCe.map((g, k) => g + onDistill[k]);
const moved = (logits, gradient, size) => logits.map((z, k) => z - size * gradient[k]);

// Where gradient descent on the logits leads, step by step.
function travelFrom(settings, steps) {
  const first = netsOf(settings).map(({ place }) => settings[place]);
  const path = [{ logits: first, lesson: teach(settings, first) }];
  while (path.length <= steps) {
    const { logits, lesson } = path.at(-1);
    const next = logits.map((z, i) => moved(z, pull(lesson.learners[i]), STEP));
    path.push({ logits: next, lesson: teach(settings, next) });
  }
  return path;
}

// The predictions in the triangle of the classes, what pulls them, and the mixtures that teach.
function pointsInTriangle({ onMove }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  let [corners, position, shownNets] = [[], [], []];
  const place = (p) => placeIn(corners, p);
  const [boundaries, edge] = ["sg-axis", "sg-outline"].map((name) => svg("path", { class: `sg-line ${name}` }));
  const [names, trails, links, sources, arrows, points] = Array.from({ length: 6 }, () => svg("g"));
  const goal = svg("circle", { class: "sg-line sg-label", r: 9 });
  const keys = svg(
    "g",
    {},
    svg("text", { class: "sg-small sg-label", y: 14 }, "→ to the label"),
    svg("text", { class: "sg-small sg-distill", y: 30 }, "→ to those who teach"),
  );
  drawing.append(boundaries, edge, names, goal, keys, trails, links, sources, arrows, points);

  const makePoint = (_, i) => {
    const node = svg(
      "g",
      { role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 },
      svg("circle", { class: "sg-grip", r: 20 }),
      svg("circle", { class: "sg-fill", r: 9 }),
      svg("text", { "aria-hidden": true }),
    );
    handle(node, drawing, {
      onMove: (x, y) => onMove(shownNets[i].place, logitsAt(x, y, corners)),
      onKey: (dx, dy) =>
        onMove(shownNets[i].place, logitsAt(position[i][0] + 4 * dx, position[i][1] - 4 * dy, corners)),
    });
    return node;
  };

  const paint = (settings, path) => {
    const across = width();
    const { logits, lesson } = path.at(-1);
    shownNets = netsOf(settings);
    corners = cornersOf(across, 420);
    size(across, corners[0][1] + 30);
    attr(edge, { d: `M${corners.map(join).join("L")}Z` });
    attr(boundaries, { d: boundariesOf(corners) });
    nameCorners(names, corners, CLASSES, settings.label, across);
    attr(goal, { cx: corners[settings.label][0], cy: corners[settings.label][1] });
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

// Who teaches whom: a node for each network and for the ensemble, an arrow for each lesson, as thick as its weight.
function graphPicture() {
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

export default { render };
