// A trained network whose blocks can be switched, and its twin that was trained plainly. What shows at first was recorded;
// once the networks are loaded, in a worker here or by PyTorch in a kernel, they answer for any image and any gates.

import {
  attr,
  button,
  choice,
  each,
  figures,
  fixed,
  frame,
  html,
  painter,
  percent,
  picture,
  presets,
  svg,
  switchRow,
  text,
  thumbnail,
  tryThis,
} from "../lib/dom.js";
import { crossEntropy, distillationKl, randomNumbers, sampleGates, softmax, sum } from "../lib/math.js";
import { bytes, check } from "../lib/recording.js";
import { oneOf, openState, wholeNumber } from "../lib/state.js";
import { kernelBackend, workerBackend } from "./backend.js";
import manifest from "./live_network.json";
import { drawingPad, packed, unpacked } from "./pad.js";
import { workerSource } from "./worker.js";

const NETWORKS = ["self-guidance", "baseline"];
const NAMES = { "self-guidance": "Self-Guidance", baseline: "trained plainly" };
const COLORS = { "self-guidance": "sg-teacher", baseline: "sg-baseline" };

// The students of the paper's Figure 5, of another network; here each block does what the one at its height does there.
const FIGURE_5 = { A: "11111111101010101111111", B: "11111111101111001", C: "111111110011111110100" };
const shortened = (gates, blocks) =>
  Array.from({ length: blocks }, (_, l) => gates[Math.floor(((l + 0.5) / blocks) * gates.length)]).join("");

// Test images a question: few enough that a switch is felt at once.
const SLICE = 25;

const READERS = {
  network: oneOf(NETWORKS),
  gates: (value) => (typeof value === "string" && /^(p|[01]{1,64})$/.test(value) ? value : undefined),
  image: wholeNumber(0, 1000),
  drawing: (value) => (typeof value === "string" ? value : undefined),
};

