// Trains a real gated residual network on real images in the page, on its processor or its graphics processor. Before that a
// recorded training is on show. `session.js` is the training, `picture.js` paints it, and this file is what ties them together.

import { attr, frame, html, painter, text, tryThis } from "../lib/dom.js";
import { isGuided, NAMES } from "../lib/methods.js";
import { onTheme, reducedMotion } from "../lib/preferences.js";
import { flag, gateString, number, oneOf, openState, wholeNumber } from "../lib/state.js";
import { createControls, ENGINES, NETWORKS, planOf, standing } from "./controls.js";
import { DATASETS } from "./datasets.js";
import { kernelWorker } from "./kernel.js";
import { createLanes } from "./lanes.js";
import { errorCurves, featureMap, gateRows, lossTerms } from "./picture.js";
import { readTraining } from "./recording.js";
import { imagesOfKernel, imagesOfSite } from "./session.js";
import manifest from "./trainer.json";

// What holds for the next step, of one network or of two side by side, and what a training is started again for.
const SETTINGS = {
  method: oneOf(Object.keys(NAMES)),
  lam: number(0, 3),
  tau: number(1, 10),
  p_last: number(0, 1),
  lr: number(0.001, 0.5),
  statistics: oneOf(["teacher", "both"]),
};
const PLAN = {
  data: oneOf(Object.keys(DATASETS)),
  network: oneOf(Object.keys(NETWORKS)),
  engine: oneOf(Object.keys(ENGINES)),
  seed: wholeNumber(0, 99),
};
const READERS = {
  ...SETTINGS,
  ...Object.fromEntries(Object.entries(SETTINGS).map(([key, reader]) => [`b_${key}`, reader])),
  ...PLAN,
  compare: flag,
  edit: oneOf(["A", "B"]),
  moment: wholeNumber(0, 1000),
  image: wholeNumber(0, 499),
  color: oneOf(["class", "network"]),
  gates: gateString,
};

const STILL = 350; // milliseconds of a recorded picture

