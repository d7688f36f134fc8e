// The row of switches with the gate of each block.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { sum } from "../lib/math.js";
import { switchRow } from "../lib/switches.js";
import { fixed } from "../lib/words.js";

// Whose gates these are: a role, a name, and what there is to say of them.
function titleOf(network, gates, running, blocks) {
  if (gates === "p") {
    return network === "baseline"
      ? ["sg-teacher", "Weighted", " as it never was in training"]
      : ["sg-teacher", "Teacher", ": each block weighted by its survival"];
  }
  if (running === blocks) return ["sg-student", "All blocks", ", each in full"];
  return ["sg-student", "Student", `: ${running} of ${blocks} blocks run`];
}

// The row of switches, the gate of each block beneath it, and the three stages beneath those.
export function blockSwitches(survival, onToggle) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const blocks = survival.length;
  const title = svg("text", { y: 14 });
  const name = svg("tspan", { class: "sg-strong" });
  const what = svg("tspan");
  title.append(name, what);
  const wire = svg("path", { class: "sg-line sg-axis" });
  const sub = switchRow({ name: (l) => `block ${l + 1}`, onToggle });
  const [values, stages] = [svg("g"), svg("g")];
  drawing.append(title, wire, sub.node, values, stages);
  el.classList.add("sg-live-blocks");
  const paint = (network, gates) => {
    const across = width();
    size(across, 122);
    const pitch = (across - 8) / blocks;
    const middle = (l) => 4 + pitch * (l + 0.5);
    const side = Math.min(30, pitch - 6);
    const teacher = gates === "p";
    const running = teacher ? blocks : sum([...gates].map(Number));
    const [role, ...said] = titleOf(network, gates, running, blocks);
    attr(text(name, said[0]), { class: `sg-strong ${role}` });
    text(what, said[1]);
    if (title.getComputedTextLength() > across) text(what, ": weighted by survival");
    attr(wire, { d: `M0,52H${across}` });
    attr(sub.node, { class: teacher ? "sg-teacher sg-live-weighted" : "sg-student" });
    sub.paint(teacher ? survival : [...gates].map(Number), (l) => ({ x: middle(l), y: 52, side, pitch }));
    // The teacher's blocks are shaded by how often they survive.
    sub.node.childNodes.forEach((glyph, l) =>
      glyph.style.setProperty("--sg-shade", `${Math.round(100 * (teacher ? survival[l] - 0.12 : 1))}%`),
    );
    each(
      values,
      survival,
      () => svg("text", { class: "sg-tiny sg-mid sg-soft" }),
      (node, survive, l) => {
        attr(text(node, teacher ? fixed(survive, 2) : gates[l]), { x: middle(l), y: 86 });
      },
    );
    each(
      stages,
      ["16", "32", "64"],
      () => svg("g", {}, svg("path", { class: "sg-line sg-axis" }), svg("text", { class: "sg-tiny sg-mid sg-soft" })),
      (node, channels, i) => {
        const [line, said] = node.childNodes;
        const [from, to] = [4 + (across - 8) * (i / 3) + 6, 4 + (across - 8) * ((i + 1) / 3) - 6];
        attr(line, { d: `M${from},94V98H${to}V94` });
        attr(text(said, `${channels} channels`), { x: (from + to) / 2, y: 113 });
      },
    );
  };
  return { el, paint };
}
