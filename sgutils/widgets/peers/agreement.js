// Agreement is cheap: how much the networks agree, and how much of it is the label, over the whole journey.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { softmax, sum } from "../lib/math.js";
import { linear, root } from "../lib/scale.js";
import { percent } from "../lib/words.js";
import { JOURNEY } from "./lessons.js";
import { agreement } from "./methods.js";

const [LEFT, TOP, FLOOR] = [34, 28, 118];
// Most happens in the first steps, which the root spreads apart.
const STEPS = [0, 10, 50, 100, 200];
const LINES = [
  { role: "distill", of: ({ agreed }) => agreed },
  { role: "label", of: ({ known }) => known },
];

export function agreementPicture() {
  const { el, svg: drawing, size, width } = picture();
  const [levels, steps, lines, marks] = Array.from({ length: 4 }, () => svg("g"));
  const title = svg("text", { class: "sg-small", y: 12 });
  drawing.append(title, levels, steps, lines, marks);

  // `path` is the journey as far as the reader knows it, of which `at` steps are on show.
  const paint = (path, label, at) => {
    const across = width();
    const right = across - 6;
    size(across, FLOOR + 34);
    const [x, y] = [root([0, JOURNEY], [LEFT, right]), linear([0, 1], [FLOOR, TOP])];
    const shares = path.map(({ logits }) => ({
      agreed: agreement(logits),
      known: sum(logits.map((z) => softmax(z)[label])) / logits.length,
    }));
    title.replaceChildren(
      svg("tspan", { class: "sg-distill sg-strong" }, `Agree: ${percent(shares[at].agreed)}`),
      ", ",
      svg("tspan", { class: "sg-label sg-strong" }, `say the label: ${percent(shares[at].known)}`),
    );
    each(
      levels,
      [0, 0.5, 1],
      () => svg("g", {}, svg("line", { class: "sg-axis" }), svg("text", { class: "sg-soft sg-small sg-end" })),
      (node, share) => {
        attr(node.firstChild, { x1: LEFT, x2: right, y1: y.at(share), y2: y.at(share) });
        attr(text(node.lastChild, String(100 * share)), { x: LEFT - 6, y: y.at(share) + 4 });
      },
    );
    each(
      steps,
      [...STEPS.map((step) => [String(step), x.at(step), 16, "sg-mid"]), ["steps; %", right, 30, "sg-end"]],
      () => svg("text"),
      (node, [said, to, down, look]) =>
        attr(text(node, said), { x: to, y: FLOOR + down, class: `sg-soft sg-small ${look}` }),
    );
    each(
      lines,
      LINES,
      ({ role }) => svg("path", { class: `sg-line sg-${role}` }),
      (node, { of }) => {
        const places = shares.map((share, step) => `${x.at(step).toFixed(1)},${y.at(of(share)).toFixed(1)}`);
        attr(node, { d: `M${places.join("L")}` });
      },
    );
    each(
      marks,
      LINES,
      ({ role }) => svg("circle", { class: `sg-fill sg-${role}`, r: 4.5 }),
      (node, { of }) => attr(node, { cx: x.at(at).toFixed(1), cy: y.at(of(shares[at])).toFixed(1) }),
    );
    const said = [...new Set([at, shares.length - 1])].map(
      (step) =>
        `After ${step} steps: agreement ${percent(shares[step].agreed)}, probability of the label ${percent(shares[step].known)}.`,
    );
    attr(drawing, { "aria-label": said.join(" ") });
  };
  return { el, paint };
}