function render({ model, el }) {
  const recording = readTraining(model.get("recording"));
  if (recording === null) {
    frame(el, "trainer", html("p", {}, "This picture needs its recording of a training, and there is none here."));
    return () => undefined;
  }
  const kernel = model.get("kernel") === true;
  const read = (keys, prefix = "") => Object.fromEntries(keys.map((key) => [key, state.get(prefix + key)]));
  const settings = (prefix) => read(Object.keys(SETTINGS), prefix);
  const both = () => (state.get("compare") ? ["", "b_"] : [""]);
  const nameOf = (key) => (key in SETTINGS ? edited() : "") + key;
  const edited = () => (state.get("compare") && state.get("edit") === "B" ? "b_" : "");
  const lanes = createLanes({
    source: kernel
      ? { imagesFrom: () => imagesOfKernel(model), kernel: () => kernelWorker(model) }
      : { imagesFrom: imagesOfSite },
    keys: both,
    plan: () => read(Object.keys(PLAN)),
    settings,
    gates: () => byHand(),
    change: () => repaint(),
  });
  const { live } = lanes;
  const session = () => lanes.sessions[edited()];
  const last = recording.views.length - 1;
  const moment = () => Math.min(last, state.get("moment"));
  const byHand = () =>
    live() && state.get("gates").length === session().ready.blocks ? [...state.get("gates")].map(Number) : null;
  let [playing, visible] = [false, true];

  // What is on show, recorded or live.
  const view = () => {
    if (!live()) return { ...recording.views[moment()], ...recording, ...recording.settings };
    const { ready, frame: now, look, y } = session();
    return {
      ...look,
      ckas: both().map((key) => lanes.sessions[key].look.cka),
      steps: now.steps,
      epoch: now.steps / ready.epoch,
      losses: now.losses,
      y,
      labels: ready.labels,
      pixels: (i) => ready.pixels[i],
      student: byHand() ? { ...look.student, gates: byHand() } : look.student,
      ...settings(edited()),
    };
  };
  const curves = (shown) => {
    if (!live() || !state.get("compare")) return [{ history: shown.history, method: shown.method, letter: "" }];
    return both().map((key, i) => ({
      history: lanes.sessions[key].look.history,
      method: state.get(`${key}method`),
      letter: "AB"[i],
    }));
  };

  const going = () => playing && visible && !document.hidden;
  const play = (on) => {
    playing = on;
    lanes.go(going());
    repaint();
  };
  const begin = () => {
    replay.stop();
    playing = true;
    state.set({ gates: "" });
    lanes.go(going());
    lanes.begin();
  };
  const follow = () => {
    lanes.follow();
    repaint();
  };
  const replay = createReplay({
    moment,
    last,
    show: (next) => state.set({ moment: next }),
    change: () => repaint(),
  });
  const parts = createControls({
    frames: recording.views.length,
    kernel,
    begin,
    play: () => play(!playing),
    replay: replay.toggle,
    step: () => {
      play(false);
      lanes.tell({ steps: 1 });
    },
    save: async () => save(await session().file(), state.get("network")),
    compare: () =>
      state.set(state.get("compare") ? { compare: false } : { ...rivalOf(settings("")), compare: true, edit: "B" }),
    set: (key) => (value) => state.set({ [nameOf(key)]: value }),
    drawn: () => state.set({ gates: "" }),
  });
  const { controls, said, planned, trouble } = parts;
  const errors = errorCurves();
  const loss = lossTerms();
  const blocks = gateRows({
    onToggle: (l) =>
      state.set({
        gates: view()
          .student.gates.map((gate, i) => (i === l ? 1 - gate : gate))
          .join(""),
      }),
  });
  const maps = {};
  const place = html("div", { class: "sg-trainer-map" });
  const grid = html(
    "div",
    { class: "sg-columns sg-trainer-grid" },
    place,
    html("div", {}, errors.el, blocks.el, loss.el),
  );
  const root = frame(
    el,
    "trainer",
    parts.el,
    grid,
    tryThis(
      "let it train for a few epochs, then move λ to 3, and watch what becomes of the student, and of its teacher. Or compare two, of which one has λ = 0.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const shown = view();
    const data = live() ? state.get("data") : recording.settings.data;
    maps[data] ??= featureMap(DATASETS[data], (i) => i !== null && state.set({ image: i }));
    if (place.firstChild !== maps[data].el) place.replaceChildren(maps[data].el);
    for (const [key, control] of Object.entries(controls))
      control.show(key === "moment" ? moment() : state.get(nameOf(key)));
    const guided = isGuided(state.get(nameOf("method")));
    for (const key of ["lam", "tau"]) controls[key].el.querySelector("input").disabled = !guided;
    maps[data].paint(shown, Math.min(shown.labels.length - 1, state.get("image")), state.get("color") === "class");
    errors.paint(shown, curves(shown));
    blocks.paint(shown, shown.method, { live: live(), byHand: byHand() !== null });
    loss.paint(shown.losses, shown);
    text(planned, planOf(state));
    const slowest = lanes.all().find(({ phase }) => phase !== "live") ?? session();
    text(said, standing(slowest, recording, state, { playing, going: going(), kernel }));
    text(trouble, troubleOf(lanes.all()));
    const busy = ["loading", "starting"].includes(slowest.phase);
    attr(grid, { "aria-busy": busy || replay.running() });
    parts.paint({
      live: slowest.phase === "live",
      busy,
      two: state.get("compare"),
      playing,
      replaying: replay.running(),
      data: state.get("data"),
      byHand: byHand() !== null,
    });
    if (live()) session().seen();
  });
  const state = openState(model, manifest.state, READERS, follow);
  repaint();
  const unwatch = watched(root, (seen) => {
    visible = seen ?? visible;
    lanes.go(going());
  });
  const forget = onTheme(repaint);
  return () => {
    replay.stop();
    lanes.close();
    unwatch();
    forget();
    stop();
    state.close();
  };
}

// The second network has the settings of the first one, but for λ, or but for the method where that has no λ.
function rivalOf(own) {
  const other = isGuided(own.method) ? { ...own, lam: own.lam > 0 ? 0 : 0.25 } : { ...own, method: "self-guidance" };
  return Object.fromEntries(Object.entries(other).map(([key, value]) => [`b_${key}`, value]));
}

function troubleOf(sessions) {
  const failed = sessions.find(({ frame: now }) => now?.failed);
  if (!failed) return "";
  return `The loss is no number any more after step ${failed.frame.steps}: choose a smaller learning rate or a smaller λ, and start again.`;
}

// Tells whether an element came into sight or left it, and when the page did. Returns what ends that.
function watched(el, tell) {
  const watcher = new IntersectionObserver(([entry]) => tell(entry.isIntersecting));
  watcher.observe(el);
  const turn = () => tell(null);
  document.addEventListener("visibilitychange", turn);
  return () => {
    watcher.disconnect();
    document.removeEventListener("visibilitychange", turn);
  };
}

// Plays the recording from where it stands, or from the beginning.
function createReplay({ moment, last, show, change }) {
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
  };
  const turn = () => {
    if (moment() === last) stop();
    else if (!document.hidden) show(moment() + 1);
    change();
  };
  return {
    stop,
    running: () => timer !== null,
    toggle() {
      if (timer !== null) stop();
      else {
        if (moment() === last) show(0);
        timer = setInterval(turn, reducedMotion() ? 2 * STILL : STILL);
      }
      change();
    },
  };
}

// Hands a file to the reader.
function save(bytes, name) {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  html("a", { href: url, download: `${name}.safetensors` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

export default { render };
