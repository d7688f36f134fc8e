// One trained network in the playground: teacher, students, errors and features. It paints what the worker tells.

import { attr, button, each, fixed, html, percent, picture, svg, switchRow, text, words } from "../lib/dom.js";

export const NAMES = {
  baseline: "Plain network",
  "stochastic-depth": "Stochastic depth",
  "self-guidance": "Self-Guidance",
  "without-backward-full": "W/o backward full network",
};

// Three classes differ in colour and shape, ten in colour and by their digit.
const CLASS_COLORS = { 3: [3, 4, 6], 10: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };
const LEGENDS = {
  plane: "The points are test data; the colours behind them are the network’s answers.",
  digits: "A tinted digit is read wrongly; the colour and the small figure say as what.",
};
const FEATURE_REACH = 3; // standard deviations to each side
const DOTS = 200;

// onToggle(l): a block of the student was switched; onDrawn(): the student by hand shall go.
export function createLane({ onToggle, onDrawn }) {
  const [name, options] = [html("b"), html("span")];
  const title = html("output", { class: "sg-lane-title" }, name, options);
  const teacher = networkPanel({ name: html("b", { class: "sg-teacher" }, "Teacher") });
  const row = switchRow({ name: (l) => `block ${l + 1} of the student`, onToggle });
  const byHand = button("by hand ×", () => {
    row.node.querySelector("[tabindex='0']").focus(); // the button goes
    onDrawn();
  });
  attr(byHand, { "aria-label": "by hand: back to the drawn student", title: "Back to the drawn student" });
  const student = networkPanel({ name: html("b", { class: "sg-student" }, "Student"), row, byHand });
  const students = Array.from({ length: 4 }, () => networkPanel({ small: true }));
  const chart = errorChart();
  const features = { teacher: scatterPanel(), student: scatterPanel() };
  const legend = html("p", { class: "sg-name sg-legend" });
  const trouble = html("p", { class: "sg-trouble", role: "alert" });
  const el = html(
    "section",
    { class: "sg-lane" },
    title,
    trouble,
    html(
      "div",
      { class: "sg-nets" },
      teacher.el,
      student.el,
      html(
        "div",
        { class: "sg-more" },
        html("p", { class: "sg-name" }, "Four more students"),
        ...students.map((panel) => panel.el),
      ),
      legend,
    ),
    html(
      "div",
      { class: "sg-below" },
      chart.el,
      html(
        "div",
        { class: "sg-clouds" },
        html("p", { class: "sg-name" }, "Features, test data (two principal components)"),
        features.teacher.el,
        features.student.el,
      ),
    ),
  );

  let last = [];
  // `letter` is A or B where there are two; `edited` says whether the controls set this one.
  const paint = ({ settings, letter, edited, examples, view, steps, gates }) => {
    const { method, lam, tau, p_last, depth, lr, seed } = settings;
    const guided = method === "self-guidance" || method === "without-backward-full";
    text(name, `${letter ? `${letter}: ` : ""}${NAMES[method]}`);
    const said =
      `${guided ? `λ ${fixed(lam, 2)}, τ ${fixed(tau, 1)}, ` : ""}p_L ${fixed(p_last, 2)}, ` +
      `${depth} ${depth === 1 ? "block" : "blocks"}, learning rate ${learningRate(lr)}, seed ${seed}`;
    const label = `${name.textContent}, ${said}`;
    if (el.getAttribute("aria-label") !== label) options.replaceChildren(...words(said));
    attr(el, { "aria-label": label, class: edited && letter ? "sg-lane sg-edited" : "sg-lane" });
    const plain = method === "baseline";
    text(teacher.name, plain ? "Plain network" : "Teacher");
    attr(teacher.name, { class: plain ? "sg-baseline" : "sg-teacher" });
    byHand.hidden = byHand.disabled = !gates;
    text(legend, LEGENDS[examples?.name === "digits" ? "digits" : "plane"]);
    if (!view || !examples) return;
    text(
      trouble,
      view.failed
        ? `The loss is no number any more after step ${steps}: choose a smaller learning rate or a smaller λ.`
        : "",
    );
    const look = lookOf(el, examples);
    // Canvases cost more than all the rest, and most of what a control changes is not in them.
    const drawn = [view, gates?.join(""), el.clientWidth, devicePixelRatio, ...Object.values(look).map(String)];
    if (drawn.every((value, i) => value === last[i])) return;
    last = drawn;
    teacher.paint(
      { ...view.teacher, shades: view.teacher.gates, role: plain ? "baseline" : "teacher" },
      examples,
      look,
    );
    student.paint({ ...view.student, gates: gates ?? view.student.gates, role: "student" }, examples, look);
    view.students.forEach((one, i) => students[i].paint({ ...one, role: "student" }, examples, look));
    chart.paint(view.history, { losses: view.losses, method, lam, tau });
    for (const net of ["teacher", "student"])
      features[net].paint(view.features[net], examples, look, plain && net === "teacher" ? "baseline" : net);
  };
  return { el, paint };
}

