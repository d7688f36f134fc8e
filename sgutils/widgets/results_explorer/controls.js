// Controls of this picture: a menu whose offers change, and switches in a row.

import { html, text } from "../lib/dom.js";

// A wide one may offer more words than a phone shows in one line: there they stand, wrapped, under the menu's hand.
export function menu({ label, wide = false, onChange }) {
  const list = html("select");
  const words = html("span", { class: "sg-words", "aria-hidden": true });
  let offered = [];
  list.addEventListener("change", () => onChange(offered[list.selectedIndex][0]));
  return {
    el: html(
      "label",
      { class: `sg-control${wide ? " sg-wide" : ""}` },
      html("span", { class: "sg-name" }, label),
      list,
      ...(wide ? [words] : []),
    ),
    show(value, options) {
      if (JSON.stringify(options) !== JSON.stringify(offered)) {
        offered = options;
        list.replaceChildren(...options.map(([id, said]) => html("option", { value: id }, said)));
      }
      list.selectedIndex = options.findIndex(([id]) => id === value);
      list.disabled = options.length < 2; // nothing to choose
      text(words, list.selectedOptions[0]?.textContent ?? "");
    },
  };
}

export function chips({ label, names, onToggle }) {
  const inputs = names.map((name) => {
    const input = html("input", { type: "checkbox" });
    input.addEventListener("change", () => onToggle(name));
    return { name, input, el: html("label", {}, input, html("span", {}, name)) };
  });
  return {
    el: html(
      "fieldset",
      { class: "sg-control sg-chips" },
      html("legend", { class: "sg-name" }, label),
      html("div", { class: "sg-options" }, ...inputs.map(({ el }) => el)),
    ),
    show(on) {
      for (const { name, input } of inputs) input.checked = on.has(name);
    },
  };
}
