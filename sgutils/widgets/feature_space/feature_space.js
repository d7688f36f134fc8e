// The feature space while a network trains: one t-SNE map of the full network's features and of students', epoch by epoch.
// Features and measures were recorded from a training run; the map is computed here, in a worker, and can be watched.

import { cloud, paintClasses, paintLegend } from "../lib/cloud.js";
import {
  attr,
  button,
  choice,
  each,
  fixed,
  frame,
  html,
  painter,
  percent,
  picture,
  reducedMotion,
  select,
  slider,
  spawnOrSay,
  svg,
  text,
  tryThis,
} from "../lib/dom.js";
import { number, oneOf, openState, wholeNumber } from "../lib/state.js";
import manifest from "./feature_space.json";
import { readFeatures } from "./features.js";
import { workerSource } from "./worker.js";

const BOTH = "A and B";

const READERS = {
  method: oneOf(["self-guidance", "baseline"]),
  student: oneOf(["A", "B", "C", BOTH]),
  epoch: wholeNumber(0, 1000),
  perplexity: number(5, 60),
  seed: wholeNumber(0, 20),
  color: oneOf(["class", "network"]),
  image: wholeNumber(0, 1000),
};

// A jump to an epoch that is laid out already takes so many milliseconds; a still picture stays for so many.
const [GLIDE, STILL] = [350, 900];