export function learningRate(lr) {
  return fixed(lr, lr < 0.01 ? 4 : 3);
}

// A network: its name and test error, its blocks, and its answers.
function networkPanel({ name = null, row = null, byHand = null, small = false }) {
  const error = html("output");
  const blocks = picture({ handles: Boolean(row) });
  const glyphs = row ? row.node : svg("g");
  glyphs.classList.add("sg-student");
  blocks.svg.append(glyphs);
  const canvas = html("canvas", { role: "img" });
  const head = name
    ? [
        html("div", { class: "sg-head" }, name, byHand ?? ""),
        html("div", { class: "sg-head" }, html("span", { class: "sg-name" }, "test error"), error),
      ]
    : [];
  const el = html("div", { class: "sg-net" }, ...head, blocks.el, canvas, ...(name ? [] : [error]));
  const paint = ({ gates, error: share, picture: answers, role, shades = null }, examples, look) => {
    text(error, percent(share, 1));
    const [across, high] = [blocks.width(), small ? 12 : 32];
    const pitch = Math.min(across / gates.length, small ? 18 : 30);
    const side = Math.min(small ? 9 : 18, pitch - 3);
    blocks.size(across, high);
    const ran = gates.filter((gate) => gate > 0).length;
    if (row) {
      row.paint(gates, (l) => ({ x: pitch * (l + 0.5), y: high / 2, side, pitch }));
    } else {
      each(
        glyphs,
        gates,
        () => svg("rect"),
        (node, gate, l) =>
          attr(node, {
            x: pitch * l + (pitch - side) / 2,
            y: (high - side) / 2,
            width: side,
            height: side,
            rx: Math.min(5, side / 4),
            class: shades ? "sg-whole" : gate ? "sg-ran" : "sg-missed",
            style: shades ? `--sg-shade: ${Math.round(100 * (gate - 0.12))}%` : null,
          }),
      );
      attr(glyphs, { class: `sg-${role}` });
      attr(blocks.svg, {
        "aria-label": shades ? `All ${gates.length} blocks run` : `${ran} of ${gates.length} blocks run`,
      });
    }
    const context = clear(canvas);
    const size = canvas.clientWidth;
    if (examples.name === "digits") paintDigits(context, size, answers, examples, look, small);
    else paintPlane(context, size, answers, examples, look, small);
    const shown = examples.name === "digits" ? "Answers on test digits" : "Decision regions";
    attr(canvas, {
      "aria-label": `${shown} of ${small ? "a student" : `the ${name.textContent.toLowerCase()}`} with ${ran} of ${gates.length} blocks; test error ${percent(share, 1)}`,
    });
  };
  return { el, name, paint };
}

