// Measured runs and the paper's numbers, side by side and never mixed: errors after the last epoch, or whole curves.
// Every mark says which file of the ledger it comes from.

import { attr, choice, each, fixed, frame, html, painter, picture, svg, text, tryThis } from "../lib/dom.js";
import { clamp, sum } from "../lib/math.js";
import { oneOf, openState } from "../lib/state.js";
import { readLedger } from "./ledger.js";
import manifest from "./results_explorer.json";

const DATASETS = [
  ["cifar10", "CIFAR-10"],
  ["fer2013", "FER-2013"],
  ["cifar100", "CIFAR-100"],
  ["raf-db", "RAF-DB"],
  ["fashion-mnist", "Fashion-MNIST"],
  ["digits", "digits"],
];
const NETWORKS = {
  resnet20: "ResNet-20",
  resnet32: "ResNet-32",
  resnet50: "ResNet-50",
  resnet56: "ResNet-56",
  resnet110: "ResNet-110",
};
const RECIPE = "the paper’s recipe";
// A value beyond so many times the median stands at the edge of its axis, with an arrow, and leaves the others room.
const FAR = 3;
// So high is the name of a curve.
const NAME = 14;

const words = (value) => (typeof value === "string" && value.length <= 200 ? value : undefined);
const READERS = {
  dataset: oneOf(DATASETS.map(([id]) => id)),
  runs: words,
  paper: words,
  view: oneOf(["last epoch", "curves"]),
  error: oneOf(["test", "training", "both"]),
  seeds: words,
  methods: words,
};

const isLambda = (name) => !Number.isNaN(Number(name));

