// Errors over the steps, and what the loss is made of.

import { attr, each, html, picture, svg, text } from "../lib/dom.js";
import { linear, root } from "../lib/scale.js";
import { fixed, percent, words } from "../lib/words.js";
import { FULL_NAMES } from "./scatter.js";

// Errors over steps. The root spreads small errors apart.
export function errorChart() {
  const { el, svg: drawing, size, width } = picture();
  const [axes, ticks] = [svg("path", { class: "sg-axis" }), svg("g")];
  const lines = Array.from({ length: 4 }, () => svg("path"));
  const steps = svg("text", { class: "sg-small sg-soft sg-end" });
  const label = svg("text", { class: "sg-small sg-soft" }, "error, %");
  drawing.append(axes, ticks, label, steps, ...[lines[2], lines[0], lines[3], lines[1]]);
  const full = html("b");
  const legend = html(
    "p",
    { class: "sg-name sg-key" },
    full,
    ", ",
    html("b", { class: "sg-student" }, "students"),
    " (mean of the four); dashed: on the training data",
  );
  const objective = html("output", { class: "sg-sum-of" });
  const paint = (history, { losses, method, lam, tau }) => {
    const across = width();
    const [left, right, top, bottom] = [26, across - 4, 18, 150];
    size(across, bottom + 20);
    const high = Math.max(...history.map((row) => Math.max(...row.slice(1))), 0.1);
    const last = Math.max(200, history.at(-1)[0]);
    const [x, y] = [linear([0, last], [left, right]), root([0, high], [bottom, top])];
    attr(axes, { d: `M${left},${bottom}H${right}` });
    each(
      ticks,
      [0, 0.02, 0.1, 0.3, 0.6].filter((share) => share < high),
      () => svg("g", {}, svg("path", { class: "sg-axis" }), svg("text", { class: "sg-small sg-soft sg-end" })),
      (node, share) => {
        attr(node.firstChild, { d: `M${left},${y.at(share).toFixed(1)}H${right}` });
        attr(text(node.lastChild, fixed(100 * share, 0)), { x: left - 6, y: (y.at(share) + 4).toFixed(1) });
      },
    );
    attr(label, { x: 0, y: 10 });
    attr(text(steps, `${last.toLocaleString("en")} steps`), { x: right, y: bottom + 15 });
    const role = method === "baseline" ? "baseline" : "teacher";
    attr(text(full, FULL_NAMES[role]), { class: `sg-${role}` });
    lines.forEach((line, i) =>
      attr(line, {
        class: `sg-line sg-${i < 2 ? role : "student"} ${i % 2 ? "" : "sg-dashed sg-thin"}`,
        d: `M${history.map((row) => `${x.at(row[0]).toFixed(1)},${y.at(row[i + 1]).toFixed(1)}`).join("L")}`,
      }),
    );
    const now = history
      .at(-1)
      .slice(1)
      .map((share) => percent(share, 1));
    attr(drawing, {
      "aria-label": `Errors over ${history.at(-1)[0]} steps. Now the ${FULL_NAMES[role]}’s is ${now[0]} in training and ${now[1]} in the test, the students’ ${now[2]} and ${now[3]}.`,
    });
    objective.replaceChildren(...sumOf(method, losses, lam * tau * tau));
  };
  return {
    el: html("div", { class: "sg-errors" }, html("p", { class: "sg-name" }, "Error over steps"), el, legend, objective),
    paint,
  };
}

// The loss of the last mini-batch as the sum that the method minimises.
function sumOf(method, losses, weight) {
  if (!losses) return ["loss: after the first step"];
  const terms = {
    baseline: [["label", "CE", losses.ceTeacher]],
    "stochastic-depth": [["label", "CE_S", losses.ceStudent]],
    "self-guidance": [
      ["label", "CE_S", losses.ceStudent],
      ["label", "CE_T", losses.ceTeacher],
      ["distill", "λτ² KL", weight * losses.distill],
    ],
    "without-backward-full": [
      ["label", "CE_S", losses.ceStudent],
      ["distill", "λτ² KL", weight * losses.distill],
    ],
  }[method];
  return [
    "loss = ",
    ...terms.flatMap(([role, name, value], i) => [
      i ? " + " : "",
      html("span", { class: `sg-${role}` }, ...words(name), ` ${fixed(value, 2)}`),
    ]),
  ];
}
