// Survival probabilities, the students that they draw, and what a student costs.

import {
  attr,
  button,
  choice,
  each,
  figures,
  fixed,
  formula,
  frame,
  handle,
  html,
  painter,
  percent,
  picture,
  select,
  slider,
  svg,
  switchRow,
  text,
  tryThis,
  words,
} from "../lib/dom.js";
import {
  clamp,
  costShare,
  expectedDepth,
  linearDecay,
  multiplyAdds,
  NETWORKS,
  poissonBinomial,
  randomNumbers,
  sampleGates,
  sum,
  uniformSurvival,
} from "../lib/math.js";
import { gateString, number, oneOf, openState, wholeNumber } from "../lib/state.js";
import manifest from "./survival.json";

const COSTS = Object.fromEntries(
  Object.entries(NETWORKS).map(([name, network]) => {
    const costs = multiplyAdds(network);
    return [costs.branches.length, { name, ...costs }];
  }),
);
const SIZES = Object.keys(COSTS).map(Number);
const MOST = 1000;

const READERS = {
  num_blocks: oneOf(SIZES),
  p_last: number(0, 1),
  schedule: oneOf(["linear", "uniform"]),
  seed: wholeNumber(0, 2 ** 31 - 1),
  draws: wholeNumber(0, MOST),
  gates: gateString,
};

