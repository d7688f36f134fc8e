// Networks that teach one another: their predictions over three classes, who teaches whom and how loudly, and where
// gradient descent on their logits leads.

import { button, choice, figures, presets, select, slider } from "../lib/controls.js";
import { frame, html, painter, text, tryThis } from "../lib/dom.js";
import { tauSlider } from "../lib/settings.js";
import { number, numbers, oneOf, openState, wholeNumber } from "../lib/state.js";
import { traveller } from "../lib/travel.js";
import { fixed, percent, words } from "../lib/words.js";
import { agreementPicture } from "./agreement.js";
import { graphPicture } from "./graph.js";
import { CLASSES, JOURNEY, METHODS, PLACES, PRESS, SECONDS, travelFrom } from "./lessons.js";
import { agreement } from "./methods.js";
import manifest from "./peers.json";
import { pointsInTriangle } from "./points.js";

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
    learning.back();
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
  const tau = tauSlider((value) => change({ tau: value }));
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

  // While they learn, and once they have, the picture shows them some steps from where the state has them.
  const learning = traveller({ steps: JOURNEY, seconds: SECONDS, repaint: () => repaint() });
  const press = button("Ten steps", () => learning.skip(PRESS));
  // How it ends is drawn ahead, and answers every control, once the reader has seen it: the chapter asks for it first.
  let seen = false;
  const play = button("Let them learn", () => {
    if (learning.isMoving()) learning.halt();
    else if (learning.isThere()) learning.back();
    else learning.go();
  });
  play.classList.add("sg-main");

  const triangle = pointsInTriangle({ onMove: (place, logits) => change({ [place]: logits }) });
  const graph = graphPicture();
  const agreeing = agreementPicture();
  const read = figures([["steps taken"], ["agreement"], ["cross-entropies"], ["weighted ", ...words("τ²"), "KL"]]);
  const root = frame(
    el,
    "peers",
    html("div", { class: "sg-controls" }, method.el, html("div", { class: "sg-buttons" }, play, press)),
    html("div", { class: "sg-controls" }, tau.el, weight.el, label.el, slot),
    html("div", { class: "sg-columns" }, html("div", {}, triangle.el, agreeing.el), html("div", {}, graph.el, read.el)),
    tryThis(
      "let them learn under DML, then “summed”: do they agree before they know? Whom does the label pull when nobody teaches (weight 0)?",
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
    text(play, playWords(learning));
    const journey = travelFrom(settings, JOURNEY);
    const path = journey.slice(0, learning.at() + 1);
    const { logits, lesson } = path.at(-1);
    triangle.paint(settings, path);
    graph.paint(settings, lesson);
    seen ||= learning.isThere();
    agreeing.paint(seen ? journey : path, settings.label, learning.at());
    read.show([
      String(learning.at()),
      percent(agreement(logits)),
      fixed(lesson.ce, 2),
      fixed(lesson.total - lesson.ce, 2),
    ]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    learning.stop();
    stop();
    state.close();
  };
}

function playWords(learning) {
  if (learning.isMoving()) return "Pause";
  if (learning.isThere()) return "Put them back";
  return learning.at() ? "Go on" : "Let them learn";
}

export default { render };