function render({ model, el }) {
  const recording = readFeatures(model.get("recording"));
  if (recording === null) {
    frame(
      el,
      "feature-space",
      html("p", {}, "This map needs its recording of a training run, and there is none here."),
    );
    return () => {};
  }
  const worker = spawnOrSay(
    el,
    "feature-space",
    workerSource,
    "The map is laid out in a worker of the browser, and this page cannot run one.",
  );
  if (worker === null) return () => {};
  const { epochs, labels, classes, students, components } = recording;
  const last = epochs.length - 1;
  const epochAt = () => nearestIndex(epochs, state.get("epoch"));
  const imageAt = () => Math.min(labels.length - 1, state.get("image"));
  const chosenStudents = () => students.filter(({ name }) => state.get("student").split(" ").includes(name));
  const full = () => (state.get("method") === "baseline" ? "full network" : "teacher");
  const roles = () => [
    state.get("method") === "baseline" ? "baseline" : "teacher",
    ...chosenStudents().map(() => "student"),
  ];

  // What is on show: an epoch's points, in the worker's coordinates, or nothing that fits the settings; `pointed` is the
  // image under the pointer; while it is `playing` all else on the page shows the epoch of the map.
  let [shown, pointed, playing, seen] = [null, null, false, reducedMotion()];

  let [run, settings, aimed] = [0, null, null];
  worker.onmessage = ({ data }) => {
    if (data.run !== run) return;
    const jump = data.settled && shown && shown.epoch !== data.epoch && !playing && !reducedMotion();
    if (jump) glide(shown.y, data);
    else show(data);
  };
  const show = ({ epoch, y, settled }) => {
    shown = { epoch, y };
    if (settled) {
      attr(root, { "aria-busy": false });
      if (playing && reducedMotion() && epoch < last) resting = setTimeout(() => playing && step(epoch + 1), STILL);
      else playing = false;
    }
    repaint();
  };
  // Where motion is unwelcome the epochs come as still pictures, one after another.
  let resting = null;
  const step = (epoch) => {
    aimed = epoch;
    state.set({ epoch: epochs[epoch] });
    go();
  };
  let gliding = null;
  const glide = (from, { epoch, y, settled }) => {
    let begun = null;
    const tick = (now) => {
      begun ??= now;
      const way = Math.min(1, (now - begun) / GLIDE);
      const eased = way * way * (3 - 2 * way);
      gliding = way < 1 ? requestAnimationFrame(tick) : null;
      show({ epoch, y: y.map((value, k) => from[k] + (value - from[k]) * eased), settled: settled && way === 1 });
    };
    gliding = requestAnimationFrame(tick);
  };
  const go = (more = {}) => {
    cancelAnimationFrame(gliding);
    clearTimeout(resting);
    aimed = epochAt();
    attr(root, { "aria-busy": true });
    worker.postMessage({ go: { run, to: aimed, watched: !reducedMotion(), ...more } });
  };
  // Tells the worker what has changed; nothing is laid out before somebody looks.
  const follow = () => {
    if (!seen) return;
    const now = JSON.stringify(["method", "student", "perplexity", "seed"].map(state.get));
    if (now !== settings) {
      // With other settings the points are laid out from the first epoch on, which is as good to watch as what Play does.
      [settings, run, playing, shown] = [now, run + 1, !reducedMotion(), null];
      const networks = [0, ...chosenStudents().map(({ network }) => network)];
      const features = recording.methods[state.get("method")].map((moment) =>
        Float64Array.from(networks.flatMap((network) => [...moment.features(network)])),
      );
      worker.postMessage({
        begin: {
          run,
          features,
          points: networks.length * labels.length,
          components,
          perplexity: state.get("perplexity"),
          seed: state.get("seed"),
        },
      });
      go();
    } else if (epochAt() !== aimed) {
      playing = false;
      go();
    }
  };
  const play = () => {
    if (playing) {
      playing = false;
      state.set({ epoch: epochs[shown?.epoch ?? 0] });
      return;
    }
    const from = epochAt() === last ? -1 : epochAt();
    playing = true;
    if (reducedMotion()) {
      step(from + 1);
      return;
    }
    aimed = last;
    state.set({ epoch: epochs[last] });
    go({ from });
  };

  const { el: mapEl, svg: drawing, size, width } = picture();
  const moment = svg("text", { class: "sg-moment", x: 0, y: 18 });
  const points = svg("g", { visibility: "hidden" }); // until there are any
  drawing.append(moment, points);
  const paintCloud = cloud(points, {
    side: recording.side,
    classes,
    choose(i, { sure }) {
      if (sure) state.set({ image: i });
      if (i !== pointed) {
        pointed = i;
        repaint();
      }
    },
  });
  const table = measures();
  const controls = {
    method: choice({
      label: "training",
      options: [
        ["self-guidance", "Self-Guidance"],
        ["baseline", "baseline"],
      ],
      onChange: (method) => state.set({ method }),
    }),
    student: select({
      label: "student",
      onChange: (student) => state.set({ student }),
      options: [
        ...students.map(({ name, gates }) => [
          name,
          `${name}: ${[...gates].filter((gate) => gate === "1").length} of ${gates.length} blocks`,
        ]),
        [BOTH, "A and B together"],
      ],
    }),
    color: choice({
      label: "colour",
      options: [
        ["class", "class"],
        ["network", "network"],
      ],
      onChange: (color) => state.set({ color }),
    }),
    epoch: slider({
      label: "epoch",
      min: epochs[0],
      max: epochs[last],
      step: 1,
      say: (epoch) => `${epoch}`,
      scale: { to: (epoch) => nearestIndex(epochs, epoch), from: (index) => epochs[index] },
      onInput: (epoch) => state.set({ epoch }),
    }),
    perplexity: slider({
      label: "perplexity",
      min: 5,
      max: 60,
      step: 1,
      say: (value) => fixed(value, 0),
      onInput: (perplexity) => state.set({ perplexity }),
    }),
    seed: slider({
      label: "seed",
      min: 0,
      max: 20,
      step: 1,
      say: (value) => `${value}`,
      onInput: (seed) => state.set({ seed }),
    }),
    image: slider({
      label: "image",
      min: 0,
      max: labels.length - 1,
      step: 1,
      say: (i) => `${i + 1}: ${classes[labels[i]]}`,
      onInput: (image) => state.set({ image }),
    }),
  };
  const playButton = button("Play", play);
  playButton.classList.add("sg-main");
  const legend = html("div", { class: "sg-marks-legend" });
  const classLegend = html("div", { class: "sg-marks-legend sg-small-legend" });
  const root = frame(
    el,
    "feature-space",
    html("div", { class: "sg-controls" }, controls.method.el, controls.student.el, controls.color.el),
    html(
      "div",
      { class: "sg-columns" },
      html(
        "div",
        {},
        mapEl,
        html("div", { class: "sg-controls" }, html("div", { class: "sg-buttons" }, playButton), controls.epoch.el),
        classLegend,
      ),
      html(
        "div",
        {},
        legend,
        table.el,
        html("div", { class: "sg-controls" }, controls.image.el, controls.perplexity.el, controls.seed.el),
        html(
          "p",
          { class: "sg-note" },
          "The map keeps who is near whom. The size of a group, the gap between two groups and the axes mean nothing; " +
            "believe a shape only if it is there for other seeds and perplexities too. The table does not depend on the map.",
        ),
      ),
    ),
    tryThis(
      "play from the start and follow one image, with the pointer or the slider “image”. Then choose the baseline and student C: how far apart are the two networks in the map, and in the table?",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const busy = root.getAttribute("aria-busy") === "true";
    // The slider stays where the reader put it; what is said of the map is said of the epoch that is on show.
    const at = playing && shown ? shown.epoch : epochAt();
    const onShow = busy && shown ? shown.epoch : epochAt();
    for (const key of ["method", "student", "color", "perplexity", "seed"]) controls[key].show(state.get(key));
    controls.epoch.show(epochs[at]);
    controls.image.show(imageAt());
    text(playButton, playing ? "Pause" : epochAt() === last ? "Play from the start" : "Play");
    const across = width();
    const down = Math.round(Math.min(520, across * 0.92));
    size(across, down);
    table.paint(recording.methods[state.get("method")][onShow], full(), chosenStudents(), roles());
    const byClass = state.get("color") === "class";
    paintLegend(legend, [full(), ...chosenStudents().map(({ name }) => `student ${name}`)], roles(), byClass);
    paintClasses(classLegend, classes, byClass);
    const still = busy && (!shown || reducedMotion());
    const way = busy && shown && at !== shown.epoch ? `, on the way to ${epochs[at]}` : "";
    text(moment, still ? "laying out the points …" : shown ? `epoch ${epochs[shown.epoch]}${way}` : "");
    attr(points, { opacity: still ? 0.3 : null });
    const image = pointed ?? imageAt();
    if (shown) {
      attr(points, { visibility: null });
      paintCloud({
        y: shown.y,
        labels,
        roles: roles(),
        byClass,
        across,
        down,
        image,
        pixels: pixelsOf(image),
      });
      if (busy) worker.postMessage({ more: run });
    }
    attr(drawing, {
      "aria-label":
        `Map of ${labels.length} images as ${[`the ${full()}`, ...chosenStudents().map(({ name }) => `student ${name}`)].join(" and ")} see them` +
        `${shown ? ` after epoch ${epochs[shown.epoch]}` : ""}. Pointed out: image ${image + 1}, ${classes[labels[image]]}.`,
    });
  });
  const cache = new Map();
  const pixelsOf = (i) => cache.get(i) ?? (cache.set(i, recording.pixels(i)), cache.get(i));

  const state = openState(model, manifest.state, READERS, () => {
    follow();
    repaint();
  });
  // A map that moves waits until it is looked at; a still one is laid out at once.
  const watcher = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    seen = true;
    watcher.disconnect();
    follow();
  });
  watcher.observe(root);
  follow();
  return () => {
    cancelAnimationFrame(gliding);
    clearTimeout(resting);
    watcher.disconnect();
    worker.terminate();
    stop();
    state.close();
  };
}