function render({ model, el }) {
  const ledger = readLedger(model.get("ledger"));
  if (ledger === null) {
    frame(el, "results", html("p", {}, "This picture needs the ledger of measured runs, and there is none here."));
    return () => {};
  }
  const set = (key) => (value) => state.set({ [key]: value });
  const held = new Set([...ledger.groups, ...ledger.paper].map(({ dataset }) => dataset));
  const dataset = menu({ label: "data set", onChange: set("dataset") });
  const runs = menu({ label: "measured here", wide: true, onChange: set("runs") });
  const paper = menu({ label: "in the paper", onChange: set("paper") });
  const seeds = menu({ label: "seeds", onChange: set("seeds") });
  const view = choice({
    label: "view",
    options: [
      ["last epoch", "last epoch"],
      ["curves", "curves"],
    ],
    onChange: set("view"),
  });
  const error = choice({
    label: "error",
    options: [
      ["test", "test"],
      ["training", "training"],
      ["both", "both"],
    ],
    onChange: set("error"),
  });
  const toggle = (name) => {
    const on = new Set(state.get("methods").split(","));
    if (!on.delete(name)) on.add(name);
    state.set({ methods: ledger.switches.filter((known) => on.has(known)).join(",") });
  };
  const lambdas = chips({ label: "Self-Guidance, λ =", names: ledger.switches.filter(isLambda), onToggle: toggle });
  const methods = chips({
    label: "methods",
    names: ledger.switches.filter((name) => !isLambda(name)),
    onToggle: toggle,
  });

  const source = html("p", { class: "sg-source" });
  const tell = (said) => text(source, said);
  const dots = dotPicture(tell);
  const curves = runCurves(tell);
  const root = frame(
    el,
    "results",
    html("div", { class: "sg-controls" }, dataset.el, seeds.el, paper.el, runs.el),
    html("div", { class: "sg-controls" }, view.el, error.el, lambdas.el),
    html("div", { class: "sg-controls" }, methods.el),
    dots.el,
    curves.el,
    source,
    tryThis(
      "choose “both” errors, and look at the methods whose training error is lowest. Then see how one method’s seeds scatter.",
    ),
  );

  let painted = null;
  const [repaint, stop] = painter(root, () => {
    const wanted = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    const shown = resolve(ledger, wanted, held);
    dataset.show(
      shown.dataset,
      DATASETS.filter(([id]) => held.has(id)),
    );
    runs.show(shown.runs, shown.runsOffered);
    paper.show(shown.column?.name ?? "", shown.papersOffered);
    seeds.show(shown.seeds, shown.seedsOffered);
    view.show(wanted.view);
    error.show(wanted.error);
    error.enable(shown.rows.some(({ runs }) => runs.length));
    lambdas.show(shown.on);
    methods.show(shown.on);
    const signature = JSON.stringify(wanted);
    if (signature !== painted) tell(hint(shown.rows, wanted.view));
    painted = signature;
    dots.el.hidden = wanted.view !== "last epoch" || !shown.rows.length;
    curves.el.hidden = wanted.view !== "curves" || !shown.rows.length;
    if (shown.rows.length) (wanted.view === "curves" ? curves : dots).paint(shown);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

// What there is to do in the picture, or to do first.
function hint(rows, view) {
  if (!rows.length) return "No method is on: switch on some of them, or a λ, to see their errors.";
  const curves = view === "curves";
  if (!rows.some(({ runs, printed }) => runs.length || (printed && !curves))) {
    return `No ${curves ? "curve" : "number"} of these methods: none was run here. Switch on others, or choose another data set.`;
  }
  return curves
    ? "Point at a curve, or walk along it with the arrow keys, to see which file of the ledger it comes from."
    : "Point at a mark, or walk from mark to mark with the arrow keys, to see which file of the ledger it comes from.";
}

// What a state means with this ledger: a wish for something that is not there falls back to what is.
function resolve(ledger, wanted, held) {
  const dataset = held.has(wanted.dataset) ? wanted.dataset : [...held][0];
  const on = new Set(wanted.methods.split(","));
  const columns = ledger.paper.filter((column) => column.dataset === dataset);
  const wantedRows = ledger.rows.filter((row) => on.has(row.switch));
  const covered = (column) => wantedRows.filter(({ key }) => column.errors.has(key)).length;
  const best = columns.reduce((top, column) => (!top || covered(column) > covered(top) ? column : top), null);
  const column = columns.find(({ name }) => name === wanted.paper) ?? best;

  // The paper's recipe can always be asked for, where the paper has this data set: to see what was not run.
  const isRecipe = (group) => group.full && column && group.model === column.model;
  const here = ledger.groups.filter((group) => group.dataset === dataset);
  const others = here.filter((group) => !isRecipe(group));
  const runsOffered = others.map(({ name }) => [name, name]);
  if (column)
    runsOffered.push([RECIPE, `${NETWORKS[column.model]}, ${RECIPE}${here.some(isRecipe) ? "" : ": not run"}`]);
  const most = others.reduce((top, group) => (!top || group.rows.size > top.rows.size ? group : top), null);
  const runs = runsOffered.some(([name]) => name === wanted.runs) ? wanted.runs : (most?.name ?? RECIPE);
  const group = (runs === RECIPE ? here.find(isRecipe) : others.find(({ name }) => name === runs)) ?? null;

  const seedsHere = [...new Set([...(group?.rows.values() ?? [])].flat().map(({ seed }) => seed))].sort(
    (a, b) => a - b,
  );
  const several = seedsHere.length
    ? [["mean", "mean"], ...seedsHere.map((seed) => [String(seed), `seed ${seed}`])]
    : [];
  const seedsOffered = [["each", "all seeds"], ...several];
  const seeds = seedsOffered.some(([name]) => name === wanted.seeds) ? wanted.seeds : "each";

  const rows = wantedRows
    .filter(({ key }) => group?.rows.has(key) || column?.errors.has(key))
    .map((row) => ({
      ...row,
      printed: column?.errors.get(row.key) ?? null,
      runs: chosen(group?.rows.get(row.key) ?? [], seeds),
    }));
  // A method that neither has still has its row, to say so.
  for (const name of ledger.switches.filter((known) => on.has(known) && !rows.some((row) => row.switch === known))) {
    rows.push({ key: name, label: isLambda(name) ? `λ = ${name}` : name, switch: name, printed: null, runs: [] });
  }
  rows.sort((a, b) => ledger.switches.indexOf(a.switch) - ledger.switches.indexOf(b.switch));
  return {
    dataset,
    on,
    column,
    group,
    seeds,
    rows,
    runs,
    runsOffered,
    seedsOffered,
    error: wanted.error,
    papersOffered: columns.length ? columns.map(({ name }) => [name, name]) : [["", "not in the paper"]],
  };
}

function chosen(runs, seeds) {
  return seeds === "each" || seeds === "mean" ? runs : runs.filter(({ seed }) => String(seed) === seeds);
}

const errorsOf = (error) => (error === "both" ? ["test", "training"] : [error]);
const last = (values) => values[values.length - 1];
const mean = (values) => sum(values) / values.length;
const deviation = (values) =>
  values.length > 1 ? Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1)) : null;

// "fashion-mnist_resnet20_baseline_seed0_62103ca6.json", or the first of several.
function files(runs) {
  const rest =
    runs.length > 1
      ? ` and those of seeds ${runs
          .slice(1)
          .map(({ seed }) => seed)
          .join(", ")}`
      : "";
  return `data/results/${runs[0].file}.json${rest}`;
}

// The colour of a method: plain, stochastic depth, Self-Guidance, and everything else. The more distillation, the more
// of its colour.
function role(row) {
  if (row.switch === "plain") return ["sg-plain", ""];
  if (row.switch === "stochastic depth") return ["sg-student", ""];
  const lambda = Number(row.switch);
  if (Number.isNaN(lambda) && !["w/o backward full", "variants"].includes(row.switch)) return ["sg-plain", ""];
  const share = Number.isNaN(lambda) ? 0 : Math.round(100 * Math.sqrt(lambda / 3));
  return ["sg-mix", `--sg-shade: ${share}%`];
}

// ---- Errors after the last epoch: two panels with an axis each, one row a method.

function dotPicture(tell) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [paper, grid, heads, rows, marks] = [
    svg("rect", { class: "sg-sheet", rx: 6 }),
    svg("g"),
    svg("g"),
    svg("g"),
    svg("g"),
  ];
  drawing.append(paper, grid, heads, rows, marks);
  const walk = roving(marks);

  const paint = (shown) => {
    const across = width();
    const wide = across >= 560;
    const [pitch, top] = wide ? [30, 52] : [46, 80];
    // Without a column of the paper there is no panel for it.
    const sheet = shown.column ? (wide ? 192 : across < 270 ? 86 : 92) : 0;
    const panels = wide
      ? {
          ours: { left: 142, right: across - sheet - 138, number: across - sheet - 124, from: 142 },
          paper: { left: across - 182, right: across - 70, number: across - 52, from: across - 192 },
        }
      : {
          ours: { left: 6, right: across - sheet - 18, number: across - sheet - 4, from: 0 },
          paper: { left: across - sheet + 8, right: across - 14, number: across - 8, from: across - sheet },
        };
    const bottom = top + shown.rows.length * pitch;
    size(across, bottom + 44);
    attr(paper, { x: panels.paper.from, y: 0, width: sheet, height: bottom + 44 });

    const values = shown.rows.flatMap((row) =>
      errorsOf(shown.error).flatMap((error) => finished(row.runs).map((run) => last(run[error]))),
    );
    const axes = {
      ours: axis(values, panels.ours),
      paper: axis(
        shown.rows.flatMap(({ printed }) => (printed ? [printed.error] : [])),
        panels.paper,
      ),
    };
    // On a phone the numbers stand over the marks, and the line of the plain network stops at each.
    paintAxis(
      grid,
      axes,
      shown,
      shown.rows.map((_, i) => [top + i * pitch + (wide ? 0 : 18), top + (i + 1) * pitch]),
      bottom,
    );
    const { group, column } = shown;
    const lead = leading(shown);
    const heading = [
      {
        said: "measured here",
        x: panels.ours.from,
        below: group ? [`${NETWORKS[group.model] ?? group.model},`, `${group.epochs} epochs`] : ["not run"],
      },
      ...(column
        ? [
            {
              said: across < 270 ? "the paper" : "in the paper",
              x: panels.paper.from + (wide ? 8 : 4),
              below: [`${column.table},`, NETWORKS[column.model]],
            },
          ]
        : []),
    ].flatMap(({ said, x, below }) => [
      { said, x, y: 18, look: "sg-strong" },
      ...(wide ? [below.join(" ")] : below).map((line, i) => ({
        said: line,
        x,
        y: 35 + 16 * i,
        look: "sg-soft sg-small",
      })),
    ]);
    const several = shown.seeds === "each" || shown.seeds === "mean";
    if (values.length) {
      const what = several ? `mean ± SD${wide ? " (seeds)" : ""}` : `seed ${shown.seeds}`;
      const lines = wide
        ? [
            [`${lead} error,`, 18],
            [what, 35],
          ]
        : [[`${lead}, ${what}`, 67]];
      heading.push(
        ...lines.map(([said, y]) => ({
          said,
          x: panels.ours.number,
          y,
          look: `sg-soft sg-small${wide ? "" : " sg-end"}`,
        })),
      );
    }
    each(
      heads,
      heading,
      () => svg("text"),
      (node, { said, x, y, look }) => attr(text(node, said), { x, y, class: look }),
    );
    each(
      rows,
      shown.rows,
      () => svg("g", {}, svg("text"), svg("text"), svg("text")),
      (node, row, i) => {
        const [label, ours, theirs] = node.childNodes;
        const y = top + i * pitch;
        const base = wide ? y + 19 : y + 13;
        attr(text(label, row.label), { x: 0, y: base, class: "sg-small sg-halo" });
        attr(text(ours, measuredWords(row.runs, lead, wide && several)), {
          x: panels.ours.number,
          y: base,
          "text-anchor": wide ? "start" : "end",
          class: `sg-small${row.runs.length ? "" : " sg-soft"}`,
        });
        attr(text(theirs, !column ? "" : row.printed ? fixed(row.printed.error, 2) : "–"), {
          x: panels.paper.number,
          y: base,
          "text-anchor": wide ? "start" : "end",
          class: `sg-small${row.printed ? "" : " sg-soft"}`,
        });
      },
    );
    const drawn = shown.rows.flatMap((row, i) => rowMarks(row, shown, axes, top + i * pitch + (wide ? 15 : 30)));
    each(
      marks,
      drawn,
      () =>
        svg(
          "g",
          { class: "sg-mark", role: "img" },
          svg("circle", { class: "sg-grip", r: 9 }),
          svg("path", { class: "sg-reach" }),
          svg("path", { class: "sg-shape" }),
        ),
      (node, mark) => {
        const [look, style] = mark.role;
        attr(node, {
          class: `sg-mark ${look}`,
          style: style || null,
          transform: `translate(${mark.x.toFixed(1)} ${mark.y.toFixed(1)})`,
          "aria-label": mark.said,
        });
        attr(node.childNodes[1], { d: mark.reach ?? "" });
        attr(node.childNodes[2], { class: `sg-shape ${mark.kind}`, d: SHAPES[mark.shape] });
        node.said = mark.said;
      },
    );
    walk.settle();
    attr(drawing, {
      "aria-label": `Errors after the last epoch of ${shown.rows.length} methods, measured here${column ? ", and as printed in the paper" : ""}.`,
    });
  };
  walk.onTell(tell);
  return { el, paint };
}