// Colours of the theme as they are now, for canvases, which style sheets do not reach.
function lookOf(el, { classes }) {
  const style = getComputedStyle(el);
  const color = (name) => style.getPropertyValue(`--sg-${name}`).trim();
  const inks = CLASS_COLORS[classes].map((number) => color(`class-${number}`));
  return {
    inks,
    shares: inks.map(channels),
    ink: color("ink"),
    line: color("line"),
    surface: color("surface"),
    paper: channels(color("surface")),
  };
}

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// The canvas in the pixels of the screen, emptied; its context counts in those of the page.
function clear(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((length) =>
    Math.max(1, Math.round(length * scale)),
  );
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

// Every tile in the colours of the classes, by their probabilities; then the test points.
function paintPlane(context, size, answers, { classes, x, y, reach }, { inks, shares, paper, surface }, small) {
  const side = Math.sqrt(answers.length / classes);
  const tiles = html("canvas", { width: side, height: side });
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i += 1) {
    let [red, green, blue, whole] = [0, 0, 0, 0];
    for (let k = 0; k < classes; k += 1) {
      const p = answers[i * classes + k] ** 2; // squared, the border between two classes is narrower
      whole += p;
      red += p * shares[k][0];
      green += p * shares[k][1];
      blue += p * shares[k][2];
    }
    const mixed = [red, green, blue].map((value, channel) => 0.52 * (value / whole) + 0.48 * paper[channel]);
    image.data.set([...mixed, 255], 4 * i);
  }
  tiles.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(tiles, 0, 0, size, size);
  if (small) return;
  const at = (value) => ((value / reach + 1) / 2) * size;
  const radius = Math.max(1.8, size / 95);
  for (let n = 0; n < y.length; n += 1) {
    mark(context, y[n], at(x[2 * n]), size - at(x[2 * n + 1]), radius);
    context.fillStyle = inks[y[n]];
    context.strokeStyle = surface;
    context.lineWidth = 1.6;
    context.stroke();
    context.fill();
  }
}

// A disc, a square, a triangle: one a class.
function mark(context, kind, x, y, radius) {
  context.beginPath();
  if (kind === 0) context.arc(x, y, radius, 0, 7);
  else if (kind === 1) context.rect(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius);
  else {
    context.moveTo(x, y - 1.3 * radius);
    context.lineTo(x + 1.2 * radius, y + 0.9 * radius);
    context.lineTo(x - 1.2 * radius, y + 0.9 * radius);
    context.closePath();
  }
}