// The measures of the networks on show, a row each.
function measures() {
  const head = ["network", "error", "probe", "silhouette", "CKA"].map((name) => html("th", { scope: "col" }, name));
  const body = html("tbody");
  const caption = html("caption");
  const el = html("table", { class: "sg-measures" }, caption, html("thead", {}, html("tr", {}, ...head)), body);
  return {
    el,
    paint(moment, full, chosen, roles) {
      text(
        caption,
        `Over all test images: test error, test error of a linear probe, silhouette, and CKA with the ${full}`,
      );
      const rows = [
        { name: full, network: 0 },
        ...chosen.map(({ name, network }) => ({ name: `student ${name}`, network })),
      ];
      each(
        body,
        rows,
        () =>
          html(
            "tr",
            {},
            html("th", { scope: "row" }),
            ...Array.from({ length: 4 }, () => html("td", {}, html("output"))),
          ),
        (row, { name, network }, i) => {
          const values = [
            percent(moment.error[network], 1),
            percent(moment.probe[network], 1),
            fixed(moment.silhouette[network], 2),
            fixed(moment.cka[0][network], 2),
          ];
          attr(text(row.firstChild, name), { class: `sg-${roles[i]}` });
          values.forEach((value, k) => text(row.childNodes[k + 1].firstChild, value));
        },
      );
    },
  };
}

function nearestIndex(values, value) {
  return values.reduce(
    (best, candidate, i) => (Math.abs(candidate - value) < Math.abs(values[best] - value) ? i : best),
    0,
  );
}

export default { render };