function render({ model, el }) {
  const recording = readNetworks(model.get("recording"));
  if (recording === null) {
    frame(
      el,
      "live",
      html("p", {}, "This picture needs its recording of two trained networks, and there is none here."),
    );
    return () => {};
  }
  const { survival, side, images } = recording;
  const blocks = survival.length;
  const ones = "1".repeat(blocks);
  const whole = (network) => (network === "baseline" ? ones : "p");
  const random = randomNumbers(Math.floor(Math.random() * 2 ** 31));

  const network = () => state.get("network");
  const gates = () => (state.get("gates").length === blocks ? state.get("gates") : "p");
  const drawn = () => unpacked(state.get("drawing"), side * side);
  const image = () => images[state.get("image") % images.length];
  const blank = () => drawn()?.every((value) => value === 0) ?? false;
  const subject = () => (drawn() ? state.get("drawing") : state.get("image") % images.length);

  // Logits by what was asked, and how many of how many test images were wrong.
  const logits = new Map();
  const measured = new Map();
  for (const [i, { whole: said }] of images.entries())
    for (const name of NETWORKS) logits.set([i, name, whole(name)].join(), said[name]);
  const logitsOf = (name, vector) => logits.get([subject(), name, vector].join());
  const measuredOf = (name) => measured.get([name, gates()].join());

  let [backend, live, working, gone] = [null, false, false, false];
  // What to find out next, of what is on show now: first the prediction, then the errors of both networks.
  const nextQuestion = () => {
    for (const vector of blank() ? [] : [gates(), whole(network())]) {
      const key = [subject(), network(), vector].join();
      if (!logits.has(key)) {
        const question = { ask: "logits", network: network(), gates: vector, pixels: [...(drawn() ?? image().pixels)] };
        return { question, take: (answer) => logits.set(key, answer) };
      }
    }
    for (const name of [network(), ...NETWORKS]) {
      const { done, wrong } = measuredOf(name) ?? { done: 0, wrong: 0 };
      const count = Math.min(SLICE, recording.testImages - done);
      if (count > 0) {
        const key = [name, gates()].join();
        const question = { ask: "wrong", network: name, gates: gates(), start: done, count };
        return { question, take: (answer) => measured.set(key, { done: done + count, wrong: wrong + answer }) };
      }
    }
    return null;
  };
  const work = async () => {
    if (working || !live) return;
    working = true;
    try {
      for (let next = nextQuestion(); next && !gone; next = nextQuestion()) {
        next.take(await backend.ask(next.question));
        repaint();
      }
      if (!backend.kernel)
        say(`Live: both networks run in this page, ${recording.testImages} test images at each switch.`);
      else say("Live: PyTorch answers in the kernel.");
    } catch (error) {
      if (!gone) say(`The networks stopped answering (${error.message}).`);
    }
    working = false;
  };

  // Loading.
  const bar = html("progress", { max: 1, "aria-label": "loading" });
  const said = html("output", { class: "sg-live-said", tabindex: -1 });
  const say = (sentence) => text(said, sentence);
  const load = button("Load the live networks (6 MB)", () => start());
  load.classList.add("sg-main");
  attr(load, { "data-loads": "" });
  const loading = html("div", { class: "sg-live-load" }, load, said);
  const start = async () => {
    const root = document.documentElement.dataset.content_root;
    if (root === undefined) {
      say("The networks' files are not here: they come with the book's site.");
      return;
    }
    // The button goes, and the focus of the keyboard with it to what takes its place.
    if (document.activeElement === load) said.focus();
    load.replaceWith(bar);
    say("Loading …");
    try {
      backend = workerBackend(workerSource, (share) => {
        bar.value = share;
        say(share < 1 ? `Loading … ${percent(share)}` : "Loaded; starting the networks …");
      });
      const about = { networks: NETWORKS, survival, side, mean: recording.mean, deviation: recording.deviation };
      const count = await backend.ask({ ask: "load", root: new URL(root, location.href).href, about });
      check(count === recording.testImages);
      begin();
    } catch (error) {
      if (gone) return;
      backend?.close();
      bar.replaceWith(load);
      say(`The networks could not be loaded (${error.message}): look at the connection, and try again.`);
    }
  };
  const begin = () => {
    if (gone) return;
    live = true;
    bar.remove();
    pad.open();
    repaint();
    work();
  };

  const pad = drawingPad({ side, onDraw: (pixels) => state.set({ drawing: packed(pixels) }) });
  const photos = choice({
    label: "image",
    options: images.map(({ label, pixels }, i) => [i, recording.classes[label], thumbnail(pixels, side, 22)]),
    onChange: (i) => state.set({ image: i, drawing: "" }),
  });
  photos.el.classList.add("sg-live-photos");
  const networks = choice({
    label: "network",
    options: NETWORKS.map((name) => [name, NAMES[name]]),
    onChange: (value) => state.set({ network: value }),
  });
  const wanted = presets({
    label: "Gates worth seeing",
    options: [
      ["p", "teacher, g = p"],
      [ones, "all blocks, g = 1"],
      ...Object.entries(FIGURE_5).map(([name, long]) => [shortened(long, blocks), `Figure 5, ${name}`]),
    ],
    onChoose: (value) => state.set({ gates: value }),
  });
  const draw = button("Draw a student", () => {
    let next = gates();
    while (next === gates()) next = sampleGates(survival, random).join("");
    state.set({ gates: next });
  });
  wanted.el.prepend(draw);

  const row = blockSwitches(survival, (l) => {
    const now = gates() === "p" ? ones : gates();
    state.set({ gates: [...now].map((gate, i) => (i === l ? String(1 - gate) : gate)).join("") });
  });
  const chart = predictionPicture(recording);
  const errors = errorPicture(recording, whole);
  const numbers = figures([
    ["says"],
    [html("span", { class: "sg-distill" }, "KL"), " from its whole network"],
    ["cross-entropy with the ", html("span", { class: "sg-label" }, "label")],
  ]);

  const root = frame(
    el,
    "live",
    html("div", { class: "sg-controls" }, networks.el, wanted.el),
    html(
      "div",
      { class: "sg-live-grid" },
      html("div", { class: "sg-live-pad" }, pad.sheet, html("div", {}, photos.el, pad.tools)),
      row.el,
      chart.el,
      errors.el,
    ),
    numbers.el,
    loading,
    tryThis(
      "switch off one block after another, early ones and late ones, and compare how fast the two networks lose their way.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    networks.show(network());
    wanted.show((value) => value === gates());
    photos.show(drawn() ? null : state.get("image") % images.length);
    const label = drawn() ? null : image().label;
    pad.show(
      drawn() ?? image().pixels,
      blank() ? "an empty sheet" : label === null ? "your drawing" : `an image of class ${recording.classes[label]}`,
    );
    row.paint(network(), gates());
    const [own, reference] = [logitsOf(network(), gates()), logitsOf(network(), whole(network()))];
    chart.paint({
      network: network(),
      own,
      reference,
      label,
      waitsFor: blank() ? "a drawing" : live ? "…" : "loading",
    });
    const kl = own && reference ? distillationKl(own, reference, 1) : null;
    const best = own && recording.classes[own.indexOf(Math.max(...own))];
    numbers.show([
      best ?? "–",
      kl === null ? "–" : fixed(kl, 2),
      own && label !== null ? fixed(crossEntropy(own, label), 2) : "–",
    ]);
    errors.paint(gates(), measuredOf);
  });
  const state = openState(model, manifest.state, READERS, () => {
    repaint();
    work();
  });

  if (model.get("kernel") === true) {
    backend = Object.assign(kernelBackend(model), { kernel: true });
    load.remove();
    begin();
  } else if (location.protocol === "file:") {
    load.remove();
    say(
      "A page opened by double-click may not load the networks: run “make serve” and open the address that it prints.",
    );
  } else {
    say("What you see was recorded. The networks themselves answer for any image, and for what you draw.");
  }
  return () => {
    gone = true;
    backend?.close();
    stop();
    state.close();
  };
}

