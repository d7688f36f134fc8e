// The feature space while a network trains: one t-SNE map of the full network's features and of students', epoch by epoch.
// Features and measures were recorded from a training run; the map is computed here, in a worker, and can be watched.

import { cloud, paintClasses, paintLegend } from "../lib/cloud.js";
import { button } from "../lib/controls.js";
import { attr, frame, html, painter, picture, sayInstead, svg, text, tryThis } from "../lib/dom.js";
import { reducedMotion } from "../lib/preferences.js";
import { spawnOrSay } from "../lib/spawn.js";
import { number, oneOf, openState, wholeNumber } from "../lib/state.js";
import { BOTH, controlsOf, nearestIndex } from "./controls.js";
import manifest from "./feature_space.json";
import { readFeatures } from "./features.js";
import { measures } from "./measures.js";
import { mapPlayer } from "./player.js";
import { workerSource } from "./worker.js";

const READERS = {
  method: oneOf(["self-guidance", "baseline"]),
  student: oneOf(["A", "B", "C", BOTH]),
  epoch: wholeNumber(0, 1000),
  perplexity: number(5, 60),
  seed: wholeNumber(0, 20),
  color: oneOf(["class", "network"]),
  image: wholeNumber(0, 1000),
};

function render({ model, el }) {
  const recording = readFeatures(model.get("recording"));
  if (recording === null) {
    return sayInstead(el, "feature-space", "This map needs its recording of a training run, and there is none here.");
  }
  const worker = spawnOrSay(
    el,
    "feature-space",
    workerSource,
    "The map is laid out in a worker of the browser, and this page cannot run one.",
  );
  if (worker === null) return undefined;
  const { epochs, labels, classes, students, components } = recording;
  const last = epochs.length - 1;
  const imageAt = () => Math.min(labels.length - 1, state.get("image"));
  const chosenStudents = () => students.filter(({ name }) => state.get("student").split(" ").includes(name));
  // The networks on show: the whole one first.
  const networks = () => {
    const plain = state.get("method") === "baseline";
    const whole = { name: plain ? "full network" : "teacher", role: plain ? "baseline" : "teacher", network: 0 };
    const others = chosenStudents().map(({ name, network }) => ({ name: `student ${name}`, role: "student", network }));
    return [whole, ...others];
  };

  // `pointed` is the image under the pointer.
  let [pointed, seen] = [null, reducedMotion()];
  const player = mapPlayer({
    worker,
    epochs,
    epochAt: () => nearestIndex(epochs, state.get("epoch")),
    setEpoch: (epoch) => state.set({ epoch: epochs[epoch] }),
    repaint() {
      attr(root, { "aria-busy": player.busy });
      repaint();
    },
  });
  // Tells the worker what has changed; nothing is laid out before somebody looks.
  const follow = () => {
    if (!seen) return;
    player.follow(JSON.stringify(["method", "student", "perplexity", "seed"].map(state.get)), () => {
      const rows = networks().map(({ network }) => network);
      const features = recording.methods[state.get("method")].map((moment) =>
        Float64Array.from(rows.flatMap((network) => [...moment.features(network)])),
      );
      const [perplexity, seed] = [state.get("perplexity"), state.get("seed")];
      return { features, points: rows.length * labels.length, components, perplexity, seed };
    });
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
  const pixelsOf = remembering(recording.pixels);
  const table = measures();
  const controls = controlsOf(recording, (changes) => state.set(changes));
  const playButton = button("Play", player.play);
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
    const { shown, busy, playing } = player;
    const wanted = nearestIndex(epochs, state.get("epoch"));
    // The slider stays where the reader put it; what is said of the map is said of the epoch that is on show.
    const at = playing && shown ? shown.epoch : wanted;
    const onShow = networks();
    for (const key of ["method", "student", "color", "perplexity", "seed"]) controls[key].show(state.get(key));
    controls.epoch.show(epochs[at]);
    controls.image.show(imageAt());
    text(playButton, playWords(playing, wanted === last));
    table.paint(recording.methods[state.get("method")][busy && shown ? shown.epoch : wanted], onShow);
    const [roles, byClass] = [onShow.map(({ role }) => role), state.get("color") === "class"];
    paintLegend(
      legend,
      onShow.map(({ name }) => name),
      roles,
      byClass,
    );
    paintClasses(classLegend, classes, byClass);
    const across = width();
    const down = Math.round(Math.min(520, across * 0.92));
    size(across, down);
    const waits = busy && (!shown || reducedMotion());
    text(moment, waits ? "laying out the points …" : momentWords(epochs, shown, busy ? at : null));
    attr(points, { opacity: waits ? 0.3 : null });
    const image = pointed ?? imageAt();
    if (shown) {
      attr(points, { visibility: null });
      paintCloud({ y: shown.y, labels, roles, byClass, across, down, image, pixels: pixelsOf(image) });
      player.painted();
    }
    const pointedOut = `Pointed out: image ${image + 1}, ${classes[labels[image]]}.`;
    attr(drawing, { "aria-label": `${mapWords(recording, onShow, shown)} ${pointedOut}` });
  });

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
    player.stop();
    watcher.disconnect();
    worker.terminate();
    stop();
    state.close();
  };
}

function playWords(playing, atEnd) {
  if (playing) return "Pause";
  return atEnd ? "Play from the start" : "Play";
}

// The epoch of the map; `heading` is the one that it is on the way to, or null.
function momentWords(epochs, shown, heading) {
  if (!shown) return "";
  const way = heading !== null && heading !== shown.epoch ? `, on the way to ${epochs[heading]}` : "";
  return `epoch ${epochs[shown.epoch]}${way}`;
}

function mapWords({ epochs, labels }, networks, shown) {
  const names = networks.map(({ name }, i) => (i ? name : `the ${name}`)).join(" and ");
  return `Map of ${labels.length} images as ${names} see them${shown ? ` after epoch ${epochs[shown.epoch]}` : ""}.`;
}

function remembering(make) {
  const made = new Map();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key);
  };
}

export default { render };
