// How large the logits become on the way: training keeps them in bounds, or they run away.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { linear, logarithmic } from "../lib/scale.js";
import { fixed } from "../lib/words.js";
import { isLost, LOST, STEPS } from "./journey.js";

const [LEFT, TOP, FLOOR] = [34, 44, 142];

export function sizePicture() {
  const { el, svg: drawing, size, width } = picture();
  const title = svg("text", { y: 12 });
  const [levels, steps] = [svg("g"), svg("g")];
  const line = svg("path", { class: "sg-line sg-teacher" });
  const end = svg("circle", { class: "sg-fill sg-teacher", r: 4.5 });
  const verdict = svg("text", { class: "sg-small sg-halo sg-end" });
  drawing.append(title, levels, steps, line, end, verdict);

  const paint = (path) => {
    const across = width();
    const right = across - 6;
    size(across, FLOOR + 36);
    const [x, y] = [linear([0, STEPS], [LEFT, right]), logarithmic([1, LOST], [FLOOR, TOP])];
    title.replaceChildren("Largest logit of the ", svg("tspan", { class: "sg-teacher sg-strong" }, "teacher"));
    each(
      levels,
      y.ticks(4),
      () => svg("g", {}, svg("line", { class: "sg-axis" }), svg("text", { class: "sg-soft sg-small sg-end" })),
      (node, value) => {
        attr(node.firstChild, { x1: LEFT, x2: right, y1: y.at(value), y2: y.at(value) });
        attr(text(node.lastChild, String(value)), { x: LEFT - 6, y: y.at(value) + 4 });
      },
    );
    const marks = [
      ...x.ticks(4).map((step) => [String(step), x.at(step), 16, "sg-mid"]),
      ["steps", right, 32, "sg-end"],
    ];
    each(
      steps,
      marks,
      () => svg("text"),
      (node, [said, at, down, look]) =>
        attr(text(node, said), { x: at, y: FLOOR + down, class: `sg-soft sg-small ${look}` }),
    );
    const places = path.map(({ largest }, step) => [x.at(step), y.at(Math.min(LOST, Math.max(1, largest)))]);
    const [atX, atY] = places.at(-1);
    attr(line, { d: `M${places.map((at) => at.map((value) => value.toFixed(1)).join()).join("L")}` });
    attr(end, { cx: atX.toFixed(1), cy: atY.toFixed(1) });
    const words = verdictOf(path);
    attr(text(verdict, words), { x: right, y: 30 });
    attr(drawing, { "aria-label": `Largest logit of the teacher after ${path.length - 1} steps: ${words}` });
  };
  return { el, paint };
}

function verdictOf(path) {
  const { largest, right } = path.at(-1);
  if (isLost(path)) return `run away after ${path.length - 1} steps`;
  return `${fixed(largest, 1)}; ${right} of 3 images right`;
}
