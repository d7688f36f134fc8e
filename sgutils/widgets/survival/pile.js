// How many blocks the students run: those that were drawn, against the exact distribution.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { expectedDepth, poissonBinomial, sum } from "../lib/math.js";
import { linear } from "../lib/scale.js";
import { fixed } from "../lib/words.js";

// The depths of the students drawn, against the exact distribution.
export function pilePicture() {
  const { el, svg: drawing, size, width } = picture();
  const [TOP, FLOOR, LEFT] = [34, 176, 34];
  const title = svg("text", { y: 14 });
  const [piles, ticks] = [svg("g", { class: "sg-student" }), svg("g")];
  const outline = svg("path", { class: "sg-line sg-outline" });
  const named = svg("text", { class: "sg-small sg-halo" });
  const mean = svg("g", {}, svg("line", { class: "sg-marker", y1: TOP, y2: FLOOR + 4 }));
  const axis = svg("line", { class: "sg-axis", x1: LEFT, y1: FLOOR, y2: FLOOR });
  const axisName = svg("text", { class: "sg-soft sg-small sg-end", y: FLOOR + 33 }, "blocks that run");
  drawing.append(title, piles, axis, mean, outline, named, ticks, axisName);

  const paint = (p, students, newest) => {
    const across = width();
    size(across, FLOOR + 38);
    const mass = poissonBinomial(p);
    const counts = mass.map(() => 0);
    for (const gates of students) counts[sum(gates)] += 1;
    // Before there are many, the outline shows what thirty students would look like, for the pile to grow into.
    const expectedOf = Math.max(students.length, 30);
    const expected = mass.map((m) => m * expectedOf);
    const highest = Math.max(...counts, ...expected);
    const x = linear([-0.5, mass.length - 0.5], [LEFT, across - 8]);
    const y = linear([0, highest], [FLOOR, TOP]);
    const pitch = x.at(1) - x.at(0);
    attr(axis, { x2: across - 8 });
    attr(axisName, { x: across - 8 });
    const last = newest && students.length ? sum(students.at(-1)) : null;
    each(
      piles,
      counts,
      () => svg("rect", { class: "sg-pile" }),
      (node, count, d) =>
        attr(node, {
          x: x.at(d - 0.42),
          width: pitch * 0.84,
          y: y.at(count),
          height: FLOOR - y.at(count),
          "fill-opacity": d === last ? 1 : 0.6,
        }),
    );
    attr(outline, { d: steps(expected.map(y.at), (d) => x.at(d - 0.5), FLOOR) });
    const depth = expectedDepth(p);
    attr(mean.firstChild, { x1: x.at(depth), x2: x.at(depth) });
    title.replaceChildren(
      svg(
        "tspan",
        { class: "sg-student sg-strong" },
        `${counted(students.length)} ${students.length === 1 ? "student" : "students"}`,
      ),
      " by depth",
    );
    const leftSide = depth > (mass.length - 1) / 2;
    const peak = expected.indexOf(Math.max(...expected));
    text(named, `exact, for ${counted(expectedOf)} students`);
    const [beside, long] = [spread(mass) * pitch + 8, named.getComputedTextLength()];
    attr(named, {
      x: leftSide ? Math.max(0, x.at(peak) - beside - long) : Math.min(across - long, x.at(peak) + beside),
      y: TOP + 12,
    });
    const every = pitch < 22 ? (mass.length > 24 ? 6 : 3) : 1;
    each(
      ticks,
      mass.map((_, d) => d).filter((d) => d % every === 0),
      () => svg("text", { class: "sg-soft sg-small sg-mid", y: FLOOR + 16 }),
      (node, d) => attr(text(node, String(d)), { x: x.at(d) }),
    );
    attr(drawing, {
      "aria-label": `${counted(students.length)} students drawn; the exact distribution of their depth has its mean at ${fixed(depth, 1)} blocks.`,
    });
  };
  return { el, paint };
}

// How far from its peak the distribution reaches a quarter of it.
function spread(mass) {
  const highest = Math.max(...mass);
  return mass.filter((m) => m > highest / 4).length / 2;
}

export function counted(count) {
  return count > 1e9 ? `${fixed(count / 1e9, 0)} billion` : count.toLocaleString("en");
}

// The outline of a histogram: the heights of its bars, and where each begins.
function steps(tops, left, floor) {
  const outline = tops.map((top, d) => `V${top.toFixed(1)}H${left(d + 1).toFixed(1)}`);
  return `M${left(0)},${floor}${outline.join("")}V${floor}`;
}
