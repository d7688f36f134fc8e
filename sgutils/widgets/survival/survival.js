// Survival probabilities, the students that they draw, and what a student costs.

import { button, choice, figures, select } from "../lib/controls.js";
import { frame, html, painter, tryThis } from "../lib/dom.js";
import {
  clamp,
  costShare,
  expectedDepth,
  linearDecay,
  multiplyAdds,
  NETWORKS,
  randomNumbers,
  sampleGates,
  uniformSurvival,
} from "../lib/math.js";
import { pLastSlider } from "../lib/settings.js";
import { gateString, number, oneOf, openState, wholeNumber } from "../lib/state.js";
import { fixed, percent, words } from "../lib/words.js";
import { blockPicture } from "./blocks.js";
import { counted, pilePicture } from "./pile.js";
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
  const pLast = pLastSlider((value) => state.set({ p_last: value }));
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

function raised(exponent) {
  return String(exponent).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

export default { render };