const finished = (runs) => runs.filter((run) => run.finished && run.test.length);

// On a phone there is no room for the number of seeds, which the mark tells too.
function measuredWords(runs, error, counted) {
  if (!runs.length) return "not run";
  const values = finished(runs)
    .map((run) => last(run[error]))
    .filter((value) => value !== undefined);
  const lost = runs.length - finished(runs).length;
  const parts = values.length
    ? [
        fixed(mean(values), 1) +
          (values.length > 1 ? ` ± ${fixed(deviation(values), 1)}` : "") +
          (counted ? ` (${values.length})` : ""),
      ]
    : [];
  if (lost) parts.push(`${lost} diverged`);
  return parts.join(", ");
}

// From 0 would hide what there is to see, so the axis spans the values.
function axis(values, { left, right }) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 1;
  const near = sorted.filter((value) => value <= FAR * Math.max(middle, 1));
  const [low, high] = near.length ? [near[0], last(near)] : [0, 1];
  const pad = Math.max(0.06 * (high - low), 0.1);
  const [from, to] = [Math.max(0, low - pad), high + pad];
  return {
    left,
    right,
    from,
    to,
    far: (value) => value > to,
    at: (value) => clamp(left + ((value - from) / (to - from)) * (right - left), left, right + 4),
    ticks: niceTicks(from, to, Math.max(2, Math.floor((right - left) / 64))),
  };
}

