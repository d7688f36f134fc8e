// What the whole network says of the image, and what it says with these gates.

import { attr, picture, svg, text } from "../lib/dom.js";
import { softmax } from "../lib/math.js";
import { classBars } from "../lib/predictions.js";
import { percent } from "../lib/words.js";
import { COLORS } from "./networks.js";

const [TOP, PITCH, NAMES] = [40, 24, 78];

export function predictionPicture({ classes }) {
  const { el, svg: drawing, size, width } = picture();
  el.classList.add("sg-live-chart");
  const titles = [
    svg("text", { class: "sg-strong sg-small", x: 0, y: 14 }),
    svg("text", { class: "sg-strong sg-small sg-student", x: 0, y: 30 }),
  ];
  const bars = classBars(classes);
  drawing.append(...titles, ...bars.nodes);
  // `waitsFor` says why there is nothing of these gates, where that is so.
  const paint = ({ network, own, reference, label, waitsFor }) => {
    size(width(), TOP + classes.length * PITCH + 4);
    attr(text(titles[0], `whole network, ${network === "baseline" ? "g = 1" : "g = p"}`), {
      class: `sg-strong sg-small ${COLORS[network]}`,
    });
    text(titles[1], own ? "with these gates" : `with these gates: ${waitsFor}`);
    const sides = [
      { p: reference && softmax(reference), look: COLORS[network] },
      { p: own && softmax(own), look: "sg-student" },
    ];
    bars.paint(sides, label, { x: 0, y: TOP, width: width(), names: NAMES, pitch: PITCH });
    const [whole, these] = sides.map(({ p }) => spoken(classes, p));
    attr(drawing, { "aria-label": `The whole network says ${whole}; with these gates it says ${these}.` });
  };
  return { el, paint };
}

function spoken(classes, p) {
  if (!p) return "nothing yet";
  const best = Math.max(...p);
  return `${classes[p.indexOf(best)]}, ${percent(best)}`;
}
