// One step of the method, stage by stage: who is drawn, the two passes, the three terms, and where their gradients go.

import { button, choice, figures } from "../lib/controls.js";
import { frame, html, painter, text, tryThis } from "../lib/dom.js";
import { linearDecay, randomNumbers, sampleGates, sum } from "../lib/math.js";
import { gateString, openState, wholeNumber } from "../lib/state.js";
import { scenePicture } from "./scene.js";
import manifest from "./step.json";

const BLOCKS = 6;
const STAGES = ["draw", "student", "teacher", "loss", "gradients"];
const READERS = { stage: wholeNumber(1, STAGES.length), gates: gateString };

// What happens at a stage, when the student runs this many blocks.
const WORDS = [
  (ran) =>
    `A coin for each block, open with probability pₗ: this mini-batch gets a student of ${ran} of ${BLOCKS} blocks.`,
  (ran) => `The mini-batch goes through the ${ran} blocks that the student runs; the others are not computed.`,
  () => `The same mini-batch goes through all ${BLOCKS} blocks, each weighted by pₗ, with the same weights θ.`,
  () => "Both predictions are compared with the label, and the student’s with the teacher’s: three terms, one loss.",
  (ran) =>
    `One backward pass: ${ran} of ${BLOCKS} blocks get a gradient from the student’s two terms, all ${BLOCKS} from the teacher’s. No gradient of the divergence goes through the teacher’s pass; the teacher moves all the same, because it has the same weights.`,
];

function render({ model, el }) {
  const random = randomNumbers(3);
  const stage = choice({
    label: "show up to",
    options: STAGES.map((name, i) => [i + 1, name]),
    onChange: (value) => state.set({ stage: value }),
  });
  const another = button("Draw another student", () =>
    state.set({ gates: sampleGates(linearDecay(BLOCKS), random).join("") }),
  );
  const scene = scenePicture({
    toggle: (l) =>
      state.set({
        gates: gatesOf()
          .map((gate, i) => (i === l ? 1 - gate : gate))
          .join(""),
      }),
  });
  const note = html("p", { class: "sg-note" });
  const counts = figures([
    ["blocks that CE", html("sub", {}, "S"), " and the divergence move"],
    ["blocks that CE", html("sub", {}, "T"), " moves"],
  ]);
  const root = frame(
    el,
    "step",
    html("div", { class: "sg-controls" }, stage.el, another),
    scene.el,
    note,
    counts.el,
    tryThis("skip the last blocks of the student by hand: which weights does the pull of the teacher still reach?"),
  );

  const gatesOf = () => {
    const gates = state.get("gates");
    return gates.length === BLOCKS ? [...gates].map(Number) : Array(BLOCKS).fill(1);
  };
  const [repaint, stop] = painter(root, () => {
    const [gates, shown] = [gatesOf(), state.get("stage")];
    const ran = sum(gates);
    stage.show(shown);
    scene.paint({ gates, p: linearDecay(BLOCKS), stage: shown });
    text(note, WORDS[shown - 1](ran));
    counts.show(shown === STAGES.length ? [`${ran} of ${BLOCKS}`, `${BLOCKS} of ${BLOCKS}`] : ["–", "–"]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

export default { render };