function niceTicks(from, to, most) {
  const raw = (to - from) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = [0.5, 1, 2, 5, 10].map((times) => times * power);
  const wide = steps.findIndex((size) => size >= raw);
  const ticks = (step) => {
    const first = Math.ceil(from / step);
    return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(6)));
  };
  // One tick alone would not say how long the axis is.
  return ticks(steps[wide]).length > 1 ? ticks(steps[wide]) : ticks(steps[Math.max(0, wide - 1)]);
}

// Which error is written out, and compared with that of the plain network, where both are drawn.
const leading = ({ error }) => (error === "training" ? "training" : "test");

function paintAxis(grid, axes, shown, bands, bottom) {
  const said = {
    ours: shown.error === "both" ? "error (%), ● test, ■ training" : `${shown.error} error (%)`,
    paper: "test error (%)",
  };
  // Where the plain network stands, to compare the others with.
  const plain = shown.rows.find((row) => row.switch === "plain");
  const plainRuns = plain ? finished(plain.runs) : [];
  const stands = {
    ours: plainRuns.length ? axes.ours.at(mean(plainRuns.map((run) => last(run[leading(shown)])))) : null,
    paper: plain?.printed ? axes.paper.at(plain.printed.error) : null,
  };
  const items = ["ours", "paper"].filter((key) =>
    shown.rows.some(({ runs, printed }) => (key === "paper" ? printed : finished(runs).length)),
  );
  each(
    grid,
    items,
    () =>
      svg(
        "g",
        {},
        svg("path", { class: "sg-axis" }),
        svg("path", { class: "sg-marker" }),
        svg("text", { class: "sg-small sg-soft sg-mid" }),
        svg("g"),
      ),
    (node, key) => {
      const { left, right, at, ticks } = axes[key];
      attr(node.childNodes[0], {
        d: `M${left},${bottom + 4}H${right}${ticks.map((tick) => `M${at(tick).toFixed(1)},${bottom + 4}v5`).join("")}`,
      });
      attr(node.childNodes[1], {
        d: stands[key] === null ? "" : bands.map(([from, to]) => `M${stands[key].toFixed(1)},${from}V${to}`).join(""),
      });
      const words = text(node.childNodes[2], said[key]);
      attr(words, { x: Math.max(words.getComputedTextLength() / 2, (left + right) / 2), y: bottom + 39 });
      each(
        node.childNodes[3],
        ticks,
        () => svg("text", { class: "sg-tiny sg-soft sg-mid" }),
        (tickNode, tick) => attr(text(tickNode, String(tick)), { x: at(tick).toFixed(1), y: bottom + 22 }),
      );
    },
  );
}

