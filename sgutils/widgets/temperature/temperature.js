// Two predictions at a temperature: logits to drag, the probabilities they give, and the pull of tau^2 KL(p_T || p_S)
// on the student's logits, with and without its factor.

import {
  attr,
  choice,
  draggable,
  each,
  figures,
  fixed,
  formula,
  frame,
  handle,
  html,
  LOGARITHM,
  painter,
  picture,
  presets,
  slider,
  svg,
  text,
  tryThis,
  words,
} from "../lib/dom.js";
import { clamp, distillationGradients, distillationKl, norm, softmax, sum } from "../lib/math.js";
import { flag, number, numbers, openState } from "../lib/state.js";
import manifest from "./temperature.json";

const CLASSES = ["T-shirt", "trousers", "pullover", "dress", "coat"];
const NETS = ["teacher", "student"];
const [LOW, HIGH] = [-5, 9];
const [COLD, HOT] = [0.5, 20];

const READERS = {
  tau: number(COLD, HOT),
  teacher: numbers(CLASSES.length, LOW, HIGH),
  student: numbers(CLASSES.length, LOW, HIGH),
  tau_squared: flag,
};

const AGREE = "student agrees";
const PRESETS = {
  "teacher sure": { teacher: [0.5, -3, 8.5, -1.5, 2] },
  "teacher doubts": { teacher: manifest.state.teacher },
  [AGREE]: {},
  "student wrong": { student: manifest.state.student },
};