// Test digits; one that is read wrongly lies on the colour of the answer, which is written beside it.
function paintDigits(context, size, answers, { x, y }, { inks, ink, line }, small) {
  const across = Math.sqrt(answers.length);
  const tile = size / across;
  answers.forEach((answer, n) => {
    const [left, top] = [(n % across) * tile, Math.floor(n / across) * tile];
    const wrong = answer !== y[n];
    context.fillStyle = wrong ? inks[answer] : line;
    context.globalAlpha = wrong ? (small ? 1 : 0.4) : 0.3;
    context.fillRect(left + 0.75, top + 0.75, tile - 1.5, tile - 1.5);
    context.globalAlpha = 1;
    if (small) return;
    const pixel = (tile - 4) / 8;
    context.fillStyle = ink;
    for (let i = 0; i < 64; i += 1) {
      const level = (x[64 * n + i] + 0.6) / 2; // as lib/datasets.js reads them
      if (level < 0.1) continue;
      context.globalAlpha = Math.min(1, level);
      context.fillRect(left + 2 + (i % 8) * pixel, top + 2 + Math.floor(i / 8) * pixel, pixel + 0.3, pixel + 0.3);
    }
    context.globalAlpha = 1;
    if (!wrong) return;
    context.font = `bold ${Math.max(9, tile * 0.42)}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.fillStyle = inks[answer];
    context.fillText(answer, left + tile - 2, top + tile - 3);
  });
}

const FULL_NAMES = { teacher: "teacher", student: "student", baseline: "plain network" };

function scatterPanel() {
  const name = html("b");
  const canvas = html("canvas", { role: "img" });
  const paint = (places, { classes, y }, { inks, line }, role) => {
    attr(text(name, FULL_NAMES[role]), { class: `sg-${role}` });
    const context = clear(canvas);
    const size = canvas.clientWidth;
    const at = (value) => (Math.max(-1, Math.min(1, value / FEATURE_REACH)) * 0.94 + 1) * (size / 2);
    context.strokeStyle = line;
    context.strokeRect(0.5, 0.5, size - 1, size - 1);
    context.font = "bold 10px system-ui, sans-serif";
    [context.textAlign, context.textBaseline] = ["center", "middle"];
    for (let n = 0; n < Math.min(DOTS, y.length); n += 1) {
      const [x, top] = [at(places[2 * n]), size - at(places[2 * n + 1])];
      context.fillStyle = inks[y[n]];
      if (classes === 10) {
        context.fillText(y[n], x, top);
      } else {
        context.globalAlpha = 0.8;
        mark(context, y[n], x, top, 2.4);
        context.fill();
      }
    }
    context.globalAlpha = 1;
    attr(canvas, { "aria-label": `Features of the ${FULL_NAMES[role]}, coloured by class` });
  };
  return { el: html("div", { class: "sg-cloud" }, canvas, name), paint };
}

// Errors over steps. The root spreads small errors apart.
function errorChart() {
  const { el, svg: drawing, size, width } = picture();
  const [axes, ticks] = [svg("path", { class: "sg-axis" }), svg("g")];
  const lines = Array.from({ length: 4 }, () => svg("path"));
  const steps = svg("text", { class: "sg-small sg-soft sg-end" });
  const label = svg("text", { class: "sg-small sg-soft" }, "error, %");
  drawing.append(axes, ticks, label, steps, ...[lines[2], lines[0], lines[3], lines[1]]);
  const full = html("b");
  const legend = html(
    "p",
    { class: "sg-name sg-key" },
    full,
    ", ",
    html("b", { class: "sg-student" }, "students"),
    " (mean of the four); dashed: on the training data",
  );
  const objective = html("output", { class: "sg-sum-of" });
  const paint = (history, { losses, method, lam, tau }) => {
    const across = width();
    const [left, right, top, bottom] = [26, across - 4, 18, 150];
    size(across, bottom + 20);
    const high = Math.max(...history.map((row) => Math.max(...row.slice(1))), 0.1);
    const last = Math.max(200, history.at(-1)[0]);
    const x = (step) => (left + (step / last) * (right - left)).toFixed(1);
    const y = (share) => (bottom - Math.sqrt(share / high) * (bottom - top)).toFixed(1);
    attr(axes, { d: `M${left},${bottom}H${right}` });
    each(
      ticks,
      [0, 0.02, 0.1, 0.3, 0.6].filter((share) => share < high),
      () => svg("g", {}, svg("path", { class: "sg-axis" }), svg("text", { class: "sg-small sg-soft sg-end" })),
      (node, share) => {
        attr(node.firstChild, { d: `M${left},${y(share)}H${right}` });
        attr(text(node.lastChild, fixed(100 * share, 0)), { x: left - 6, y: Number(y(share)) + 4 });
      },
    );
    attr(label, { x: 0, y: 10 });
    attr(text(steps, `${last.toLocaleString("en")} steps`), { x: right, y: bottom + 15 });
    const role = method === "baseline" ? "baseline" : "teacher";
    attr(text(full, FULL_NAMES[role]), { class: `sg-${role}` });
    lines.forEach((line, i) =>
      attr(line, {
        class: `sg-line sg-${i < 2 ? role : "student"} ${i % 2 ? "" : "sg-dashed sg-thin"}`,
        d: `M${history.map((row) => `${x(row[0])},${y(row[i + 1])}`).join("L")}`,
      }),
    );
    const now = history
      .at(-1)
      .slice(1)
      .map((share) => percent(share, 1));
    attr(drawing, {
      "aria-label": `Errors over ${history.at(-1)[0]} steps. Now the ${FULL_NAMES[role]}’s is ${now[0]} in training and ${now[1]} in the test, the students’ ${now[2]} and ${now[3]}.`,
    });
    objective.replaceChildren(...sumOf(method, losses, lam * tau * tau));
  };
  return {
    el: html("div", { class: "sg-errors" }, html("p", { class: "sg-name" }, "Error over steps"), el, legend, objective),
    paint,
  };
}

// The loss of the last mini-batch as the sum that the method minimises.
function sumOf(method, losses, weight) {
  if (!losses) return ["loss: after the first step"];
  const terms = {
    baseline: [["label", "CE", losses.ceTeacher]],
    "stochastic-depth": [["label", "CE_S", losses.ceStudent]],
    "self-guidance": [
      ["label", "CE_S", losses.ceStudent],
      ["label", "CE_T", losses.ceTeacher],
      ["distill", "λτ² KL", weight * losses.distill],
    ],
    "without-backward-full": [
      ["label", "CE_S", losses.ceStudent],
      ["distill", "λτ² KL", weight * losses.distill],
    ],
  }[method];
  return [
    "loss = ",
    ...terms.flatMap(([role, name, value], i) => [
      i ? " + " : "",
      html("span", { class: `sg-${role}` }, ...words(name), ` ${fixed(value, 2)}`),
    ]),
  ];
}
