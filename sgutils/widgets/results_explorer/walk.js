// Walking along curves, by pointer and by arrow keys: the point that is met tells its story.

import { attr, svg } from "../lib/dom.js";
import { clamp } from "../lib/math.js";

// How near a curve has to be for the pointer to mean it; across counts half as much as down.
const REACH = 80;

// { cursor, field, show(lines) }: two nodes for the drawing, and a way to say what there is to walk along: a list of
// { points: [[x, y], ...], role: [class, style], said: (i) => words }.
export function curveWalk(tell) {
  const cursor = svg(
    "g",
    { class: "sg-cursor", visibility: "hidden" },
    svg("circle", { class: "sg-shape sg-hollow", r: 5 }),
  );
  const field = svg("rect", { class: "sg-grip sg-field", tabindex: 0, role: "img" });
  let [lines, at] = [[], [0, 0]];

  const meet = ([line, i]) => {
    if (!lines.length) return;
    const chosen = clamp(line, 0, lines.length - 1);
    const { points, role, said } = lines[chosen];
    at = [chosen, clamp(i, 0, points.length - 1)];
    attr(cursor, {
      class: `sg-cursor ${role[0]}`,
      style: role[1] || null,
      visibility: null,
      transform: `translate(${points[at[1]].map((value) => value.toFixed(1)).join(" ")})`,
    });
    tell(said(at[1]));
  };
  const nearest = (x, y) => {
    let [best, found] = [REACH, null];
    lines.forEach(({ points }, line) =>
      points.forEach(([px, py], i) => {
        const apart = Math.hypot(px - x, 2 * (py - y));
        if (apart < best) [best, found] = [apart, [line, i]];
      }),
    );
    return found;
  };
  field.addEventListener("pointermove", (event) => {
    const box = field.getBoundingClientRect();
    const [left, top] = ["x", "y"].map((name) => Number(field.getAttribute(name)));
    const found = nearest(event.clientX - box.left + left, event.clientY - box.top + top);
    if (found) meet(found);
  });
  field.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") field.dispatchEvent(new PointerEvent("pointermove", event));
  });
  field.addEventListener("focus", () => {
    if (field.matches(":focus-visible")) meet([at[0], Infinity]);
  });
  field.addEventListener("keydown", (event) => {
    const [line, i] = at;
    const to = {
      ArrowRight: [line, i + 1],
      ArrowLeft: [line, i - 1],
      ArrowUp: [line - 1, i],
      ArrowDown: [line + 1, i],
      Home: [line, 0],
      End: [line, Infinity],
    }[event.key];
    if (!to || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    meet(to);
  });
  return {
    cursor,
    field,
    show(next) {
      lines = next;
      attr(cursor, { visibility: "hidden" });
    },
  };
}
