// Draws the page's figures as SVG from the plotly JSON that sgutils/plots.py puts into them.
// It knows what that module makes: lines, bands, measurements with error bars, points with upright intervals; linear,
// logarithmic and named axes. Plotly itself would weigh 395 kB gzip, more than everything else on a page. Colours are CSS
// variables, one to each role, so a figure follows the page into the dark; one unit is one pixel, so that text keeps its
// size on a phone.

import { linear, logarithmic, written } from "./lib/scale.js";

const SVG = "http://www.w3.org/2000/svg";
const DASHES = { dash: "7 5", dot: "2 4", dashdot: "8 4 2 4" };
const LABEL_GAP = 16;
const TITLE_LINE = 17;

function node(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const paint = (trace) => `var(--sg-${trace.meta?.role ?? "baseline"})`;
const isBand = (trace) => trace.fill === "toself";
const direct = (trace) => trace.mode?.includes("text") && trace.name;
const textWidth = (text) => 7.2 * text.length;

// A text in lines that fit into a width.
function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && textWidth(`${lines.at(-1)} ${word}`) > width) lines.push(word);
    else lines[lines.length - 1] += lines.at(-1) ? ` ${word}` : word;
  }
  return lines;
}

// The values that must fit on an axis, error bars included.
function extent(traces, axis) {
  const values = traces.flatMap((trace) => {
    const { array: up = [], arrayminus: down = up } = trace[`error_${axis}`] ?? {};
    return trace[axis].flatMap((value, i) => [value - (down[i] ?? 0), value + (up[i] ?? 0)]);
  });
  return [Math.min(...values), Math.max(...values)];
}

const raised = (power) => String(power).replace(/./g, (digit) => ({ "-": "⁻" })[digit] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);

function logWords(value) {
  const power = Math.floor(Math.log10(value) + 1e-9);
  if (power >= -3 && power <= 4) return String(value);
  const factor = Math.round(value / 10 ** power);
  return `${factor > 1 ? `${factor}·` : ""}10${raised(power)}`;
}

// An axis: where a value lies between the two ends (in pixels), and its ticks.
function axisScale(layout, traces, axis, from, to, most) {
  if (layout.type === "category") {
    const names = layout.categoryarray;
    const place = (name) => from + ((to - from) * (names.indexOf(name) + 0.5)) / names.length;
    return { place, ticks: names.map((name) => [name, name]), named: true };
  }
  const log = layout.type === "log";
  // Plotly gives the range of a logarithmic axis as powers of ten.
  let [low, high] = layout.range ?? extent(traces, axis).map((value) => (log ? Math.log10(value) : value));
  if (!layout.range) {
    const room = (high - low || Math.abs(high) || 1) * 0.04;
    // Lines begin at the axis; a mark in a row of its own must not lie on the row's name.
    const begins = axis === "x" && !traces.some((trace) => trace.error_x || typeof trace.y[0] === "string");
    [low, high] = [begins ? low : low - room, high + room];
  }
  if (log) {
    const scale = logarithmic([10 ** low, 10 ** high], [from, to]);
    return { place: scale.at, ticks: scale.ticks(most).map((value) => [value, logWords(value)]) };
  }
  const scale = linear([low, high], [from, to]);
  return { place: scale.at, ticks: written(scale.ticks(most)) };
}

// Labels at the ends of lines, moved apart where they would lie on one another.
function spreadLabels(labels, top, bottom) {
  labels.sort((a, b) => a.y - b.y);
  for (let pass = 0; pass < 60; pass++) {
    for (let i = 1; i < labels.length; i++) {
      const lack = LABEL_GAP - (labels[i].y - labels[i - 1].y);
      if (lack > 0) {
        labels[i].y += lack / 2;
        labels[i - 1].y -= lack / 2;
      }
    }
    for (const label of labels) label.y = Math.min(Math.max(label.y, top), bottom);
  }
}

