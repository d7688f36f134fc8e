// The size of the pull against the temperature.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { draggable } from "../lib/handles.js";
import { clamp, norm } from "../lib/math.js";
import { linear, logarithmic, written } from "../lib/scale.js";
import { fixed } from "../lib/words.js";
import { COLD, HOT, pullOn } from "./pull.js";

// The size of the pull against tau, with and without the factor; the marker can be dragged.
export function curvePicture(getState) {
  const { el, svg: drawing, size, width } = picture();
  const [TOP, FLOOR, LEFT] = [40, 178, 30];
  const lines = { scaled: "with τ²", plain: "without" };
  const title = svg("text", { y: 14 }, "Size of that pull at every τ");
  const [ticks, levels, curves] = [svg("g"), svg("g"), svg("g")];
  const marker = svg(
    "g",
    {},
    svg("rect", { class: "sg-grip", y: TOP - 10, width: 44, x: -22, height: FLOOR - TOP + 24 }),
    svg("line", { class: "sg-marker", y1: TOP - 6, y2: FLOOR }),
    svg("circle", { r: 5 }),
  );
  drawing.append(title, levels, ticks, curves, marker);
  let x = logarithmic([COLD, HOT], [LEFT, LEFT + 1]);
  draggable(marker, drawing, (place) => {
    getState().set({ tau: Math.round(clamp(x.from(place), COLD, HOT) * 100) / 100 });
  });

  const paint = ({ points }) => {
    const state = getState();
    const across = width();
    size(across, FLOOR + 36);
    const right = across - 58;
    const highest = Math.max(...points.map(({ scaled, plain }) => Math.max(scaled, plain)));
    x = logarithmic([COLD, HOT], [LEFT, right]);
    const y = linear([0, Math.max(highest, 0.05)], [FLOOR, TOP]);

    each(
      ticks,
      x.ticks(6),
      () => svg("text", { class: "sg-soft sg-small sg-mid", y: FLOOR + 16 }),
      (node, tau) => attr(text(node, String(tau)), { x: x.at(tau) }),
    );
    each(
      levels,
      written(highest > 0.05 ? y.ticks(4) : [0]),
      () =>
        svg("g", {}, svg("line", { class: "sg-axis" }), svg("text", { class: "sg-soft sg-small sg-end", x: LEFT - 6 })),
      (node, [value, said]) => {
        attr(node.firstChild, { x1: LEFT, x2: right, y1: y.at(value), y2: y.at(value) });
        attr(text(node.lastChild, said), { y: y.at(value) + 4 });
      },
    );
    const chosen = state.get("tau_squared") ? "scaled" : "plain";
    const ends = points.at(-1);
    const apart = Math.abs(y.at(ends.scaled) - y.at(ends.plain)) > 14;
    each(
      curves,
      Object.keys(lines),
      () => svg("g", {}, svg("path", { class: "sg-line" }), svg("text", { class: "sg-small" })),
      (node, kind) => {
        attr(node, { class: kind === chosen ? "sg-distill" : "sg-other" });
        const [path, name] = node.childNodes;
        attr(path, {
          d: `M${points.map((point) => `${x.at(point.tau).toFixed(1)},${y.at(point[kind]).toFixed(1)}`).join("L")}`,
        });
        attr(text(name, lines[kind]), {
          x: right + 6,
          y: y.at(ends[kind]) + (apart ? 4 : kind === "scaled" ? -4 : 10),
        });
      },
    );
    const now = norm(pullOn(state.get("student"), state.get("teacher"), state.get("tau"), state.get("tau_squared")));
    attr(marker, { transform: `translate(${x.at(state.get("tau")).toFixed(1)} 0)` });
    attr(marker.lastChild, { cy: y.at(now), class: "sg-fill sg-distill" });
    attr(drawing, {
      "aria-label":
        `Size of the pull against temperature: ${fixed(now, 2)} at τ = ${fixed(state.get("tau"), 2)}; ` +
        `at τ = 20 it is ${fixed(ends.scaled, 2)} with the factor τ² and ${fixed(ends.plain, 3)} without.`,
    });
  };
  return { el, paint };
}