const SHAPES = {
  ring: "M-4,0a4,4 0 1 0 8,0a4,4 0 1 0 -8,0",
  dot: "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0",
  square: "M-3.5,-3.5h7v7h-7z",
  block: "M-4.5,-4.5h9v9h-9z",
  diamond: "M0,-6L6,0L0,6L-6,0Z",
  cross: "M-4,-4L4,4M-4,4L4,-4",
  arrow: "M-5,-5L4,0L-5,5Z",
};

// Every mark of one row, with what it says of itself.
function rowMarks(row, shown, axes, y) {
  const marks = [];
  for (const error of errorsOf(shown.error)) {
    const runs = finished(row.runs).filter((run) => run[error].length);
    const [single, middle] = error === "test" ? ["ring", "dot"] : ["square", "block"];
    const offset = shown.error === "both" ? (error === "test" ? -4 : 5) : 0;
    const edge = (value, shape) => (axes.ours.far(value) ? "arrow" : shape);
    if (shown.seeds !== "mean" && (runs.length > 1 || shown.seeds !== "each")) {
      for (const run of runs) {
        const value = last(run[error]);
        marks.push({
          x: axes.ours.at(value),
          y: y + offset,
          role: role(row),
          kind: "sg-hollow",
          shape: edge(value, single),
          said: `${row.label}, seed ${run.seed}: ${error} error ${fixed(value, 2)} % after the last epoch. ${files([run])}`,
        });
      }
    }
    if (runs.length && (shown.seeds === "each" || shown.seeds === "mean")) {
      const values = runs.map((run) => last(run[error]));
      const [value, spread] = [mean(values), deviation(values)];
      const x = axes.ours.at(value);
      const reach =
        spread === null
          ? ""
          : `M${(axes.ours.at(value - spread) - x).toFixed(1)},0H${(axes.ours.at(value + spread) - x).toFixed(1)}`;
      const several = spread === null ? `seed ${runs[0].seed}` : `mean of ${runs.length} seeds ± standard deviation`;
      marks.push({
        x,
        y: y + offset,
        role: role(row),
        kind: "sg-fill",
        shape: edge(value, middle),
        reach,
        said: `${row.label}, ${several}: ${error} error ${fixed(value, 2)}${spread === null ? "" : ` ± ${fixed(spread, 2)}`} %. ${files(runs)}`,
      });
    }
  }
  for (const run of row.runs.filter((other) => !finished([other]).length)) {
    marks.push({
      x: axes.ours.right + 4,
      y,
      role: role(row),
      kind: "sg-line",
      shape: "cross",
      said: `${row.label}, seed ${run.seed}: ${run.status}. ${files([run])}`,
    });
  }
  if (row.printed) {
    const { error, note } = row.printed;
    marks.push({
      x: axes.paper.at(error),
      y,
      role: ["sg-plain", ""],
      kind: "sg-hollow",
      shape: axes.paper.far(error) ? "arrow" : "diamond",
      said: `The paper, ${shown.column.name}: ${row.label}, ${fixed(error, 2)} %${note ? ` (${note})` : ""}. No seeds, no spread; another recipe than ours.`,
    });
  }
  return marks;
}