function path(trace, x, y) {
  return trace.x
    .map((value, i) => `${i ? "L" : "M"}${x.place(value).toFixed(1)} ${y.place(trace.y[i]).toFixed(1)}`)
    .join("");
}

function mark(symbol, cx, cy, r, color) {
  const light = { "stroke-width": 1.4, opacity: 0.75 };
  if (symbol === "circle") return node("circle", { cx, cy, r, fill: color, stroke: "none" });
  if (symbol === "circle-open") return node("circle", { cx, cy, r, ...light });
  // Hollow, and on the ground of the page, so that an interval does not cross it.
  const look = { "stroke-width": 2, fill: "var(--sg-page)" };
  if (symbol === "square-open") return node("rect", { x: cx - r, y: cy - r, width: 2 * r, height: 2 * r, ...look });
  return node("path", {
    d: `M${cx - r - 1} ${cy}l${r + 1} ${-r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}Z`,
    ...look,
  });
}

// A line that marks a value through all rows. On a phone, where the rows' names stand between the rows, it is left out
// behind them.
function upright(trace, x, y, { box, narrow }) {
  const at = x.place(trace.x[0]).toFixed(1);
  if (!narrow) return `M${at} ${box.top}V${box.bottom}`;
  return y.ticks.map(([row]) => `M${at} ${y.place(row) - 8}v22`).join("");
}

function drawTrace(trace, x, y, frame) {
  const group = node("g", { fill: "none", stroke: paint(trace) });
  if (isBand(trace)) {
    group.append(
      node("path", { d: `${path(trace, x, y)}Z`, fill: paint(trace), "fill-opacity": 0.16, stroke: "none" }),
    );
    return group;
  }
  if (trace.mode.includes("lines")) {
    const dash = DASHES[trace.line?.dash];
    group.append(
      node("path", {
        d: y.named ? upright(trace, x, y, frame) : path(trace, x, y),
        "stroke-width": 2,
        "stroke-dasharray": y.named && frame.narrow ? undefined : dash,
        "stroke-linejoin": "round",
      }),
    );
  }
  const { array: up, arrayminus: down = up } = trace.error_x ?? {};
  const symbol = trace.marker?.symbol ?? "circle";
  trace.x.forEach((value, i) => {
    const [cx, cy] = [x.place(value), y.place(trace.y[i])];
    if (up) {
      const [a, b] = [x.place(value - down[i]), x.place(value + up[i])];
      group.append(node("path", { d: `M${a} ${cy}H${b}M${a} ${cy - 5}v10M${b} ${cy - 5}v10`, "stroke-width": 2 }));
    }
    if (trace.mode.includes("markers")) {
      // Single measurements hang below their mean, so that neither hides the other.
      const drop = symbol === "circle-open" && y.named ? 11 : 0;
      const r = (trace.marker?.size ?? 6) / 2;
      group.append(mark(symbol, cx, cy + drop, r, paint(trace)));
    }
  });
  return group;
}

function drawAxes({ x, y, box, titles, width, height, narrow }) {
  const axes = node("g", { class: "sg-axes" });
  axes.append(node("path", { d: `M${box.left} ${box.bottom}H${box.right}` }));
  for (const [value, text] of x.ticks) {
    const at = x.place(value);
    axes.append(node("path", { d: `M${at} ${box.bottom}v5` }));
    axes.append(node("text", { x: at, y: box.bottom + 19, "text-anchor": "middle" }, text));
  }
  for (const [value, text] of y.ticks) {
    const at = y.place(value);
    const name = y.named ? "sg-name" : "";
    axes.append(node("path", { class: "sg-grid", d: `M${box.left} ${at}H${box.right}` }));
    // On a phone the rows' names stand above their rows.
    const place =
      y.named && narrow ? { x: box.left, y: at - 13 } : { x: box.left - 8, y: at + 4, "text-anchor": "end" };
    axes.append(node("text", { class: name, ...place }, text));
  }
  const end = Math.min(width, Math.max(box.right, ...titles.x.map(textWidth)));
  titles.x.forEach((line, i) => {
    const down = height - 8 - TITLE_LINE * (titles.x.length - 1 - i);
    axes.append(node("text", { class: "sg-title", x: end, y: down, "text-anchor": "end" }, line));
  });
  titles.y.forEach((line, i) => axes.append(node("text", { class: "sg-title", x: 0, y: 13 + TITLE_LINE * i }, line)));
  return axes;
}

