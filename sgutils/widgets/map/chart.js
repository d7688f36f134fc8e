// The drawing: gain over gap, a dot or ring a point with its interval, and the runs behind the one that is met.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { sum } from "../lib/math.js";
import { roving } from "../lib/roving.js";
import { linear, written } from "../lib/scale.js";
import { fixed } from "../lib/words.js";
import { GUIDED } from "./points.js";

const RADIUS = { large: 8, small: 5.5 };
const LINE = 15; // a label's height
const LETTER = 6.7; // and about how wide one letter is

export function chart({ meet, choose }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [axes, ticks, names, runs, marks, labels] = Array.from({ length: 6 }, () => svg("g"));
  const zero = svg("path", { class: "sg-zero" });
  drawing.append(axes, ticks, zero, names, runs, marks, labels);
  const walk = roving(marks, meet);
  const pressed = (event) => event.target.closest?.(".sg-mark")?.said;
  marks.addEventListener("click", (event) => pressed(event) && choose(pressed(event)));
  marks.addEventListener("keydown", (event) => {
    if (!pressed(event) || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    choose(pressed(event));
  });

  const paint = ({ points, comparison, images, chosen, say }) => {
    const across = width();
    const high = across < 500 ? 330 : 390;
    const shown = points.map((point) => ({ ...point, gain: point.against.get(comparison)[images] }));
    const behind = shown.filter(({ name }) => name === chosen).flatMap((point) => singleRuns(point, comparison));
    const [x, y] = scales(shown, behind, across, high);
    size(across, high);
    paintAxes({ axes, ticks, names }, x, y, across, high);
    attr(zero, { d: `M${x.at(x.low)},${y.at(0).toFixed(1)}H${x.at(x.high)}` });
    each(
      runs,
      behind,
      () => svg("circle", { r: 3.2 }),
      (node, run) =>
        attr(node, {
          class: `sg-hollow sg-run ${run.role}`,
          cx: (x.at(run.gap) + run.aside).toFixed(1),
          cy: y.at(run.gain).toFixed(1),
        }),
    );
    each(marks, shown, makeMark, (node, point) => paintMark(node, point, { x, y, chosen, say }));
    walk.settle();
    // On a phone, or where a name has no room, marks have numbers, from left to right, which are told below the picture.
    const named = across < 500 ? [] : placed(shown, ({ short }) => short, x, y, across);
    const numbered = named.length < shown.length;
    const told = [...shown].sort((a, b) => a.gap - b.gap);
    const number = ({ name }) => String(told.findIndex((point) => point.name === name) + 1);
    each(
      labels,
      numbered ? placed(shown, number, x, y, across) : named,
      () => svg("text", { class: "sg-small sg-halo" }),
      (node, label) => attr(text(node, label.words), { x: label.x.toFixed(1), y: label.y.toFixed(1) }),
    );
    attr(drawing, { "aria-label": `Gain over gap at ${shown.length} points of the map.` });
    return numbered ? told.map(({ short }, i) => `${i + 1} ${short}`) : [];
  };
  return { el, paint };
}

const mean = (values) => sum(values) / values.length;

// Each run against the mean of the other side, in the direction of a gain.
function singleRuns({ gap, runs }, comparison) {
  const [guided, other] = [runs.get(GUIDED), runs.get(comparison)].map((list) => list.map(({ error }) => error));
  return [
    ...guided.map((error) => ({ gap, gain: mean(other) - error, role: "sg-teacher", aside: -12 })),
    ...other.map((error) => ({ gap, gain: error - mean(guided), role: "sg-baseline", aside: 12 })),
  ];
}

function scales(shown, behind, across, high) {
  const gains = [...shown.flatMap(({ gain }) => [gain.low, gain.high]), ...behind.map(({ gain }) => gain), -1, 1];
  const [low, top] = [Math.min(...gains), Math.max(...gains)];
  const room = 0.08 * (top - low);
  const wide = 1.12 * Math.max(10, ...shown.map(({ gap }) => gap));
  return [linear([0, wide], [40, across - 12]), linear([low - room, top + room], [high - 48, 26])];
}

function paintAxes({ axes, ticks, names }, x, y, across, high) {
  const [left, right, bottom] = [x.at(x.low), x.at(x.high), y.at(y.low)];
  const [along, up] = [written(x.ticks((right - left) / 70)), written(y.ticks((bottom - 26) / 45))];
  each(
    axes,
    [
      `M${left},26V${bottom}H${right}`,
      along.map(([value]) => `M${x.at(value).toFixed(1)},${bottom}v5`).join(""),
      up.map(([value]) => `M${left},${y.at(value).toFixed(1)}h-5`).join(""),
    ],
    () => svg("path", { class: "sg-axis" }),
    (node, d) => attr(node, { d }),
  );
  each(
    ticks,
    [
      ...along.map(([value, said]) => ({ said, x: x.at(value), y: bottom + 19, look: "sg-mid" })),
      ...up.map(([value, said]) => ({ said, x: left - 8, y: y.at(value) + 4, look: "sg-end" })),
    ],
    () => svg("text"),
    (node, tick) =>
      attr(text(node, tick.said), {
        x: tick.x.toFixed(1),
        y: tick.y.toFixed(1),
        class: `sg-tiny sg-soft ${tick.look}`,
      }),
  );
  each(
    names,
    [
      { said: "gain (points), up: fewer errors", x: 0, y: 12, look: "" },
      { said: "gap of plain training (points)", x: across, y: high - 6, look: "sg-end" },
    ],
    () => svg("text"),
    (node, name) => attr(text(node, name.said), { x: name.x, y: name.y, class: `sg-small sg-soft ${name.look}` }),
  );
}

const makeMark = () =>
  svg(
    "g",
    { class: "sg-mark sg-teacher", role: "button" },
    svg("circle", { class: "sg-grip", r: 14 }),
    svg("path", { class: "sg-reach" }),
    svg("circle", { class: "sg-shape" }),
  );

function paintMark(node, { name, gap, gain, large }, { x, y, chosen, say }) {
  const [low, high] = [gain.low, gain.high].map((end) => (y.at(end) - y.at(gain.mean)).toFixed(1));
  attr(node, {
    transform: `translate(${x.at(gap).toFixed(1)} ${y.at(gain.mean).toFixed(1)})`,
    "aria-label": say(name),
    "aria-pressed": name === chosen,
  });
  attr(node.childNodes[1], { d: `M0,${low}V${high}M-5,${low}h10M-5,${high}h10` });
  attr(node.childNodes[2], {
    class: `sg-shape ${large ? "sg-fill" : "sg-hollow"}`,
    r: RADIUS[large ? "large" : "small"],
  });
  node.said = name;
}

// A name beside each point: right of it, or left, a line or two lower or higher, or over its interval: where no other name
// and no interval lies; on the line at 0 only where there is no other place.
function placed(shown, words, x, y, across) {
  const taken = shown.map(({ gap, gain }) => ({
    x: x.at(gap) - 6,
    width: 12,
    top: y.at(gain.high),
    bottom: y.at(gain.low),
  }));
  const free = (box) =>
    box.x >= 42 &&
    box.x + box.width <= across &&
    taken.every(
      (other) =>
        box.x + box.width < other.x ||
        other.x + other.width < box.x ||
        box.bottom < other.top ||
        other.bottom < box.top,
    );
  const labels = [];
  for (const point of shown) {
    const { gap, gain } = point;
    const name = words(point);
    const [at, level, width] = [x.at(gap), y.at(gain.mean) + 4, LETTER * name.length];
    const beside = [0, -LINE, LINE, -2 * LINE, 2 * LINE].flatMap((down) =>
      [at + 12, at - 12 - width].map((left) => ({ left, baseline: level + down })),
    );
    const over = [y.at(gain.high) - 6, y.at(gain.low) + LINE].flatMap((baseline) =>
      [at - width / 2, at + 6 - width, at - 6].map((left) => ({ left, baseline })),
    );
    const places = [...beside, ...over]
      .map(({ left, baseline }) => ({
        words: name,
        x: left,
        y: baseline,
        width,
        top: baseline - LINE + 4,
        bottom: baseline + 3,
      }))
      .filter(free);
    const found = places.find(({ top, bottom }) => bottom < y.at(0) || top > y.at(0)) ?? places[0];
    if (!found) continue;
    taken.push(found);
    labels.push(found);
  }
  return labels;
}

// What a point says of itself.
export function pointInWords(point, comparison, images) {
  const { mean: middle, low, high } = point.against.get(comparison)[images];
  const signed = (value) => (value > 0 ? "+" : "") + fixed(value, 1);
  return `${point.title}: gap ${fixed(point.gap, 1)} points, gain ${signed(middle)} [${signed(low)}, ${signed(high)}], ${point.against.get(comparison).words}`;
}