// One stop for the Tab key; arrow keys go from mark to mark, and a mark tells its story when met.
function roving(parent) {
  let [active, tell] = [0, () => {}];
  const meet = (event) => {
    const mark = event.target.closest?.(".sg-mark");
    if (mark) tell(mark.said);
  };
  const settle = () => {
    active = clamp(active, 0, Math.max(0, parent.childNodes.length - 1));
    parent.childNodes.forEach((mark, i) => attr(mark, { tabindex: i === active ? 0 : -1 }));
  };
  parent.addEventListener("pointerover", meet);
  parent.addEventListener("focusin", (event) => {
    active = Math.max(0, [...parent.childNodes].indexOf(event.target));
    settle();
    meet(event);
  });
  parent.addEventListener("keydown", (event) => {
    const to = {
      ArrowRight: active + 1,
      ArrowDown: active + 1,
      ArrowLeft: active - 1,
      ArrowUp: active - 1,
      Home: 0,
      End: Infinity,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    parent.childNodes[clamp(to, 0, parent.childNodes.length - 1)].focus();
  });
  return { settle, onTell: (listener) => (tell = listener) };
}

// ---- Curves: a thin line a seed, a thick one for their mean; training error dashed.

function runCurves(tell) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [axisLines, ticks, names] = [svg("path", { class: "sg-axis" }), svg("g"), svg("g")];
  const window = svg("svg", { style: "overflow: hidden" });
  const lines = svg("g");
  window.append(lines);
  const [leaders, labels, note] = [svg("g"), svg("g"), svg("g")];
  const cursor = svg(
    "g",
    { class: "sg-cursor", visibility: "hidden" },
    svg("circle", { class: "sg-shape sg-hollow", r: 5 }),
  );
  const field = svg("rect", { class: "sg-grip sg-field", tabindex: 0, role: "img" });
  drawing.append(axisLines, ticks, names, window, leaders, labels, note, cursor, field);
  let [walkable, at] = [[], [0, 0]];

  const point = ([line, i]) => {
    if (!walkable.length) return;
    at = [clamp(line, 0, walkable.length - 1), 0];
    const {
      points,
      role: [look, style],
      said,
    } = walkable[at[0]];
    at[1] = clamp(i, 0, points.length - 1);
    attr(cursor, {
      class: `sg-cursor ${look}`,
      style: style || null,
      visibility: null,
      transform: `translate(${points[at[1]].map((value) => value.toFixed(1)).join(" ")})`,
    });
    tell(said(at[1]));
  };
  field.addEventListener("pointermove", (event) => {
    const box = field.getBoundingClientRect();
    const [x, y] = [
      event.clientX - box.left + Number(field.getAttribute("x")),
      event.clientY - box.top + Number(field.getAttribute("y")),
    ];
    let nearest = [Infinity, [0, 0]];
    walkable.forEach(({ points }, line) =>
      points.forEach(([px, py], i) => {
        const apart = Math.hypot(px - x, 2 * (py - y));
        if (apart < nearest[0]) nearest = [apart, [line, i]];
      }),
    );
    if (nearest[0] < 80) point(nearest[1]);
  });
  field.addEventListener(
    "pointerdown",
    (event) => event.pointerType !== "mouse" && field.dispatchEvent(new PointerEvent("pointermove", event)),
  );
  field.addEventListener("focus", () => field.matches(":focus-visible") && point([at[0], Infinity]));
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
    point(to);
  });

  const paint = (shown) => {
    const across = width();
    const kept = shown.group?.kept ?? [1];
    const bundles = shown.rows
      .flatMap((row) => errorsOf(shown.error).map((error) => bundle(row, error, shown.seeds)))
      .filter(({ curves }) => curves.length);
    // The names come first: the plot is as high as all of them on one another, and leaves them the width of the longest.
    each(
      labels,
      bundles,
      () => svg("text"),
      (node, { row, error }) => {
        const [look, style] = role(row);
        attr(text(node, row.label + (shown.error === "both" && error === "training" ? ", tr." : "")), {
          class: `sg-tiny ${look} sg-named`,
          style: style || null,
        });
      },
    );
    const longest = Math.max(0, ...[...labels.childNodes].map((node) => node.getComputedTextLength()));
    const gap = bundles.length > 12 ? 30 : 14;
    const [left, top, right] = [across >= 560 ? 44 : 32, 22, across - longest - gap];
    // Without a curve there is no plot either.
    const high = bundles.length ? Math.max(across >= 560 ? 330 : 300, NAME * bundles.length) : 0;
    const bottom = top + high;

    // The first epochs err too much to leave the others room.
    const settled = bundles.flatMap(({ curves }) =>
      curves.flatMap(({ values }) => values.filter((_, i) => kept[i] > last(kept) / 6)),
    );
    const [lowest, highest] = settled.length ? [Math.min(...settled), Math.max(...settled)] : [0, 100];
    const [low, top100] = [Math.max(0, lowest - 0.05 * (highest - lowest)), highest + 0.05 * (highest - lowest) + 0.1];
    const place = (i, value) => [
      left + ((kept[i] - 1) / Math.max(1, last(kept) - 1)) * (right - left),
      bottom - ((value - low) / (top100 - low)) * high,
    ];

    const [epochTicks, errorTicks] = high
      ? [niceTicks(1, Math.max(2, last(kept)), Math.min(5, (right - left) / 28)), niceTicks(low, top100, 6)]
      : [[], []];
    const atEpoch = (epoch) => left + ((epoch - 1) / Math.max(1, last(kept) - 1)) * (right - left);
    attr(axisLines, {
      d: !high
        ? ""
        : `M${left},${top}V${bottom}H${right}${epochTicks.map((e) => `M${atEpoch(e).toFixed(1)},${bottom}v5`).join("")}${errorTicks.map((v) => `M${left},${place(0, v)[1].toFixed(1)}h-5`).join("")}`,
    });
    const written = [
      ...epochTicks.map((e) => ({ words: String(e), x: atEpoch(e), y: bottom + 19, look: "sg-mid" })),
      ...errorTicks.map((v) => ({ words: String(v), x: left - 8, y: place(0, v)[1] + 4, look: "sg-end" })),
    ];
    each(
      ticks,
      written,
      () => svg("text"),
      (node, { words: said, x, y, look }) =>
        attr(text(node, said), { x: x.toFixed(1), y: y.toFixed(1), class: `sg-tiny sg-soft ${look}` }),
    );
    each(
      names,
      high
        ? [
            [shown.error === "both" ? "error (%); dashed: training (tr.)" : "error (%)", 0, 11],
            ["epoch", right, bottom + 36],
          ]
        : [],
      () => svg("text"),
      (node, [said, x, y], i) => attr(text(node, said), { x, y, class: `sg-small sg-soft ${i ? "sg-end" : ""}` }),
    );

    attr(window, {
      x: left,
      y: top - 2,
      width: Math.max(0, right - left + 4),
      height: high + 4,
      viewBox: `${left} ${top - 2} ${Math.max(0, right - left + 4)} ${high + 4}`,
    });
    const strokes = bundles.flatMap(({ row, error, curves }) =>
      curves.map((curve) => ({ row, error, ...curve, points: curve.values.map((value, i) => place(i, value)) })),
    );
    each(
      lines,
      strokes,
      () => svg("path"),
      (node, { row, error, whole, points }) => {
        const [look, style] = role(row);
        attr(node, {
          class: `sg-line ${look} ${whole ? "sg-mean" : "sg-one"} ${error === "training" ? "sg-dashed" : ""} ${dash(row)}`,
          style: style || null,
          d: `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`,
        });
      },
    );
    walkable = strokes.map(({ row, error, points, values, told }) => ({
      points: points.map(([x, y]) => [x, clamp(y, top, bottom)]),
      role: role(row),
      said: (i) =>
        `${row.label}, ${told.who}, epoch ${kept[i]}: ${error} error ${fixed(values[i], 2)} %. ${told.files}`,
    }));
    attr(cursor, { visibility: "hidden" });

    const ends = bundles.map(({ row, curves }) => ({
      role: role(row),
      y: clamp(place(curves[0].values.length - 1, last(curves[0].values))[1], top, bottom),
    }));
    apart(ends, NAME, top, bottom);
    ends.forEach(({ to }, i) => attr(labels.childNodes[i], { x: right + gap, y: (to + 4).toFixed(1) }));
    each(
      leaders,
      ends,
      () => svg("path"),
      (node, { role: [look, style], y, to }) =>
        attr(node, {
          class: `sg-line sg-leader ${look}`,
          style: style || null,
          d: `M${right + 2},${y.toFixed(1)}L${right + gap - 3},${to.toFixed(1)}`,
        }),
    );

    const missing = shown.rows.filter(({ runs }) => !runs.length).map(({ label }) => label);
    const figures = shown.column?.figures ?? [];
    const sentences = [
      ...(missing.length ? wrapped(`Not run: ${missing.join(", ")}.`, across) : []),
      ...wrapped(
        !shown.column
          ? "The paper has no such data."
          : figures.length
            ? `The paper draws ${NETWORKS[shown.column.model]} in ${figures.join(" and ")}, without numbers.`
            : `The paper has no curves of ${shown.column.name}.`,
        across,
      ),
    ];
    const under = high ? bottom + 58 : 16;
    each(
      note,
      sentences,
      () => svg("text", { class: "sg-small sg-soft" }),
      (node, said, i) => attr(text(node, said), { x: 0, y: under + 17 * i }),
    );
    size(across, under + 8 + 17 * (sentences.length - 1));
    attr(field, {
      x: left,
      y: top,
      width: Math.max(0, right - left + 6),
      height: high,
      "aria-label": `Curves of ${bundles.length} settings. Left and right go along a curve, up and down to another one.`,
    });
    attr(drawing, {
      "aria-label": `${shown.error === "both" ? "Test and training" : shown.error} error over ${last(kept)} epochs, ${bundles.length} curves.`,
    });
  };
  return { el, paint };
}