function render({ model, el }) {
  const network = select({
    label: "network",
    options: SIZES.map((size) => [size, `${COSTS[size].name}: ${size} blocks`]),
    onChange: (size) => state.set({ num_blocks: size, gates: "" }),
  });
  const pLast = slider({
    label: "p_L last survival probability",
    min: 0,
    max: 1,
    step: 0.01,
    say: (value) => fixed(value, 2),
    onInput: (value) => state.set({ p_last: value }),
  });
  const schedule = choice({
    label: "schedule",
    options: [
      ["linear", "linear decay"],
      ["uniform", "uniform"],
    ],
    onChange: (value) => state.set({ schedule: value }),
  });
  const draw = (count) => {
    row.roll();
    state.set({ draws: Math.min(MOST, state.get("draws") + count), gates: "" });
  };
  // After the last student that the picture can hold, the next one starts a new pile with new dice.
  const drawOrStartOver = (count) => (state.get("draws") + count > MOST ? startOver() : draw(count));
  const startOver = () => state.set({ draws: 0, gates: "", seed: (state.get("seed") + 1) % 2 ** 31 });
  const one = button("Draw a student", () => drawOrStartOver(1));
  one.classList.add("sg-main");
  const hundred = button("Draw 100", () => drawOrStartOver(100));
  const clear = button("Clear", startOver);

  const row = blockPicture({
    setLast: (value) => state.set({ p_last: clamp(Math.round(value * 100) / 100, 0, 1) }),
    stepLast: (steps) => state.set({ p_last: clamp(Math.round(100 * state.get("p_last") + steps) / 100, 0, 1) }),
    toggle: (l) =>
      state.set({
        gates: studentOf()
          .map((gate, i) => (i === l ? 1 - gate : gate))
          .join(""),
      }),
  });
  const pile = pilePicture();
  const shown = figures([
    ["blocks run, on average"],
    ["different students"],
    ["multiply-adds, on average"],
    ["plain steps in a Self-Guidance step"],
  ]);

  const root = frame(
    el,
    "survival",
    html(
      "div",
      { class: "sg-controls" },
      network.el,
      pLast.el,
      schedule.el,
      html("div", { class: "sg-buttons" }, one, hundred, clear),
    ),
    row.el,
    html("div", { class: "sg-columns" }, pile.el, shown.el),
    tryThis(
      "draw a hundred students, then drag ",
      ...words("p_L"),
      ": the same dice fall on other probabilities, and the pile follows.",
    ),
  );

  const survivalOf = () => {
    const [size, last] = [state.get("num_blocks"), state.get("p_last")];
    return state.get("schedule") === "linear" ? linearDecay(size, last) : uniformSurvival(size, last);
  };
  const drawn = (p) => {
    const random = randomNumbers(state.get("seed"));
    return Array.from({ length: state.get("draws") }, () => sampleGates(p, random));
  };
  const studentOf = (students = drawn(survivalOf())) => {
    const byHand = state.get("gates");
    if (byHand.length === state.get("num_blocks")) return [...byHand].map(Number);
    return students.at(-1) ?? survivalOf().map(() => 1);
  };

  const [repaint, stop] = painter(root, () => {
    const p = survivalOf();
    const students = drawn(p);
    const costs = COSTS[p.length];
    network.show(p.length);
    pLast.show(state.get("p_last"));
    schedule.show(state.get("schedule"));
    row.paint(p, studentOf(students), costs);
    pile.paint(p, students, state.get("gates") === "");
    const share = costShare(costs, p);
    shown.show([
      `${fixed(expectedDepth(p), 1)} of ${p.length}`,
      `2${raised(p.length)} ${p.length > 30 ? "≈" : "="} ${counted(2 ** p.length)}`,
      percent(share, 1),
      fixed(1 + share, 2),
    ]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

// The teacher as bars of p_l over the student as glyphs, block by block.
function blockPicture({ setLast, stepLast, toggle }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [TOP, BASE, ROW, LEFT] = [40, 140, 194, 34];
  const title = svg("text", { y: 14 });
  const everyBlock = svg("tspan");
  title.append(
    svg("tspan", { class: "sg-teacher sg-strong" }, "Teacher: "),
    everyBlock,
    " weighted by ",
    ...formula("p_l"),
  );
  const levels = [0, 0.5, 1].map((level) => {
    const y = BASE - level * (BASE - TOP);
    return svg(
      "g",
      {},
      svg("line", { class: "sg-axis", x1: LEFT, y1: y, y2: y }),
      svg("text", { class: "sg-soft sg-small sg-end", x: LEFT - 6, y: y + 4 }, level === 0.5 ? "0.5" : String(level)),
    );
  });
  const bars = svg("g", { class: "sg-teacher" });
  const grip = svg(
    "g",
    {
      role: "slider",
      "aria-label": "p_L last survival probability, in the picture",
      "aria-valuemin": 0,
      "aria-valuemax": 1,
    },
    svg("circle", { r: 18, class: "sg-grip" }),
    svg("circle", { r: 6, class: "sg-knob" }),
    svg("text", { class: "sg-halo sg-end sg-strong sg-teacher", x: 8, y: -12 }),
  );
  handle(grip, drawing, {
    onMove: (x, y) => setLast((BASE - y) / (BASE - TOP)),
    onKey: (dx, dy) => stepLast(dx + dy),
  });
  const said = svg("text", { y: BASE + 26 });
  const wire = svg("line", { class: "sg-wire", x1: LEFT - 18, y1: ROW, y2: ROW });
  const stages = svg("g");
  const glyphs = switchRow({ name: (l) => `block ${l + 1}`, onToggle: toggle });
  glyphs.node.classList.add("sg-student");
  drawing.append(title, ...levels.map((level) => level), bars, said, wire, glyphs.node, stages, grip);

  const paint = (p, gates, costs) => {
    const across = width();
    size(across, ROW + 40);
    const right = across - 8;
    const pitch = (right - LEFT) / p.length;
    const middle = (l) => LEFT + pitch * (l + 0.5);
    const thick = Math.min(34, pitch - Math.max(1.5, pitch * 0.16));
    for (const level of levels) attr(level.firstChild, { x2: right });
    attr(wire, { x2: right + 8 });
    each(
      bars,
      p,
      () => svg("rect"),
      (bar, survive, l) => {
        const height = (BASE - TOP) * survive;
        attr(bar, {
          x: middle(l) - thick / 2,
          width: thick,
          y: BASE - height,
          height,
          "fill-opacity": 0.15 + 0.75 * survive,
        });
      },
    );
    const last = p.at(-1);
    attr(grip, {
      transform: `translate(${middle(p.length - 1)} ${BASE - (BASE - TOP) * last})`,
      "aria-valuenow": last,
      "aria-valuetext": fixed(last, 2),
    });
    const value = fixed(last, 2);
    if (grip.lastChild.dataset.value !== value) {
      grip.lastChild.replaceChildren(...formula("p_L"), svg("tspan", { dy: -3 }, ` = ${value}`));
      grip.lastChild.dataset.value = value;
    }
    const first = fixed(p[0], 2);
    const fall =
      first === value
        ? `is ${value} in every block`
        : `falls from ${first} in block 1 to ${value} in block ${p.length}`;
    const depth = sum(gates);
    const roomy = across > 480;
    text(everyBlock, roomy ? "every block runs," : "all blocks,");
    const share = costShare(costs, gates);
    const cost = roomy ? `${percent(share, 1)} of the multiply-adds` : `cost ${percent(share)}`;
    said.replaceChildren(
      svg("tspan", { class: "sg-student sg-strong" }, "Student: "),
      `${depth} of ${p.length} blocks${roomy ? " run" : ""}, ${cost}`,
    );
    const side = Math.min(26, thick);
    glyphs.paint(gates, (l) => ({ x: middle(l), y: ROW, side, pitch }));
    const perStage = p.length / 3;
    each(
      stages,
      [0, 1, 2],
      () =>
        svg(
          "g",
          {},
          svg("line", { class: "sg-axis", y1: ROW + 22, y2: ROW + 22 }),
          svg("text", { class: "sg-soft sg-small sg-mid", y: ROW + 37 }),
        ),
      (node, stage) => {
        const [from, to] = [LEFT + pitch * perStage * stage + 3, LEFT + pitch * perStage * (stage + 1) - 3];
        attr(node.firstChild, { x1: from, x2: to });
        attr(text(node.lastChild, `${roomy ? `stage ${stage + 1}: ` : ""}${32 / 2 ** stage}×${32 / 2 ** stage}`), {
          x: (from + to) / 2,
        });
      },
    );
    attr(drawing, {
      "aria-label": `Survival ${fall}. The student runs ${depth} of ${p.length} blocks: ${gates.join("")}.`,
    });
  };
  return { el, paint, roll: glyphs.roll };
}

// The depths of the students drawn, against the exact distribution.
function pilePicture() {
  const { el, svg: drawing, size, width } = picture();
  const [TOP, FLOOR, LEFT] = [34, 176, 34];
  const title = svg("text", { y: 14 });
  const [piles, ticks] = [svg("g", { class: "sg-student" }), svg("g")];
  const outline = svg("path", { class: "sg-line sg-outline" });
  const named = svg("text", { class: "sg-small sg-halo" });
  const mean = svg("g", {}, svg("line", { class: "sg-marker", y1: TOP, y2: FLOOR + 4 }));
  const axis = svg("line", { class: "sg-axis", x1: LEFT, y1: FLOOR, y2: FLOOR });
  const axisName = svg("text", { class: "sg-soft sg-small sg-end", y: FLOOR + 33 }, "blocks that run");
  drawing.append(title, piles, axis, mean, outline, named, ticks, axisName);

  const paint = (p, students, newest) => {
    const across = width();
    size(across, FLOOR + 38);
    const mass = poissonBinomial(p);
    const counts = mass.map(() => 0);
    for (const gates of students) counts[sum(gates)] += 1;
    // Before there are many, the outline shows what thirty students would look like, for the pile to grow into.
    const expectedOf = Math.max(students.length, 30);
    const expected = mass.map((m) => m * expectedOf);
    const highest = Math.max(...counts, ...expected);
    const pitch = (across - LEFT - 8) / mass.length;
    const xOf = (d) => LEFT + pitch * (d + 0.5);
    const heightOf = (count) => ((FLOOR - TOP) * count) / highest;
    attr(axis, { x2: across - 8 });
    attr(axisName, { x: across - 8 });
    const last = newest && students.length ? sum(students.at(-1)) : null;
    each(
      piles,
      counts,
      () => svg("rect", { class: "sg-pile" }),
      (node, count, d) =>
        attr(node, {
          x: xOf(d) - pitch * 0.42,
          width: pitch * 0.84,
          y: FLOOR - heightOf(count),
          height: heightOf(count),
          "fill-opacity": d === last ? 1 : 0.6,
        }),
    );
    attr(outline, { d: steps(expected.map(heightOf), (d) => xOf(d) - pitch / 2, FLOOR) });
    const depth = expectedDepth(p);
    attr(mean.firstChild, { x1: xOf(depth), x2: xOf(depth) });
    title.replaceChildren(
      svg(
        "tspan",
        { class: "sg-student sg-strong" },
        `${counted(students.length)} ${students.length === 1 ? "student" : "students"}`,
      ),
      " by depth",
    );
    const leftSide = depth > (mass.length - 1) / 2;
    const peak = expected.indexOf(Math.max(...expected));
    text(named, `exact, for ${counted(expectedOf)} students`);
    const [beside, long] = [spread(mass) * pitch + 8, named.getComputedTextLength()];
    attr(named, {
      x: leftSide ? Math.max(0, xOf(peak) - beside - long) : Math.min(across - long, xOf(peak) + beside),
      y: TOP + 12,
    });
    const every = pitch < 22 ? (mass.length > 24 ? 6 : 3) : 1;
    each(
      ticks,
      mass.map((_, d) => d).filter((d) => d % every === 0),
      () => svg("text", { class: "sg-soft sg-small sg-mid", y: FLOOR + 16 }),
      (node, d) => attr(text(node, String(d)), { x: xOf(d) }),
    );
    attr(drawing, {
      "aria-label": `${counted(students.length)} students drawn; the exact distribution of their depth has its mean at ${fixed(depth, 1)} blocks.`,
    });
  };
  return { el, paint };
}

// How far from its peak the distribution reaches a quarter of it.
function spread(mass) {
  const highest = Math.max(...mass);
  return mass.filter((m) => m > highest / 4).length / 2;
}

function raised(exponent) {
  return String(exponent).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

function counted(count) {
  return count > 1e9 ? `${fixed(count / 1e9, 0)} billion` : count.toLocaleString("en");
}

function steps(heights, xOf, floor) {
  return `M${xOf(0)},${floor}${heights.map((height, d) => `V${(floor - height).toFixed(1)}H${xOf(d + 1).toFixed(1)}`).join("")}V${floor}`;
}

export default { render };