function render({ model, el }) {
  const tau = slider({
    label: "τ temperature",
    min: COLD,
    max: HOT,
    step: 0.01,
    scale: LOGARITHM,
    say: (value) => fixed(value, 2),
    onInput: (value) => state.set({ tau: Math.round(value * 100) / 100 }),
  });
  const factor = choice({
    label: "factor of the KL term",
    options: [
      [true, "with τ²"],
      [false, "without"],
    ],
    onChange: (value) => state.set({ tau_squared: value }),
  });
  const chosen = (name) => (name === AGREE ? { student: state.get("teacher") } : PRESETS[name]);
  const examples = presets({
    label: "Examples",
    options: Object.keys(PRESETS).map((name) => [name, name]),
    onChoose: (name) => state.set(chosen(name)),
  });
  const numbersShown = figures([
    ["KL(", ...words("p_T"), " ‖ ", ...words("p_S"), ") in nats"],
    ["size of the pull"],
    ["classes the teacher weighs (", ...words("e"), " to the entropy)"],
  ]);
  const columns = barPicture(() => state);
  const curve = curvePicture(() => state);

  const root = frame(
    el,
    "temperature",
    html("div", { class: "sg-controls" }, tau.el, factor.el, examples.el),
    html("div", { class: "sg-columns" }, columns.el, html("div", {}, curve.el, numbersShown.el)),
    tryThis(
      "raise τ to 20. The teacher’s small doubts become visible, and the pull keeps its size only because of τ².",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const [temperature, squared] = [state.get("tau"), state.get("tau_squared")];
    const [teacher, student] = [state.get("teacher"), state.get("student")];
    tau.show(temperature);
    factor.show(squared);
    examples.show((name) =>
      Object.entries(chosen(name)).every(([key, value]) => String(value) === String(state.get(key))),
    );
    const pull = pullOn(student, teacher, temperature, squared);
    numbersShown.show([
      fixed(distillationKl(student, teacher, temperature), 3),
      fixed(norm(pull), 3),
      fixed(perplexity(softmax(teacher, temperature)), 1),
    ]);
    const sizes = sweep(student, teacher);
    columns.paint(pull, sizes.largestPart);
    curve.paint(sizes);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

// The step that gradient descent takes on the student's logits: tau (p_T - p_S), or (p_T - p_S) / tau.
function pullOn(student, teacher, tau, squared) {
  const gradient = distillationGradients(student, teacher, tau).student;
  return gradient.map((g) => -g * (squared ? tau * tau : 1));
}

// The number of equally likely classes that would leave as much doubt.
function perplexity(p) {
  return Math.exp(-sum(p.map((share) => (share > 0 ? share * Math.log(share) : 0))));
}

// The pull at every temperature, both ways.
function sweep(student, teacher) {
  let largestPart = 0;
  const points = Array.from({ length: 61 }, (_, i) => {
    const tau = COLD * (HOT / COLD) ** (i / 60);
    const [scaled, plain] = [true, false].map((squared) => pullOn(student, teacher, tau, squared));
    largestPart = Math.max(largestPart, ...[...scaled, ...plain].map(Math.abs));
    return { tau, scaled: norm(scaled), plain: norm(plain) };
  });
  return { points, largestPart };
}

// Three rows over the same five classes: logits, probabilities, pull.
function barPicture(getState) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [ZERO, UNIT] = [34 + HIGH * 9.5, 9.5];
  const [NAMES, CHANCE, FULL, PULL, REACH] = [ZERO - LOW * UNIT + 18, 316, 76, 426, 50];

  const titles = [
    svg("text", { y: 14 }),
    svg("text", { y: CHANCE - FULL - 22 }),
    svg("text", { y: PULL - REACH - 26 }),
  ];
  const [hint, probabilities] = [svg("tspan"), svg("tspan")];
  titles[0].append(
    "Logits of ",
    svg("tspan", { class: "sg-teacher sg-strong" }, "teacher"),
    " and ",
    svg("tspan", { class: "sg-student sg-strong" }, "student"),
    hint,
  );
  const temperature = svg("tspan");
  titles[1].append(probabilities, ...formula("softmax(z/τ)"), " at ", ...formula("τ"), temperature, ", in %");
  const rule = svg("tspan");
  titles[2].append("Pull on the ", svg("tspan", { class: "sg-student sg-strong" }, "student"), "’s logits, ", rule);
  const axes = [ZERO, CHANCE, PULL].map((y) => svg("line", { class: "sg-axis", y1: y, y2: y, x1: 0 }));
  const [names, chances, pulls, bars] = ["names", "chances", "pulls", "bars"].map(() => svg("g"));
  drawing.append(...titles, ...axes, names, chances, pulls, bars);

  const change = (net, k, value) => {
    const logits = [...getState().get(net)];
    logits[k] = clamp(Math.round(value * 10) / 10, LOW, HIGH);
    getState().set({ [net]: logits });
  };
  const pairs = CLASSES.flatMap((_, k) => NETS.map((net) => ({ net, k })));
  const makeBar = ({ net, k }) => {
    const bar = svg(
      "g",
      {
        class: `sg-${net}`,
        role: "slider",
        "aria-orientation": "vertical",
        "aria-valuemin": LOW,
        "aria-valuemax": HIGH,
        "aria-label": `${net}’s logit of ${CLASSES[k]}`,
      },
      svg("rect", { class: "sg-bar" }),
      svg("rect", { class: "sg-grip", height: 32, rx: 4 }),
      svg("text", { class: "sg-small sg-mid sg-halo" }),
    );
    handle(bar, drawing, {
      onMove: (x, y) => change(net, k, (ZERO - y) / UNIT),
      onKey: (dx, dy) => change(net, k, getState().get(net)[k] + 0.1 * (dx + dy)),
    });
    return bar;
  };

  const paint = (pull, largest) => {
    const state = getState();
    const across = width();
    size(across, PULL + REACH + 18);
    const pitch = across / CLASSES.length;
    const thick = Math.min(30, (pitch - 10) / 2);
    const left = ({ net, k }) => pitch * (k + 0.5) + (net === "teacher" ? -thick - 1 : 1);
    const p = Object.fromEntries(NETS.map((net) => [net, softmax(state.get(net), state.get("tau"))]));
    for (const axis of axes) attr(axis, { x2: across });
    const narrow = across < 280;
    text(hint, narrow ? "" : ": drag a bar");
    text(probabilities, narrow ? "" : "Probabilities ");
    text(temperature, ` = ${fixed(state.get("tau"), 2)}`);
    const squared = state.get("tau_squared");
    if (rule.dataset.squared !== String(squared)) {
      rule.replaceChildren(...formula(squared ? "τ (p_T − p_S)" : "(p_T − p_S)/τ"));
      rule.dataset.squared = squared;
    }

    each(
      names,
      CLASSES,
      () => svg("text", { y: NAMES }),
      (node, name, k) => attr(text(node, name), { x: pitch * (k + 0.5), class: narrow ? "sg-mid sg-tiny" : "sg-mid" }),
    );
    each(bars, pairs, makeBar, (bar, pair) => {
      const value = state.get(pair.net)[pair.k];
      const [y, x] = [ZERO - value * UNIT, left(pair)];
      attr(bar, { "aria-valuenow": value, "aria-valuetext": fixed(value, 1) });
      const [body, grip, said] = bar.childNodes;
      attr(body, { x, width: thick, y: Math.min(y, ZERO), height: Math.max(1, Math.abs(y - ZERO)) });
      attr(grip, { x, width: thick, y: y - 16 });
      attr(text(said, fixed(value, 1)), {
        class: `sg-mid sg-halo ${pitch < 60 ? "sg-tiny" : "sg-small"}`,
        x: x + thick / 2,
        y: value < 0 ? y + 13 : y - 5,
      });
    });
    each(
      chances,
      pairs,
      ({ net }) =>
        svg("g", { class: `sg-${net}` }, svg("rect", { class: "sg-bar" }), svg("text", { class: "sg-small sg-mid" })),
      (node, pair) => {
        const share = p[pair.net][pair.k];
        const [body, said] = node.childNodes;
        attr(body, { x: left(pair), width: thick, y: CHANCE - share * FULL, height: share * FULL });
        attr(text(said, inPercent(share)), { x: left(pair) + thick / 2, y: CHANCE - share * FULL - 4 });
      },
    );
    each(
      pulls,
      pull,
      () =>
        svg("g", { class: "sg-distill" }, svg("path", { class: "sg-fill" }), svg("text", { class: "sg-small sg-mid" })),
      (node, value, k) => {
        const [x, reach] = [pitch * (k + 0.5), largest > 0 ? (value / largest) * REACH : 0];
        attr(node.firstChild, { d: arrow(x, PULL, PULL - reach) });
        attr(text(node.lastChild, signed(value)), { x, y: PULL - reach + (value < 0 ? 14 : -5) });
      },
    );
    attr(drawing, { "aria-label": describe(p, pull) });
  };
  return { el, paint };
}

// The size of the pull against tau, with and without the factor; the marker can be dragged.
function curvePicture(getState) {
  const { el, svg: drawing, size, width } = picture();
  const [TOP, FLOOR, LEFT] = [40, 178, 30];
  const lines = { scaled: "with τ²", plain: "without" };
  const title = svg("text", { y: 14 }, "Size of that pull at every τ");
  const [ticks, levels, curves] = [svg("g"), svg("g"), svg("g")];
  const marker = svg(
    "g",
    {},
    svg("rect", { class: "sg-grip", y: TOP - 10, width: 44, x: -22, height: FLOOR - TOP + 24 }),
    svg("line", { class: "sg-marker", y1: TOP - 6, y2: FLOOR }),
    svg("circle", { r: 5 }),
  );
  drawing.append(title, levels, ticks, curves, marker);
  let span = 1;
  draggable(marker, drawing, (x) => {
    const value = COLD * (HOT / COLD) ** clamp((x - LEFT) / span, 0, 1);
    getState().set({ tau: Math.round(value * 100) / 100 });
  });

  const paint = ({ points }) => {
    const state = getState();
    const across = width();
    size(across, FLOOR + 36);
    span = across - LEFT - 58;
    const highest = Math.max(...points.map(({ scaled, plain }) => Math.max(scaled, plain)), 1e-6);
    const step = niceStep(highest);
    const xOf = (tau) => LEFT + (span * Math.log(tau / COLD)) / Math.log(HOT / COLD);
    const yOf = (value) => FLOOR - ((FLOOR - TOP) * value) / Math.max(highest, 0.05);

    each(
      ticks,
      [0.5, 1, 2, 5, 10, 20],
      () => svg("text", { class: "sg-soft sg-small sg-mid", y: FLOOR + 16 }),
      (node, tau) => attr(text(node, String(tau)), { x: xOf(tau) }),
    );
    const marks = highest > 0.05 ? Array.from({ length: Math.floor(highest / step) + 1 }, (_, i) => i * step) : [0];
    each(
      levels,
      marks,
      () =>
        svg("g", {}, svg("line", { class: "sg-axis" }), svg("text", { class: "sg-soft sg-small sg-end", x: LEFT - 6 })),
      (node, value) => {
        attr(node.firstChild, { x1: LEFT, x2: LEFT + span, y1: yOf(value), y2: yOf(value) });
        attr(text(node.lastChild, fixed(value, step < 1 ? 1 : 0)), { y: yOf(value) + 4 });
      },
    );
    const chosen = state.get("tau_squared") ? "scaled" : "plain";
    const ends = points.at(-1);
    const apart = Math.abs(yOf(ends.scaled) - yOf(ends.plain)) > 14;
    each(
      curves,
      Object.keys(lines),
      () => svg("g", {}, svg("path", { class: "sg-line" }), svg("text", { class: "sg-small" })),
      (node, kind) => {
        attr(node, { class: kind === chosen ? "sg-distill" : "sg-other" });
        const [path, name] = node.childNodes;
        attr(path, {
          d: `M${points.map((point) => `${xOf(point.tau).toFixed(1)},${yOf(point[kind]).toFixed(1)}`).join("L")}`,
        });
        attr(text(name, lines[kind]), {
          x: LEFT + span + 6,
          y: yOf(ends[kind]) + (apart ? 4 : kind === "scaled" ? -4 : 10),
        });
      },
    );
    const now = norm(pullOn(state.get("student"), state.get("teacher"), state.get("tau"), state.get("tau_squared")));
    attr(marker, { transform: `translate(${xOf(state.get("tau")).toFixed(1)} 0)` });
    attr(marker.lastChild, { cy: yOf(now), class: "sg-fill sg-distill" });
    attr(drawing, {
      "aria-label":
        `Size of the pull against temperature: ${fixed(now, 2)} at τ = ${fixed(state.get("tau"), 2)}; ` +
        `at τ = 20 it is ${fixed(ends.scaled, 2)} with the factor τ² and ${fixed(ends.plain, 3)} without.`,
    });
  };
  return { el, paint };
}

function arrow(x, from, to) {
  const head = Math.min(9, Math.abs(to - from));
  if (head < 0.3) return "";
  const [neck, way] = [to + Math.sign(from - to) * head, 2.5];
  return `M${x - way},${from}V${neck}H${x - 6}L${x},${to}L${x + 6},${neck}H${x + way}V${from}Z`;
}

function inPercent(share) {
  return share < 0.0005 ? "0" : fixed(100 * share, share < 0.0995 ? 1 : 0);
}

function signed(value) {
  return (value >= 0.0005 ? "+" : "") + fixed(value, Math.abs(value) < 0.0995 ? 3 : 2);
}

function niceStep(highest) {
  return [0.1, 0.2, 0.5, 1, 2, 5, 10].find((step) => highest / step <= 4.5) ?? 20;
}

function describe(p, pull) {
  const best = (values) => CLASSES[values.indexOf(Math.max(...values))];
  const share = (values) => `${fixed(100 * Math.max(...values), 0)} % ${best(values)}`;
  if (norm(pull) < 0.005)
    return `The teacher says ${share(p.teacher)}, the student ${share(p.student)}; there is no pull.`;
  const down = CLASSES[pull.indexOf(Math.min(...pull))];
  return `The teacher says ${share(p.teacher)}, the student ${share(p.student)}; the pull raises ${best(pull)} most and lowers ${down} most.`;
}

export default { render };
