// The objective (Eq. 5) as a tug of war: two predictions over three classes, and what each term pulls them towards.

import { button, choice, presets, select, slider } from "../lib/controls.js";
import { frame, html, painter, text, tryThis } from "../lib/dom.js";
import { reducedMotion } from "../lib/preferences.js";
import { flag, number, numbers, oneOf, openState, wholeNumber } from "../lib/state.js";
import { fixed } from "../lib/words.js";
import { CLASSES, JOURNEY_LENGTH, JOURNEY_SECONDS, journey } from "./journey.js";
import manifest from "./objective.json";
import { termPicture } from "./terms.js";
import { trianglePicture } from "./triangle.js";

const READERS = {
  lam: number(0, 3),
  tau: number(1, 10),
  label: wholeNumber(0, CLASSES.length - 1),
  student: numbers(CLASSES.length, -8, 8),
  teacher: numbers(CLASSES.length, -8, 8),
  detach_teacher: flag,
  kl_direction: oneOf(["teacher||student", "student||teacher"]),
};

function render({ model, el }) {
  const lam = slider({
    label: "λ weight",
    min: 0,
    max: 3,
    step: 0.05,
    say: (value) => fixed(value, 2),
    onInput: (value) => state.set({ lam: value }),
  });
  const tau = slider({
    label: "τ temperature",
    min: 1,
    max: 10,
    step: 0.1,
    say: (value) => fixed(value, 1),
    onInput: (value) => state.set({ tau: value }),
  });
  const label = select({
    label: "label",
    options: CLASSES.map((name, k) => [k, name]),
    onChange: (value) => state.set({ label: value }),
  });
  const detach = choice({
    label: "teacher in the KL",
    options: [
      [true, "detached"],
      [false, "attached"],
    ],
    onChange: (value) => state.set({ detach_teacher: value }),
  });
  const direction = choice({
    label: "KL direction",
    options: [
      ["teacher||student", "teacher ‖ student"],
      ["student||teacher", "student ‖ teacher"],
    ],
    onChange: (value) => state.set({ kl_direction: value }),
  });
  const weights = presets({
    label: "Values of λ",
    options: [
      [0, "λ = 0: no pull"],
      [0.25, "λ = 0.25: the paper’s"],
      [3, "λ = 3: it blew up there"],
    ],
    onChoose: (value) => state.set({ lam: value }),
  });

  // While the two move, or once they have, the picture shows them `travelled` steps from where the state has them.
  let [travelled, started, ticking] = [0, null, null];
  const travel = (now) => {
    started ??= now;
    travelled = Math.min(JOURNEY_LENGTH, Math.ceil((JOURNEY_LENGTH * (now - started)) / (1000 * JOURNEY_SECONDS)));
    ticking = travelled < JOURNEY_LENGTH ? requestAnimationFrame(travel) : null;
    repaint();
  };
  const stay = () => {
    cancelAnimationFrame(ticking);
    [travelled, started, ticking] = [0, null, null];
  };
  const move = button("Let them move", () => {
    if (travelled > 0) stay();
    else if (reducedMotion()) travelled = JOURNEY_LENGTH;
    else ticking = requestAnimationFrame(travel);
    repaint();
  });
  move.classList.add("sg-main");

  const triangle = trianglePicture({
    onMove(net, logits) {
      stay();
      state.set({ [net]: logits });
    },
  });
  const terms = termPicture();
  const root = frame(
    el,
    "objective",
    html("div", { class: "sg-controls" }, lam.el, tau.el, label.el, detach.el),
    html("div", { class: "sg-controls" }, direction.el, weights.el, move),
    html("div", { class: "sg-columns" }, triangle.el, terms.el),
    tryThis(
      "let them move, then drag λ. At 0 each walks to the label alone; the larger λ, the closer the student keeps to the teacher.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const settings = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    lam.show(settings.lam);
    tau.show(settings.tau);
    label.show(settings.label);
    detach.show(settings.detach_teacher);
    direction.show(settings.kl_direction);
    weights.show((value) => Math.abs(value - settings.lam) < 1e-9);
    text(move, travelled > 0 ? "Put them back" : "Let them move");
    const path = journey(settings, travelled);
    const shown = { ...settings, ...path.at(-1) };
    triangle.paint(shown, path);
    terms.paint(shown);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stay();
    stop();
    state.close();
  };
}

export default { render };