// The curves of one row: the mean first, where there is one.
function bundle(row, error, seeds) {
  const runs = row.runs.filter((run) => run[error].length);
  const whole = finished(runs);
  const curves = [];
  if (whole.length > 1 && (seeds === "each" || seeds === "mean")) {
    const values = whole[0][error].map((_, i) => mean(whole.map((run) => run[error][i])));
    curves.push({ whole: true, values, told: { who: `mean of ${whole.length} seeds`, files: files(whole) } });
  }
  for (const run of seeds === "mean" && curves.length ? [] : runs) {
    curves.push({
      whole: runs.length === 1,
      values: run[error],
      told: { who: `seed ${run.seed}`, files: files([run]) },
    });
  }
  return { row, error, curves };
}

// Methods that share a colour differ in their dots.
function dash(row) {
  return { ONE: "sg-dots", OKDDip: "sg-dots", KD: "sg-dots", cosub: "sg-dots", DML: "sg-dots" }[row.switch] ?? "";
}

// Labels at the ends of lines, moved so that none lies on another.
function apart(ends, pitch, top, bottom) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  sorted.forEach((end, i) => (end.to = i ? Math.max(end.y, sorted[i - 1].to + pitch) : Math.max(top, end.y)));
  const over = sorted.length ? Math.max(0, last(sorted).to - bottom) : 0;
  if (over > 0) {
    last(sorted).to = bottom;
    for (let i = sorted.length - 2; i >= 0; i -= 1) sorted[i].to = Math.min(sorted[i].to, sorted[i + 1].to - pitch);
  }
}

