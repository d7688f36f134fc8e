// The settings of one network, as controls: the essential ones in sight, the others behind a word.

import { choice, select, slider } from "../lib/controls.js";
import { attr, html } from "../lib/dom.js";
import { isGuided, NAMES } from "../lib/methods.js";
import { lamSlider, pLastSlider, rateSlider, seedSlider, tauSlider } from "../lib/settings.js";
import { number, oneOf, wholeNumber } from "../lib/state.js";

export const SETTINGS = {
  method: oneOf(Object.keys(NAMES)),
  lam: number(0, 3),
  tau: number(1, 10),
  p_last: number(0, 1),
  depth: wholeNumber(1, 12),
  lr: number(0.001, 0.3),
  seed: wholeNumber(0, 99),
};

// `onSet(key, value)` changes a setting, `onEdit(letter)` says which of two networks the controls set.
export function settingsPanel({ onSet, onEdit }) {
  const set = (key) => (value) => onSet(key, value);
  const edit = choice({
    label: "set",
    options: [
      ["A", "A"],
      ["B", "B"],
    ],
    onChange: onEdit,
  });
  const essential = {
    method: select({ label: "method", options: Object.entries(NAMES), onChange: set("method") }),
    lam: lamSlider(set("lam")),
    p_last: pLastSlider(set("p_last")),
  };
  const more = {
    tau: tauSlider(set("tau")),
    depth: slider({ label: "blocks", min: 1, max: 12, step: 1, say: String, onInput: set("depth") }),
    lr: rateSlider(0.3, set("lr")),
    seed: seedSlider(set("seed")),
  };
  const elements = (controls) => Object.values(controls).map((control) => control.el);
  const first = html("div", { class: "sg-settings" }, ...elements(essential));
  const rest = html(
    "details",
    { class: "sg-rest" },
    html("summary", {}, "More settings"),
    html("div", { class: "sg-settings" }, ...elements(more)),
  );
  const controls = { ...essential, ...more };
  return {
    els: [first, rest],
    // `values` by key; `letter` is that of the network that is set, or null where there is only one.
    show(values, letter) {
      for (const [key, control] of Object.entries(controls)) control.show(values[key]);
      for (const key of ["lam", "tau"]) controls[key].el.querySelector("input").disabled = !isGuided(values.method);
      if (letter === null) edit.el.remove();
      else if (!first.contains(edit.el)) first.prepend(edit.el);
      edit.show(letter);
      attr(first, { class: letter === null ? "sg-settings" : "sg-settings sg-edit" });
    },
  };
}
