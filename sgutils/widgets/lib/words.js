// Formulas and numbers as the book writes them.

import { html, svg } from "./dom.js";

// A formula as the parts of an SVG text: single letters in italics, `_x` as an index. formula("τ (p_T − p_S)")
export function formula(written) {
  let dropped = 0;
  return parts(written).map(({ index, letter, content }) => {
    const drop = (index ? 3 : 0) - dropped;
    dropped += drop;
    const look = index ? { "font-size": "0.75em" } : letter ? { class: "sg-math" } : {};
    return svg("tspan", { ...look, ...(drop ? { dy: drop } : {}) }, content);
  });
}

// The same in HTML.
export function words(written) {
  return parts(written).map(({ index, letter, content }) =>
    index ? html("sub", {}, content) : letter ? html("i", { class: "sg-math" }, content) : content,
  );
}

function parts(written) {
  return [...written.matchAll(/_(\w)|([A-Za-zτλ∂]+)|([^A-Za-zτλ∂_]+)/g)].map(([, index, letters, other]) => ({
    index: Boolean(index),
    letter: letters?.length === 1,
    content: index ?? letters ?? other,
  }));
}

// Numbers as the book writes them: a true minus sign, no "-0.00".
export function fixed(value, digits) {
  const written = value.toFixed(digits);
  return Number(written) === 0 ? written.replace("-", "") : written.replace("-", "−");
}

export function percent(share, digits = 0) {
  return `${fixed(100 * share, digits)} %`;
}
