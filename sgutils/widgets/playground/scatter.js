// Features of the test data, along their two principal components.

import { attr, html, text } from "../lib/dom.js";
import { clear, mark } from "./canvas.js";

const FEATURE_REACH = 3; // standard deviations to each side

const DOTS = 200;

export const FULL_NAMES = { teacher: "teacher", student: "student", baseline: "plain network" };

export function scatterPanel() {
  const name = html("b");
  const canvas = html("canvas", { role: "img" });
  const paint = (places, { classes, y }, { inks, line }, role) => {
    attr(text(name, FULL_NAMES[role]), { class: `sg-${role}` });
    const context = clear(canvas);
    const size = canvas.clientWidth;
    const at = (value) => (Math.max(-1, Math.min(1, value / FEATURE_REACH)) * 0.94 + 1) * (size / 2);
    context.strokeStyle = line;
    context.strokeRect(0.5, 0.5, size - 1, size - 1);
    context.font = "bold 10px system-ui, sans-serif";
    [context.textAlign, context.textBaseline] = ["center", "middle"];
    for (let n = 0; n < Math.min(DOTS, y.length); n += 1) {
      const [x, top] = [at(places[2 * n]), size - at(places[2 * n + 1])];
      context.fillStyle = inks[y[n]];
      if (classes === 10) {
        context.fillText(y[n], x, top);
      } else {
        context.globalAlpha = 0.8;
        mark(context, y[n], x, top, 2.4);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    attr(canvas, { "aria-label": `Features of the ${FULL_NAMES[role]}, coloured by class` });
  };
  return { el: html("div", { class: "sg-cloud" }, canvas, name), paint };
}