// A line's name, behind a piece of the line, or one of its points, where it stands in the key.
function drawLabel({ text, trace, x, y }, key) {
  const name = node("text", { class: "sg-direct", x: x + 7, y: y + 4.5, fill: paint(trace) }, text);
  if (!key) return [name];
  if (!trace.mode.includes("lines")) {
    const mine = mark(trace.marker?.symbol ?? "circle", 8, y, 3, paint(trace));
    return [node("g", { fill: "none", stroke: paint(trace) }, mine), name];
  }
  const look = { stroke: paint(trace), "stroke-width": 2, "stroke-dasharray": DASHES[trace.line?.dash] };
  return [node("path", { d: `M0 ${y}H16`, ...look }), name];
}

function draw(host, { data, layout }) {
  const width = host.clientWidth;
  const height = layout.height;
  const narrow = width < 520;
  const named = layout.yaxis.type === "category";
  const labels = data.filter(direct).map((trace) => ({ text: trace.name, trace }));
  const longest = Math.max(0, ...labels.map(({ text }) => textWidth(text)));
  // On a phone the labels of lines stand above the picture, as its key; row names stand above their rows.
  const key = narrow && longest > 60;
  const titles = {
    x: wrapped(layout.xaxis.title.text, width),
    y: named ? [] : wrapped(layout.yaxis.title.text, width),
  };
  const top = 13 + TITLE_LINE * titles.y.length; // the first line under the title of the y axis
  const box = {
    top: top + (key ? 20 * labels.length : 0),
    right: width - (labels.length && !key ? longest + 14 : 14),
    bottom: height - 29 - TITLE_LINE * titles.x.length,
    left: named ? (narrow ? 10 : 16 + Math.max(...layout.yaxis.categoryarray.map(textWidth))) : 0,
  };
  if (named) box.top = 8;
  const y = axisScale(layout.yaxis, data, "y", box.bottom, box.top, Math.max(2, (box.bottom - box.top) / 55));
  if (!named) box.left = 14 + Math.max(...y.ticks.map(([, text]) => textWidth(text)));
  const x = axisScale(layout.xaxis, data, "x", box.left, box.right, Math.max(2, (box.right - box.left) / 80));

  const svg = node("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const axes = drawAxes({ x, y, box, titles, width, height, narrow });
  svg.append(axes);
  data.forEach((trace) => svg.append(drawTrace(trace, x, y, { box, narrow })));
  // Rows' names last: on a phone the line at 0 runs below them.
  svg.append(node("g", { class: "sg-axes" }, ...axes.querySelectorAll(".sg-name")));
  const ends = labels.map((label) => ({
    ...label,
    y: y.place(label.trace.y.at(-1)),
    x: x.place(label.trace.x.at(-1)),
  }));
  if (key) ends.forEach((label, i) => Object.assign(label, { x: 20, y: top + 20 * i }));
  else spreadLabels(ends, box.top, box.bottom);
  svg.append(...ends.flatMap((label) => drawLabel(label, key)));
  host.querySelector("svg")?.remove();
  host.append(svg);
  host.dataset.drawn = "true";
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".sg-figure").forEach((host) => {
    const figure = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
    let width = 0;
    const fit = () => {
      if (host.clientWidth === width || !host.clientWidth) return;
      width = host.clientWidth;
      draw(host, figure);
    };
    new ResizeObserver(fit).observe(host);
    fit(); // a folded one is not observed, and a page may be printed before it is
  });
});
