// Test errors of both networks with these gates, among those of all their students.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { linear } from "../lib/scale.js";
import { percent } from "../lib/words.js";
import { COLORS, NAMES, NETWORKS } from "./networks.js";

// For each network how many of the test images it gets wrong with these gates, before the pile of all its students, each
// as heavy as it is likely to be drawn.
export function errorPicture({ wrong, testImages, survival }, whole) {
  const { el, svg: drawing, size, width } = picture();
  el.classList.add("sg-live-errors");
  const bins = 40;
  const piles = NETWORKS.map((name) => {
    const heavy = new Array(bins).fill(0);
    for (let n = 0; n < 2 ** survival.length; n += 1) {
      // Block 1 is the highest bit.
      const chance = survival.reduce(
        (product, p, l) => product * ((n >> (survival.length - 1 - l)) & 1 ? p : 1 - p),
        1,
      );
      heavy[Math.min(bins - 1, Math.floor((bins * wrong[name][n]) / testImages))] += chance;
    }
    return heavy;
  });
  const highest = Math.max(...piles.flat());
  const place = (gates) => (gates === "p" ? 2 ** survival.length : parseInt(gates, 2));
  const rows = NETWORKS.map((name) => {
    const parts = {
      title: svg("text", { class: "sg-small", x: 0 }),
      pile: svg("path", { class: "sg-fill sg-live-pile" }),
      mark: svg("path", { class: "sg-line" }),
      axis: svg("path", { class: "sg-line sg-axis" }),
      now: svg("circle", { r: 6 }),
    };
    drawing.append(svg("g", { class: COLORS[name] }, ...Object.values(parts)));
    return parts;
  });
  const ticks = svg("g");
  const legend = svg("g");
  drawing.append(ticks, legend);
  const paint = (gates, measuredOf) => {
    const across = width();
    const [left, right] = [6, across - 10];
    const x = linear([0, 1], [left, right]);
    size(across, 194);
    const counts = NETWORKS.map(measuredOf).filter(Boolean);
    const counted = Math.min(...NETWORKS.map((name) => measuredOf(name)?.done ?? 0));
    const spoken = NETWORKS.map((name, i) => {
      const base = 62 + i * 70;
      const { title, pile, mark, axis, now } = rows[i];
      const count = measuredOf(name);
      const done = count?.done === testImages;
      const share = (done ? count.wrong : wrong[name][place(gates)]) / testImages;
      const ofWhole = wrong[name][place(whole(name))] / testImages;
      title.replaceChildren(
        svg("tspan", { class: "sg-strong sg-live-name" }, `${NAMES[name]}: ${percent(share, 1)}`),
        ` (whole ${percent(ofWhole, 1)})`,
      );
      attr(title, { y: base - 44 });
      const wide = (right - left) / bins;
      attr(pile, {
        d:
          piles[i]
            .map((n, b) =>
              n
                ? `M${(left + b * wide).toFixed(1)},${base}v${((-36 * n) / highest).toFixed(1)}h${(wide - 1).toFixed(1)}V${base}Z`
                : "",
            )
            .join("") || "M0,0",
      });
      attr(axis, { d: `M${left},${base}H${right}` });
      attr(mark, { d: `M${x.at(ofWhole).toFixed(1)},${base + 7}V${base - 38}` });
      attr(now, {
        cx: x.at(share).toFixed(1),
        cy: base,
        class: done ? "sg-fill sg-live-now" : "sg-hollow sg-live-now",
      });
      return `${NAMES[name]} ${percent(share, 1)}`;
    });
    each(
      ticks,
      [0, 0.25, 0.5, 0.75, 1],
      () => svg("text", { class: "sg-tiny sg-soft sg-mid" }),
      (node, share) => {
        attr(text(node, share === 1 ? "100 %" : String(100 * share)), {
          x: x.at(share),
          y: 148,
          class: `sg-tiny sg-soft ${share === 1 ? "sg-end" : "sg-mid"}`,
        });
      },
    );
    const how = counted === testImages ? "counted here" : counts.length ? `${counted} counted here` : "recorded";
    each(
      legend,
      [`wrong of ${testImages} test images, ${how}`, "line: whole network; behind: its students"],
      () => svg("text", { class: "sg-tiny sg-soft sg-end" }),
      (node, words, i) => attr(text(node, words), { x: right, y: 166 + 16 * i }),
    );
    attr(drawing, { "aria-label": `Wrong of ${testImages} test images with these gates: ${spoken.join(", ")}.` });
  };
  return { el, paint };
}