// The row of switches, the gate of each block beneath it, and the three stages beneath those.
function blockSwitches(survival, onToggle) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const blocks = survival.length;
  const title = svg("text", { y: 14 });
  const name = svg("tspan", { class: "sg-strong" });
  const what = svg("tspan");
  title.append(name, what);
  const wire = svg("path", { class: "sg-line sg-axis" });
  const sub = switchRow({ name: (l) => `block ${l + 1}`, onToggle });
  const [values, stages] = [svg("g"), svg("g")];
  drawing.append(title, wire, sub.node, values, stages);
  el.classList.add("sg-live-blocks");
  const paint = (network, gates) => {
    const across = width();
    size(across, 122);
    const pitch = (across - 8) / blocks;
    const middle = (l) => 4 + pitch * (l + 0.5);
    const side = Math.min(30, pitch - 6);
    const teacher = gates === "p";
    const running = teacher ? blocks : sum([...gates].map(Number));
    const strange = teacher && network === "baseline";
    attr(name, { class: `sg-strong ${teacher ? "sg-teacher" : "sg-student"}` });
    text(name, strange ? "Weighted" : teacher ? "Teacher" : running === blocks ? "All blocks" : "Student");
    text(
      what,
      strange
        ? " as it never was in training"
        : teacher
          ? ": each block weighted by its survival"
          : running === blocks
            ? ", each in full"
            : `: ${running} of ${blocks} blocks run`,
    );
    if (title.getComputedTextLength() > across) text(what, ": weighted by survival");
    attr(wire, { d: `M0,52H${across}` });
    attr(sub.node, { class: teacher ? "sg-teacher sg-live-weighted" : "sg-student" });
    sub.paint(teacher ? survival : [...gates].map(Number), (l) => ({ x: middle(l), y: 52, side, pitch }));
    // The teacher's blocks are shaded by how often they survive.
    sub.node.childNodes.forEach((glyph, l) =>
      glyph.style.setProperty("--sg-shade", `${Math.round(100 * (teacher ? survival[l] - 0.12 : 1))}%`),
    );
    each(
      values,
      survival,
      () => svg("text", { class: "sg-tiny sg-mid sg-soft" }),
      (node, survive, l) => {
        attr(text(node, teacher ? fixed(survive, 2) : gates[l]), { x: middle(l), y: 86 });
      },
    );
    each(
      stages,
      ["16", "32", "64"],
      () => svg("g", {}, svg("path", { class: "sg-line sg-axis" }), svg("text", { class: "sg-tiny sg-mid sg-soft" })),
      (node, channels, i) => {
        const [line, said] = node.childNodes;
        const [from, to] = [4 + (across - 8) * (i / 3) + 6, 4 + (across - 8) * ((i + 1) / 3) - 6];
        attr(line, { d: `M${from},94V98H${to}V94` });
        attr(text(said, `${channels} channels`), { x: (from + to) / 2, y: 113 });
      },
    );
  };
  return { el, paint };
}

