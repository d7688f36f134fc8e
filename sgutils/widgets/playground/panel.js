// One network of a lane: its name and test error, its blocks, and its answers.

import { attr, each, html, picture, svg, text } from "../lib/dom.js";
import { percent } from "../lib/words.js";
import { paintDigits, paintPlane } from "./answers.js";
import { clear } from "./canvas.js";

export const LEGENDS = {
  plane: "The points are test data; the colours behind them are the network’s answers.",
  digits: "A tinted digit is read wrongly; the colour and the small figure say as what.",
};

// A network: its name and test error, its blocks, and its answers.
export function networkPanel({ name = null, row = null, byHand = null, small = false }) {
  const error = html("output");
  const blocks = picture({ handles: Boolean(row) });
  const glyphs = row ? row.node : svg("g");
  glyphs.classList.add("sg-student");
  blocks.svg.append(glyphs);
  const canvas = html("canvas", { role: "img" });
  const head = name
    ? [
        html("div", { class: "sg-head" }, name, byHand ?? ""),
        html("div", { class: "sg-head" }, html("span", { class: "sg-name" }, "test error"), error),
      ]
    : [];
  const el = html("div", { class: "sg-net" }, ...head, blocks.el, canvas, ...(name ? [] : [error]));
  const paint = ({ gates, error: share, picture: answers, role, shades = null }, examples, look) => {
    text(error, percent(share, 1));
    const [across, high] = [blocks.width(), small ? 12 : 32];
    const pitch = Math.min(across / gates.length, small ? 18 : 30);
    const side = Math.min(small ? 9 : 18, pitch - 3);
    blocks.size(across, high);
    const ran = gates.filter((gate) => gate > 0).length;
    if (row) {
      row.paint(gates, (l) => ({ x: pitch * (l + 0.5), y: high / 2, side, pitch }));
    } else {
      each(
        glyphs,
        gates,
        () => svg("rect"),
        (node, gate, l) =>
          attr(node, {
            x: pitch * l + (pitch - side) / 2,
            y: (high - side) / 2,
            width: side,
            height: side,
            rx: Math.min(5, side / 4),
            class: shades ? "sg-whole" : gate ? "sg-ran" : "sg-missed",
            style: shades ? `--sg-shade: ${Math.round(100 * (gate - 0.12))}%` : null,
          }),
      );
      attr(glyphs, { class: `sg-${role}` });
      attr(blocks.svg, {
        "aria-label": shades ? `All ${gates.length} blocks run` : `${ran} of ${gates.length} blocks run`,
      });
    }
    const context = clear(canvas);
    const size = canvas.clientWidth;
    if (examples.name === "digits") paintDigits(context, size, answers, examples, look, small);
    else paintPlane(context, size, answers, examples, look, small);
    const shown = examples.name === "digits" ? "Answers on test digits" : "Decision regions";
    attr(canvas, {
      "aria-label": `${shown} of ${small ? "a student" : `the ${name.textContent.toLowerCase()}`} with ${ran} of ${gates.length} blocks; test error ${percent(share, 1)}`,
    });
  };
  return { el, name, paint };
}
