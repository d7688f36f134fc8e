// The map of a network that trains in the kernel: it draws where the kernel says that the points lie.

import { cloud, paintClasses, paintLegend } from "../lib/cloud.js";
import { choice, slider } from "../lib/controls.js";
import { attr, frame, html, painter, picture, svg, text } from "../lib/dom.js";

function render({ model, el }) {
  const { classes, labels, side, pixels } = model.get("images");
  const shades = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const pixelsOf = labels.map((_, i) => shades.subarray(i * side * side, (i + 1) * side * side));
  let [pointed, image, color] = [null, 0, "class"];

  const { el: mapEl, svg: drawing, size, width } = picture();
  const moment = svg("text", { class: "sg-moment", x: 0, y: 18 });
  const points = svg("g");
  drawing.append(moment, points);
  const paintCloud = cloud(points, {
    side,
    classes,
    choose(i, { sure }) {
      if (sure) image = i;
      if (i === pointed && !sure) return;
      pointed = i;
      repaint();
    },
  });
  const colors = choice({
    label: "colour",
    options: [
      ["class", "class"],
      ["network", "network"],
    ],
    onChange: (value) => {
      color = value;
      repaint();
    },
  });
  const images = slider({
    label: "image",
    min: 0,
    max: labels.length - 1,
    step: 1,
    say: (i) => `${i + 1}: ${classes[labels[i]]}`,
    onInput: (i) => {
      image = i;
      repaint();
    },
  });
  const legend = html("div", { class: "sg-marks-legend" });
  const classLegend = html("div", { class: "sg-marks-legend sg-small-legend" });
  const measures = html("p", { class: "sg-note" });
  const root = frame(
    el,
    "feature-map",
    html("div", { class: "sg-controls" }, colors.el, images.el),
    legend,
    mapEl,
    classLegend,
    measures,
  );

  const [repaint, stop] = painter(root, () => {
    const networks = model.get("networks");
    const bytes = model.get("positions");
    const y = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const roles = networks.map(({ role }) => role);
    const across = width();
    const down = Math.round(Math.min(520, across * 0.92));
    size(across, down);
    colors.show(color);
    images.show(image);
    text(moment, model.get("moment"));
    text(measures, model.get("measures"));
    paintLegend(
      legend,
      networks.map(({ name }) => name),
      roles,
      color === "class",
    );
    paintClasses(classLegend, classes, color === "class");
    const whole = y.length > 0 && y.length === 2 * networks.length * labels.length;
    attr(points, { visibility: whole ? null : "hidden" });
    const shown = pointed ?? image;
    if (whole)
      paintCloud({ y, labels, roles, byClass: color === "class", across, down, image: shown, pixels: pixelsOf[shown] });
    attr(drawing, {
      "aria-label": `Map of ${labels.length} images as ${networks.map(({ name }) => name).join(" and ")} see them. Pointed out: image ${shown + 1}, ${classes[labels[shown]]}.`,
    });
  });
  const told = ["positions", "networks", "moment", "measures"].map((name) => `change:${name}`);
  for (const event of told) model.on(event, repaint);
  return () => {
    for (const event of told) model.off(event, repaint);
    stop();
  };
}

export default { render };
