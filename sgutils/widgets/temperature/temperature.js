// Two predictions at a temperature: logits to drag, the probabilities they give, and the pull of tau^2 KL(p_T || p_S)
// on the student's logits, with and without its factor.

import { choice, figures, LOGARITHM, presets, slider } from "../lib/controls.js";
import { frame, html, painter, tryThis } from "../lib/dom.js";
import { distillationKl, norm, softmax } from "../lib/math.js";
import { flag, number, numbers, openState } from "../lib/state.js";
import { fixed, words } from "../lib/words.js";
import { barPicture } from "./bars.js";
import { curvePicture } from "./curve.js";
import { CLASSES, COLD, HIGH, HOT, LOW, perplexity, pullOn, sweep } from "./pull.js";
import manifest from "./temperature.json";

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

export default { render };