// Two bars a class: the whole network's probability, and that of the network with these gates.
function predictionPicture({ classes }) {
  const { el, svg: drawing, size, width } = picture();
  el.classList.add("sg-live-chart");
  const titles = [
    svg("text", { class: "sg-strong sg-small", x: 0, y: 14 }),
    svg("text", { class: "sg-strong sg-small sg-student", x: 0, y: 30 }),
  ];
  const [chart, goal] = [svg("g"), svg("rect", { class: "sg-line sg-label sg-goal" })];
  drawing.append(...titles, goal, chart);
  const [top, pitch, names] = [40, 24, 78];
  const paint = ({ network, own, reference, label, waitsFor }) => {
    const across = width();
    size(across, top + classes.length * pitch + 4);
    const scale = across - names - 44;
    attr(text(titles[0], `whole network, ${network === "baseline" ? "g = 1" : "g = p"}`), {
      class: `sg-strong sg-small ${COLORS[network]}`,
    });
    text(titles[1], own ? "with these gates" : `with these gates: ${waitsFor}`);
    attr(
      goal,
      label === null
        ? { visibility: "hidden" }
        : { visibility: null, x: names - 2.5, y: top + label * pitch - 0.5, width: scale + 5, height: pitch, rx: 4 },
    );
    const sides = [
      [reference, COLORS[network]],
      [own, "sg-student"],
    ].map(([logits, color]) => ({ p: logits && softmax(logits), color }));
    each(
      chart,
      classes,
      () => svg("g", {}, svg("text"), ...sides.flatMap(() => [svg("rect"), svg("text")])),
      (node, name, k) => {
        const [said, ...parts] = node.childNodes;
        const y = top + k * pitch;
        attr(text(said, name), {
          x: names - 8,
          y: y + pitch / 2 + 4,
          class: k === label ? "sg-end sg-label sg-strong" : "sg-end sg-soft",
        });
        sides.forEach(({ p, color }, i) => {
          const [bar, value] = [parts[2 * i], parts[2 * i + 1]];
          const thick = (pitch - 6) / 2;
          const middle = y + 2 + i * (thick + 1);
          attr(bar, {
            class: `sg-fill sg-share ${color}`,
            x: names,
            y: middle,
            height: thick,
            width: p ? Math.max(1, p[k] * scale) : 0,
          });
          const best = p && p[k] === Math.max(...p);
          attr(text(value, best ? percent(p[k]) : ""), {
            class: `sg-tiny sg-strong ${color}`,
            x: names + (k === label ? scale + 8 : (p ? p[k] : 0) * scale + 5),
            y: middle + thick / 2 + 4,
          });
        });
      },
    );
    const spoken = (logits) =>
      logits
        ? `${classes[logits.indexOf(Math.max(...logits))]}, ${percent(Math.max(...softmax(logits)))}`
        : "nothing yet";
    attr(drawing, {
      "aria-label": `The whole network says ${spoken(reference)}; with these gates it says ${spoken(own)}.`,
    });
  };
  return { el, paint };
}

// For each network how many of the test images it gets wrong with these gates, before the pile of all its students, each
// as heavy as it is likely to be drawn.
function errorPicture({ wrong, testImages, survival }, whole) {
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
    const x = (share) => left + share * (right - left);
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
      attr(mark, { d: `M${x(ofWhole).toFixed(1)},${base + 7}V${base - 38}` });
      attr(now, { cx: x(share).toFixed(1), cy: base, class: done ? "sg-fill sg-live-now" : "sg-hollow sg-live-now" });
      return `${NAMES[name]} ${percent(share, 1)}`;
    });
    each(
      ticks,
      [0, 0.25, 0.5, 0.75, 1],
      () => svg("text", { class: "sg-tiny sg-soft sg-mid" }),
      (node, share) => {
        attr(text(node, share === 1 ? "100 %" : String(100 * share)), {
          x: x(share),
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

// What `sgutils.widgets.recorders.live_network` wrote; null where it is not that.
function readNetworks(recording) {
  try {
    const { classes, survival, side, mean, deviation, test_images: testImages, wrong, images } = recording;
    check(survival.length <= 16 && survival.every((p) => typeof p === "number" && p >= 0 && p <= 1));
    check([mean, deviation].every(Number.isFinite) && deviation > 0 && testImages > 0 && images.length > 0);
    check(classes.every((name) => typeof name === "string"));
    const numbers = (values) => check(values.length === classes.length && values.every(Number.isFinite), values);
    return {
      classes,
      survival,
      side,
      mean,
      deviation,
      testImages,
      wrong: Object.fromEntries(NETWORKS.map((name) => [name, bytes(wrong[name], 2 ** survival.length + 1)])),
      images: images.map(({ label, pixels, whole }) => ({
        label: check(Number.isInteger(label) && label >= 0 && label < classes.length, label),
        pixels: bytes(pixels, side * side),
        whole: Object.fromEntries(NETWORKS.map((name) => [name, numbers(whole[name])])),
      })),
    };
  } catch {
    return null;
  }
}

export default { render };
