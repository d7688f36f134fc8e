// Labelled native controls. Every one is { el, show(value) }: the element, and a way to make it show a state.

import { attr, html, newId, text } from "./dom.js";
import { words } from "./words.js";

// `scale` turns the slider's own position into the value and back (a logarithm, say); `say` writes the value.
export function slider({ label, min, max, step, say, scale = IDENTITY, onInput }) {
  const id = newId();
  // Its name is what was written, without the index of `p_L` below the line, which a screen reader would swallow.
  const input = html("input", { id, type: "range", min: scale.to(min), max: scale.to(max), step, "aria-label": label });
  const output = html("output", { for: id });
  input.addEventListener("input", () => onInput(scale.from(input.valueAsNumber)));
  return {
    el: html(
      "div",
      { class: "sg-control" },
      html("label", { class: "sg-name", for: id }, ...words(label)),
      output,
      input,
    ),
    show(value) {
      // Written while the hand is on it, the slider would stick to its own rounding.
      if (Math.abs(input.valueAsNumber - scale.to(value)) > step / 2) input.value = scale.to(value);
      attr(input, { "aria-valuetext": say(value) });
      text(output, say(value));
    },
  };
}

const IDENTITY = { to: (value) => value, from: (position) => position };

export const LOGARITHM = { to: Math.log, from: Math.exp };

// One of a few, all in sight: radio buttons. `options` are [value, words] or [value, words, picture].
export function choice({ label, options, onChange }) {
  const group = newId();
  const inputs = options.map(([value, words, drawing]) => {
    const input = html("input", { type: "radio", name: group, "aria-label": words });
    input.addEventListener("change", () => onChange(value));
    return { value, input, el: html("label", {}, input, html("span", {}, drawing ?? words)) };
  });
  const el = html(
    "fieldset",
    { class: "sg-control sg-choice" },
    html("legend", { class: "sg-name" }, label),
    html("div", { class: "sg-options" }, ...inputs.map(({ el }) => el)),
  );
  return {
    el,
    show(value) {
      for (const option of inputs) option.input.checked = option.value === value;
    },
    // Where it would change nothing it can not be chosen.
    enable(useful) {
      el.disabled = !useful;
    },
  };
}

export function select({ label, options, onChange }) {
  const menu = html("select", {}, ...options.map(([value, words]) => html("option", { value }, words)));
  menu.addEventListener("change", () => onChange(options[menu.selectedIndex][0]));
  return {
    el: html("label", { class: "sg-control" }, html("span", { class: "sg-name" }, label), menu),
    show(value) {
      menu.selectedIndex = options.findIndex(([option]) => option === value);
    },
  };
}

export function button(words, onClick) {
  const el = html("button", { type: "button" }, words);
  el.addEventListener("click", onClick);
  return el;
}

// Settings worth seeing, as buttons; the one that holds at the moment is pressed.
export function presets({ label, options, onChoose }) {
  const buttons = options.map(([value, words]) => ({ value, el: button(words, () => onChoose(value)) }));
  return {
    el: html("div", { class: "sg-presets", role: "group", "aria-label": label }, ...buttons.map(({ el }) => el)),
    show(holds) {
      for (const { value, el } of buttons) attr(el, { "aria-pressed": holds(value) });
    },
  };
}

// A row of figures: { el, show([value, ...]) }; each name is a list of text and elements.
export function figures(names) {
  const items = names.map((name) => ({ name, value: html("output") }));
  return {
    // Not a list of definitions, though it is one: hosts give those a shape of their own.
    el: html(
      "div",
      { class: "sg-figures" },
      ...items.map(({ name, value }) => html("div", {}, value, html("span", { class: "sg-name" }, ...name))),
    ),
    show(values) {
      values.forEach((value, i) => text(items[i].value, value));
    },
  };
}
