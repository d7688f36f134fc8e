// The scene: an image, the two networks that look at it, their predictions, and the pull between them.

import { attr, picture, svg, text } from "../lib/dom.js";
import { crossEntropy, distillationKl, softmax, sum } from "../lib/math.js";
import { classBars } from "../lib/predictions.js";
import { thumbnail } from "../lib/thumbnail.js";
import { fixed, percent } from "../lib/words.js";
import { narrowLayout, wideLayout } from "./layouts.js";
import { twoNetworks } from "./networks.js";

const NETS = ["teacher", "student"];

export function scenePicture(recording, onToggle) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const { classes, survival } = recording;
  const wires = byNet((net) => svg("path", { class: `sg-line sg-wire-${net} sg-${net}` }));
  const photo = thumbnail(null, recording.side, 1);
  const label = svg("text", { class: "sg-label sg-strong" });
  const networks = twoNetworks(survival, onToggle);
  const pulses = byNet((net) => svg("circle", { class: `sg-pulse sg-fill sg-${net}`, r: 5, visibility: "hidden" }));
  const pull = pullArrow();
  const bars = classBars(classes);
  const losses = svg("text", { class: "sg-small sg-end" });
  drawing.append(...Object.values(wires), photo, label, ...networks.nodes);
  drawing.append(...Object.values(pulses), pull.node, ...bars.nodes, losses);

  // `gates` is the student in the row, `arrived` the one whose prediction is on show; `random` says that it was drawn.
  const paint = (image, { gates, arrived, random }) => {
    const across = width();
    const place = across >= 600 ? wideLayout(across) : narrowLayout(across);
    size(across, place.height);
    attr(wires.teacher, { d: place.wire(place.teacherY, 0) });
    attr(wires.student, { d: place.wire(place.studentY, 1) });
    photo.show(image.pixels);
    attr(photo, { x: place.photo.x, y: place.photo.y, width: place.photo.side, height: place.photo.side });
    attr(text(label, `label: ${classes[image.label]}`), { ...place.label });
    networks.paint(gates, random, place, across);

    const logits = { teacher: image.teacher, student: image.students(arrived) };
    const kl = distillationKl(logits.student, logits.teacher, 1);
    pull.paint(kl, place.pull);
    const p = byNet((net) => softmax(logits[net]));
    const sides = NETS.map((net) => ({ p: p[net], look: `sg-${net}` }));
    bars.paint(sides, image.label, { ...place.chart, names: 80 });
    const ce = byNet((net) => fixed(crossEntropy(logits[net], image.label), 2));
    losses.replaceChildren(
      svg("tspan", { class: "sg-label sg-strong" }, across < 280 ? "CE" : "cross-entropy"),
      across >= 820 ? " with the label: " : ": ",
      svg("tspan", { class: "sg-teacher sg-strong" }, `teacher ${ce.teacher}`),
      ", ",
      svg("tspan", { class: "sg-student sg-strong" }, `student ${ce.student}`),
    );
    attr(losses, { x: across, y: place.chart.y + classes.length * place.chart.pitch + 16 });
    const says = byNet((net) => {
      const best = Math.max(...p[net]);
      return `${classes[p[net].indexOf(best)]}, ${percent(best)}`;
    });
    attr(drawing, {
      "aria-label":
        `An image of class ${classes[image.label]}. The teacher says ${says.teacher}; a student with ${sum(arrived)} of ` +
        `${survival.length} blocks says ${says.student}; the KL between them is ${fixed(kl, 2)}.`,
    });
  };

  // The pulses on their way, from 0 at the image to 1 at the predictions.
  const pulse = (way) => {
    if (!wires.teacher.hasAttribute("d")) return; // not painted yet
    for (const [net, dot] of Object.entries(pulses)) {
      const path = wires[net];
      const at = path.getPointAtLength(way * path.getTotalLength());
      attr(dot, { cx: at.x.toFixed(1), cy: at.y.toFixed(1), visibility: way > 0 && way < 1 ? null : "hidden" });
    }
  };
  return { el, paint, pulse };
}

function byNet(make) {
  return Object.fromEntries(NETS.map((net) => [net, make(net)]));
}

// The arrow from the student to the teacher, as thick as the KL is large.
function pullArrow() {
  const node = svg(
    "g",
    { class: "sg-distill sg-pull" },
    svg("path", { class: "sg-line" }),
    svg("path", { class: "sg-head" }),
    svg("text", { class: "sg-halo sg-strong sg-distill" }),
  );
  const paint = (kl, { x, from, to, anchor, short }) => {
    const [line, head, value] = node.childNodes;
    const thick = Math.min(9, 1.5 + 3.5 * Math.sqrt(kl));
    const tip = to + (from > to ? 1 : -1) * 4;
    const neck = tip + (from > to ? 1 : -1) * (8 + thick);
    attr(line, { d: `M${x},${from}V${neck}`, style: `stroke-width: ${thick.toFixed(1)}px` });
    attr(head, { d: `M${x},${tip}L${x - 5 - thick},${neck}H${x + 5 + thick}Z` });
    const beside = x + (anchor === "end" ? -14 - thick / 2 : 14 + thick / 2);
    attr(text(value, `${short ? "" : "pull: "}KL ${fixed(kl, 2)}`), {
      x: beside,
      y: (from + to) / 2 - (anchor === "end" ? 8 : 0),
      "text-anchor": anchor,
    });
  };
  return { node, paint };
}
