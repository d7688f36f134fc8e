// Trains a real gated residual network on real images in the page, on its processor or its graphics processor. Before that a
// recorded training is on show. `session.js` is the training, `picture.js` paints it, and this file is what ties them together.

import { attr, frame, html, painter, text, tryThis } from "../lib/dom.js";
import { PASSES } from "../lib/methods.js";
import { onTheme, reducedMotion } from "../lib/preferences.js";
import { gateString, number, oneOf, openState, wholeNumber } from "../lib/state.js";
import { createControls, ENGINES, NETWORKS, planOf, standing } from "./controls.js";
import { DATASETS } from "./datasets.js";
import { errorCurves, featureMap, gateRows, lossTerms, NAMES } from "./picture.js";
import { readTraining } from "./recording.js";
import { createSession, imagesOfKernel, imagesOfSite } from "./session.js";
import manifest from "./trainer.json";

// What holds for the next step, and what a training is started again for.
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
const READERS = { ...SETTINGS, ...PLAN, moment: wholeNumber(0, 1000), image: wholeNumber(0, 499), gates: gateString };

const STILL = 350; // milliseconds of a recorded picture

function render({ model, el }) {
  const recording = readTraining(model.get("recording"));
  if (recording === null) {
    frame(el, "trainer", html("p", {}, "This picture needs its recording of a training, and there is none here."));
    return () => undefined;
  }
  const kernel = model.get("kernel") === true;
  const settings = () => Object.fromEntries(Object.keys(SETTINGS).map((key) => [key, state.get(key)]));
  const session = createSession({
    imagesFrom: kernel ? () => imagesOfKernel(model) : imagesOfSite,
    change: () => repaint(),
  });
  const live = () => session.phase === "live" && session.look !== null && session.frame !== null;
  const last = recording.views.length - 1;
  const moment = () => Math.min(last, state.get("moment"));
  const byHand = () =>
    live() && state.get("gates").length === session.ready.blocks ? [...state.get("gates")].map(Number) : null;
  let [playing, visible] = [false, true];

  // What is on show, recorded or live.
  const view = () => {
    if (!live()) {
      return {
        ...recording.views[moment()],
        ...recording,
        ...recording.settings,
      };
    }
    const { ready, frame: now, look, y } = session;
    return {
      ...look,
      steps: now.steps,
      epoch: now.steps / ready.epoch,
      losses: now.losses,
      y,
      labels: ready.labels,
      pixels: (i) => ready.pixels[i],
      student: byHand() ? { ...look.student, gates: byHand() } : look.student,
      ...settings(),
    };
  };

  const going = () => playing && visible && !document.hidden;
  const play = (on) => {
    playing = on;
    session.tell({ play: going() });
    repaint();
  };
  const begin = () => {
    replay.stop();
    playing = true;
    began = JSON.stringify(plan());
    told = JSON.stringify({ settings: settings(), gates: null });
    state.set({ gates: "" });
    session.begin({ ...plan(), settings: settings() }).then(() => session.tell({ play: going() }));
  };
  const plan = () => Object.fromEntries(Object.keys(PLAN).map((key) => [key, state.get(key)]));
  let [began, told] = [null, null];
  const tellSettings = () => {
    const now = { settings: settings(), gates: byHand() };
    if (JSON.stringify(now) === told) return;
    told = JSON.stringify(now);
    session.tell(now);
  };
  const follow = () => {
    if (session.phase === "live") {
      if (JSON.stringify(plan()) !== began) begin();
      else tellSettings();
    }
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
    begin,
    play: () => play(!playing),
    replay: replay.toggle,
    step: () => {
      play(false);
      session.tell({ steps: 1 });
    },
    save: async () => save(await session.file(), state.get("network")),
    set: (key) => (value) => state.set({ [key]: value }),
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
      "let it train for a few epochs, then move λ to 3, or switch the method to the plain network, and watch what becomes of the student.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const shown = view();
    const data = live() ? state.get("data") : recording.settings.data;
    maps[data] ??= featureMap(DATASETS[data], (i) => i !== null && state.set({ image: i }));
    if (place.firstChild !== maps[data].el) place.replaceChildren(maps[data].el);
    for (const [key, control] of Object.entries(controls)) control.show(key === "moment" ? moment() : state.get(key));
    const { student, teacher } = PASSES[state.get("method")];
    for (const key of ["lam", "tau"]) controls[key].el.querySelector("input").disabled = !(student && teacher);
    maps[data].paint(shown, Math.min(shown.labels.length - 1, state.get("image")), shown.method);
    errors.paint(shown, shown.method);
    blocks.paint(shown, shown.method, { live: live(), byHand: byHand() !== null });
    loss.paint(shown.losses, shown);
    text(planned, planOf(state));
    text(said, standing(session, recording, { playing, going: going(), data: state.get("data") }));
    text(
      trouble,
      session.frame?.failed
        ? `The loss is no number any more after step ${session.frame.steps}: choose a smaller learning rate or a smaller λ, and start again.`
        : "",
    );
    const busy = ["loading", "starting"].includes(session.phase);
    attr(grid, { "aria-busy": busy || replay.running() });
    parts.paint({
      live: session.phase === "live",
      busy,
      playing,
      replaying: replay.running(),
      data: state.get("data"),
      byHand: byHand() !== null,
    });
    if (live()) session.seen();
  });
  const state = openState(model, manifest.state, READERS, follow);
  repaint();
  const pause = () => session.tell({ play: going() });
  const watcher = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    pause();
  });
  watcher.observe(root);
  document.addEventListener("visibilitychange", pause);
  const forget = onTheme(repaint);
  return () => {
    replay.stop();
    session.close();
    watcher.disconnect();
    document.removeEventListener("visibilitychange", pause);
    forget();
    stop();
    state.close();
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