function wrapped(sentence, across) {
  const most = Math.floor(across / 6.4);
  return sentence.split(" ").reduce((lines, word) => {
    if (lines.length && (last(lines) + word).length < most) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
    return lines;
  }, []);
}

// ---- Controls of this picture: a menu whose offers change, and switches in a row.

// A wide one may offer more words than a phone shows in one line: there they stand, wrapped, under the menu's hand.
function menu({ label, wide = false, onChange }) {
  const list = html("select");
  const words = html("span", { class: "sg-words", "aria-hidden": true });
  let offered = [];
  list.addEventListener("change", () => onChange(offered[list.selectedIndex][0]));
  return {
    el: html(
      "label",
      { class: `sg-control${wide ? " sg-wide" : ""}` },
      html("span", { class: "sg-name" }, label),
      list,
      ...(wide ? [words] : []),
    ),
    show(value, options) {
      if (JSON.stringify(options) !== JSON.stringify(offered)) {
        offered = options;
        list.replaceChildren(...options.map(([id, said]) => html("option", { value: id }, said)));
      }
      list.selectedIndex = options.findIndex(([id]) => id === value);
      list.disabled = options.length < 2; // nothing to choose
      text(words, list.selectedOptions[0]?.textContent ?? "");
    },
  };
}

function chips({ label, names, onToggle }) {
  const inputs = names.map((name) => {
    const input = html("input", { type: "checkbox" });
    input.addEventListener("change", () => onToggle(name));
    return { name, input, el: html("label", {}, input, html("span", {}, name)) };
  });
  return {
    el: html(
      "fieldset",
      { class: "sg-control sg-chips" },
      html("legend", { class: "sg-name" }, label),
      html("div", { class: "sg-options" }, ...inputs.map(({ el }) => el)),
    ),
    show(on) {
      for (const { name, input } of inputs) input.checked = on.has(name);
    },
  };
}

export default { render };
