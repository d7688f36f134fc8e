// The network: a branch with a gate for each block, and the shortcut around it.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { switchRow } from "../lib/switches.js";
import { columns } from "./layout.js";

const BRANCH = 46; // height of the branches in the picture
const SHORTCUT = 96;
const PLUS = 7; // radius
const ROOMY = 88; // a block this wide has room for names

export function networkPicture({ toggle }) {
  const drawing = picture({ handles: true });
  const lines = svg("path", { class: "sg-line sg-outline" });
  const way = svg("path", { class: "sg-line sg-way sg-student" });
  const branches = svg("g");
  const sums = svg("g");
  const names = svg("g");
  const row = switchRow({ name: (l) => `Block ${l + 1}`, onToggle: toggle });
  attr(row.node, { class: "sg-student" });
  drawing.svg.append(lines, branches, way, sums, row.node, names);

  return {
    el: drawing.el,
    // `chosen` is the path that is shown in the network, or null.
    paint({ gates, kind, chosen }) {
      const width = drawing.width();
      const place = columns(width, gates.length);
      const chain = kind === "chain";
      const height = chain ? BRANCH : SHORTCUT;
      drawing.size(width, SHORTCUT + 26);
      attr(lines, {
        d: `M${place.start},${height}H${place.end}`,
        class: `sg-line sg-outline${chain ? " sg-hidden" : ""}`,
      });
      each(
        branches,
        gates,
        () => svg("path", { class: "sg-line" }),
        (path, gate, l) => {
          const d = chain ? `M${place.at(l)},${BRANCH}H${place.at(l + 1)}` : aroundAndIn(place, l);
          attr(path, { d, class: `sg-line ${gate ? "sg-outline" : "sg-closed"}` });
        },
      );
      attr(way, { d: chosen ? route(place, chosen, chain) : "M0,0" });
      each(
        sums,
        chain ? [] : gates,
        () => svg("g", {}, svg("circle", { r: PLUS, class: "sg-plus" }), svg("text", { class: "sg-mid" }, "+")),
        (sum, _, l) => attr(sum, { transform: `translate(${place.at(l, 0.86)}, ${SHORTCUT})` }),
      );
      for (const sum of sums.childNodes) attr(sum.lastChild, { y: 4.5 });
      row.paint(gates, (l) => ({ x: place.at(l, 0.46), y: BRANCH, side: place.side, pitch: 0.8 * place.pitch }));
      const roomy = place.pitch >= ROOMY;
      const words = [
        { x: 0, y: height + (place.narrow ? 20 : 4), said: "image", class: "sg-small" },
        { x: width, y: height + (place.narrow ? 20 : 4), said: "prediction", class: "sg-small sg-end" },
      ];
      gates.forEach((gate, l) => {
        const index = "₁₂₃₄₅"[l];
        const middle = place.at(l, 0.46);
        const wide = roomy && l === 0;
        const named = place.pitch < 60 ? "" : `${wide ? "gate " : ""}g${index} = `;
        words.push(
          { x: middle, y: BRANCH - 24, said: `${wide ? "branch " : ""}f${index}`, class: "sg-mid sg-small" },
          { x: middle, y: BRANCH + 31, said: `${named}${gate}`, class: "sg-mid sg-small sg-soft" },
        );
      });
      if (roomy && !chain)
        words.push({ x: place.at(0, 0.46), y: SHORTCUT + 18, said: "shortcut", class: "sg-mid sg-small sg-soft" });
      each(
        names,
        words,
        () => svg("text"),
        (node, word) => text(attr(node, { x: word.x, y: word.y, class: `sg-halo ${word.class}` }), word.said),
      );
      attr(drawing.svg, { "aria-label": `A ${chain ? "chain" : "residual network"} of ${gates.length} blocks` });
    },
  };
}

// From the shortcut up through the branch of a block, and down to the sum.
function aroundAndIn(place, l) {
  return `M${place.at(l)},${SHORTCUT}C${place.at(l, 0.2)},${SHORTCUT} ${place.at(l, 0.04)},${BRANCH} ${place.at(l, 0.3)},${BRANCH}H${place.at(l, 0.62)}C${place.at(l, 0.84)},${BRANCH} ${place.at(l, 0.86)},${BRANCH + 14} ${place.at(l, 0.86)},${SHORTCUT - PLUS}V${SHORTCUT}`;
}

function route(place, way, chain) {
  if (chain) return `M${place.start},${BRANCH}H${place.end}`;
  const steps = way.map((through, l) =>
    through ? aroundAndIn(place, l) : `M${place.at(l)},${SHORTCUT}H${place.at(l, 0.86)}`,
  );
  return steps.map((step, l) => `${step}H${place.at(l + 1)}`).join("");
}
