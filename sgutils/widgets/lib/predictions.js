// What two networks say of one image: two bars a class, and an outline where the label is.

import { attr, each, svg, text } from "./dom.js";
import { linear } from "./scale.js";
import { percent } from "./words.js";

// Room to the right of the longest bar, for its number.
const NUMBER = 44;

// { nodes, paint(...) }: what belongs into a drawing, and how it is painted there.
export function classBars(classes) {
  const [rows, goal] = [svg("g"), svg("rect", { class: "sg-line sg-label sg-goal" })];
  const make = () => svg("g", {}, svg("text"), svg("rect"), svg("text"), svg("rect"), svg("text"));
  return {
    nodes: [goal, rows],
    // `sides` are [{ p, look }, ...]: probabilities, or null where nothing is known, and the class of their colour. From
    // (x, y) on there are `width` pixels, `names` of them for the classes' names, and `pitch` down for each class.
    paint(sides, label, { x, y, width, names, pitch }) {
      const bar = linear([0, 1], [0, width - names - NUMBER]);
      attr(goal, {
        visibility: label === null ? "hidden" : null,
        x: x + names - 2.5,
        y: y + (label ?? 0) * pitch - 0.5,
        width: bar.at(1) + 5,
        height: pitch,
        rx: 4,
      });
      each(rows, classes, make, (node, name, k) => {
        const [said, ...parts] = node.childNodes;
        const top = y + k * pitch;
        const labelled = k === label;
        attr(text(said, name), {
          x: x + names - 8,
          y: top + pitch / 2 + 4,
          class: labelled ? "sg-end sg-label sg-strong" : "sg-end sg-soft",
        });
        sides.forEach(({ p, look }, i) => {
          const [rect, number] = parts.slice(2 * i, 2 * i + 2);
          const thick = (pitch - 6) / 2;
          const at = top + 2 + i * (thick + 1);
          const share = p ? p[k] : 0;
          attr(rect, {
            class: `sg-fill sg-share ${look}`,
            x: x + names,
            y: at,
            height: thick,
            width: p ? Math.max(1, bar.at(share)) : 0,
          });
          attr(text(number, p && share === Math.max(...p) ? percent(share) : ""), {
            class: `sg-tiny sg-strong ${look}`,
            x: x + names + (labelled ? bar.at(1) + 8 : bar.at(share) + 5),
            y: at + thick / 2 + 4,
          });
        });
      });
    },
  };
}
