// The objective (Eq. 5) as a tug of war over the weights that teacher and student share: their predictions for an image,
// what each term of the objective does to them, and where training leads.

import { button, choice, presets, select } from "../lib/controls.js";
import { frame, html, painter, text, tryThis } from "../lib/dom.js";
import { lamSlider, tauSlider } from "../lib/settings.js";
import { flag, number, numbers, oneOf, openState, wholeNumber } from "../lib/state.js";
import { traveller } from "../lib/travel.js";
import { journey, STEPS } from "./journey.js";
import { CLASSES } from "./network.js";
import manifest from "./objective.json";
import { sizePicture } from "./size.js";
import { termPicture } from "./terms.js";
import { trianglePicture } from "./triangle.js";

// How many seconds the whole journey takes.
const SECONDS = 7;

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
  const lam = lamSlider((lam) => state.set({ lam }));
  const tau = tauSlider((tau) => state.set({ tau }));
  const label = select({
    label: "image and label",
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
      [3, "λ = 3: it runs away"],
    ],
    onChoose: (value) => state.set({ lam: value }),
  });

  // While they train, and once they have, the picture shows them some steps from where the state has them.
  const training = traveller({ steps: STEPS, seconds: SECONDS, repaint: () => repaint() });
  const move = button("Let them move", () => (training.at() > 0 ? training.back() : training.go()));
  move.classList.add("sg-main");

  const triangle = trianglePicture({
    onMove(net, logits) {
      training.back();
      state.set({ [net]: logits });
    },
  });
  const [terms, size] = [termPicture(), sizePicture()];
  const root = frame(
    el,
    "objective",
    html("div", { class: "sg-controls" }, lam.el, tau.el, label.el, detach.el),
    html("div", { class: "sg-controls" }, direction.el, weights.el, move),
    html("div", { class: "sg-columns" }, triangle.el, html("div", {}, terms.el, size.el)),
    tryThis(
      "let them move, then press λ = 3: the teacher is a carrot before a donkey, because the weights that carry the student after it carry it along. Then attach the teacher.",
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
    text(move, training.at() > 0 ? "Put them back" : "Let them move");
    const path = journey(settings, training.at());
    triangle.paint(settings, path);
    terms.paint(settings, path.at(-1));
    size.paint(path);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    training.stop();
    stop();
    state.close();
  };
}

export default { render };
