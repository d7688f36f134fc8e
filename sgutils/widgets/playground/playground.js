// Trains a small gated residual network in the page, by any of four methods; or two of them side by side. A worker does
// the mathematics (playground.worker.js), `lib/lane.js` paints one network, and this file is what ties them together.

import {
  attr,
  button,
  choice,
  fixed,
  frame,
  html,
  LOGARITHM,
  onTheme,
  painter,
  select,
  slider,
  spawnOrSay,
  text,
  tryThis,
} from "../lib/dom.js";
import { flag, gateString, number, oneOf, openState, wholeNumber } from "../lib/state.js";
import { createLane, learningRate, NAMES } from "./lane.js";
import manifest from "./playground.json";
import { workerSource } from "./worker.js";

const SETTINGS = {
  method: oneOf(Object.keys(NAMES)),
  lam: number(0, 3),
  tau: number(1, 10),
  p_last: number(0, 1),
  depth: wholeNumber(1, 12),
  lr: number(0.001, 0.3),
  seed: wholeNumber(0, 99),
};

const READERS = {
  data: oneOf(["spirals", "rings", "digits"]),
  compare: flag,
  edit: oneOf(["A", "B"]),
  steps: wholeNumber(0, 20000),
  gates: gateString,
  ...SETTINGS,
  ...Object.fromEntries(Object.entries(SETTINGS).map(([key, reader]) => [`b_${key}`, reader])),
};

function render({ model, el }) {
  const worker = spawnOrSay(
    el,
    "playground",
    workerSource,
    "The networks train in a worker of the browser, and this page cannot run one.",
  );
  if (worker === null) return () => {};
  const settingsOf = (prefix) => Object.fromEntries(Object.keys(SETTINGS).map((key) => [key, state.get(prefix + key)]));
  const both = () => (state.get("compare") ? ["", "b_"] : [""]);
  const edited = () => (state.get("compare") && state.get("edit") === "B" ? "b_" : "");
  // A student by hand fits networks of its depth; "" and a depth that is gone mean the one that was drawn.
  const byHand = (prefix) =>
    state.get("gates").length === state.get(`${prefix}depth`) ? [...state.get("gates")].map(Number) : null;

  // What the worker trains (`trained` settings, from the beginning to the `known` step of the state), and what it showed.
  let [run, trained, known, examples, shown] = [0, null, null, null, null];
  const stepsNow = () => shown?.steps ?? state.get("steps");
  // Whether the reader wants it to train, whether it may, the number of the last order, whether the answer is awaited,
  // and whether a change has just cost what was trained.
  let [playing, visible, order, waiting, anew] = [false, true, 0, false, false];
  let arrived;
  const firstFrame = new Promise((resolve) => {
    arrived = resolve;
  });

  const follow = () => {
    const plan = { data: state.get("data"), dataSeed: state.get("seed"), lanes: both().map(settingsOf) };
    const steps = state.get("steps");
    if (JSON.stringify(plan) !== trained || steps !== known) {
      [trained, known, waiting] = [JSON.stringify(plan), steps, !playing];
      run += 1;
      worker.postMessage({ start: { run, ...plan, steps } });
    }
    worker.postMessage({ gates: both().map(byHand) });
    repaint();
  };
  const going = () => playing && visible && !document.hidden;
  const go = () => {
    order += 1;
    worker.postMessage({ play: going(), order });
  };
  const play = (on) => {
    [playing, waiting, anew] = [on, !on, false];
    go();
    repaint();
  };
  // Whatever is changed, the training begins anew: what is on show then follows from the settings alone.
  const change = (changes) => {
    anew = stepsNow() > 0;
    known = null;
    state.set({ ...changes, steps: 0 });
  };
  const set = (key) => (value) => change({ [edited() + key]: value });

  worker.onmessage = ({ data: told }) => {
    if (told.run !== run) return;
    if (told.examples) {
      examples = told.examples;
      return;
    }
    shown = told.frame;
    if (shown.order === order && !shown.playing && !shown.catchingUp) {
      if (going()) playing = false; // it came to its end
      waiting = false;
      // Where it stands still belongs to the view that can be shared.
      if (!playing && shown.steps !== known) {
        known = shown.steps;
        state.set({ steps: known });
      }
    }
    repaint();
  };

  const toggle = (l) => {
    const prefix = edited();
    const lane = shown?.lanes[both().indexOf(prefix)];
    const gates = byHand(prefix) ?? lane?.student.gates;
    if (gates) state.set({ gates: gates.map((gate, i) => (i === l ? 1 - gate : gate)).join("") });
  };
  const onDrawn = () => state.set({ gates: "" });
  const lanes = { "": createLane({ onToggle: toggle, onDrawn }), b_: createLane({ onToggle: toggle, onDrawn }) };

  const start = button("Play", () => play(!playing));
  start.classList.add("sg-main");
  const step = button("Step", () => {
    play(false);
    worker.postMessage({ step: true });
  });
  const reset = button("Reset", () => {
    play(false);
    change({ gates: "" });
  });
  // The second one catches up with the first; who presses while it does has not lost what was trained.
  const compare = button("Compare two", () =>
    state.set({ compare: !state.get("compare"), steps: Math.max(stepsNow(), state.get("steps")) }),
  );
  const count = html("output", { class: "sg-count" });
  const pace = html("span", { class: "sg-name" });
  const data = choice({
    label: "data",
    options: [
      ["spirals", "spirals"],
      ["rings", "rings"],
      ["digits", "digits"],
    ],
    onChange: (value) => change({ data: value }),
  });
  const edit = choice({
    label: "set",
    options: [
      ["A", "A"],
      ["B", "B"],
    ],
    onChange: (value) => state.set({ edit: value }),
  });
  const controls = {
    method: select({ label: "method", options: Object.entries(NAMES), onChange: set("method") }),
    lam: slider({ label: "λ weight", min: 0, max: 3, step: 0.05, say: (v) => fixed(v, 2), onInput: set("lam") }),
    tau: slider({ label: "τ temperature", min: 1, max: 10, step: 0.1, say: (v) => fixed(v, 1), onInput: set("tau") }),
    p_last: slider({
      label: "p_L last survival probability",
      min: 0,
      max: 1,
      step: 0.01,
      say: (v) => fixed(v, 2),
      onInput: set("p_last"),
    }),
    depth: slider({ label: "blocks", min: 1, max: 12, step: 1, say: String, onInput: set("depth") }),
    lr: slider({
      label: "learning rate",
      min: 0.001,
      max: 0.3,
      step: 0.1,
      scale: LOGARITHM,
      say: learningRate,
      onInput: (v) => set("lr")(Number(v.toPrecision(2))),
    }),
    seed: slider({ label: "seed", min: 0, max: 99, step: 1, say: String, onInput: set("seed") }),
  };
  const settings = html("div", { class: "sg-settings" }, ...Object.values(controls).map((control) => control.el));
  const places = html("div", { class: "sg-lanes" }, lanes[""].el);
  const root = frame(
    el,
    "playground",
    html(
      "div",
      { class: "sg-controls" },
      data.el,
      html("div", { class: "sg-buttons" }, start, step, reset, compare),
      html("div", { class: "sg-clock" }, count, pace),
    ),
    settings,
    places,
    tryThis(
      "press Play and wait until the spirals come apart. Then switch blocks of the student off, and compare with the plain network, whose students nobody ever trained.",
    ),
  );

  const speed = meter();
  const [repaint, stop] = painter(root, () => {
    const [prefix, two] = [edited(), state.get("compare")];
    data.show(state.get("data"));
    edit.show(state.get("edit"));
    for (const [key, control] of Object.entries(controls)) control.show(state.get(prefix + key));
    const guided = ["self-guidance", "without-backward-full"].includes(state.get(`${prefix}method`));
    for (const key of ["lam", "tau"]) controls[key].el.querySelector("input").disabled = !guided;
    if (two !== places.contains(lanes.b_.el)) {
      if (two) places.append(lanes.b_.el);
      else lanes.b_.el.remove();
      if (two) settings.prepend(edit.el);
      else edit.el.remove();
    }
    attr(places, { class: two ? "sg-lanes sg-two" : "sg-lanes" });
    attr(compare, { "aria-pressed": two });
    text(start, playing ? "Pause" : "Play");
    const steps = stepsNow();
    reset.disabled = steps === 0 && !playing && byHand("") === null;
    text(count, `step ${steps.toLocaleString("en")}`);
    if (steps >= 1000) anew = false; // by then it has been read
    text(pace, waiting && steps > 0 ? "working" : anew ? "started anew" : playing ? speed(steps) : "");
    attr(places, { "aria-busy": waiting });
    both().forEach((lane, i) =>
      lanes[lane].paint({
        settings: settingsOf(lane),
        letter: two ? "AB"[i] : "",
        edited: lane === prefix,
        examples,
        steps,
        view: shown?.lanes[i],
        gates: byHand(lane),
      }),
    );
    if (shown) {
      worker.postMessage({ seen: true });
      arrived();
    }
  });
  const state = openState(model, manifest.state, READERS, follow);
  follow();
  // Nothing trains where nobody looks.
  const watcher = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    go();
  });
  watcher.observe(root);
  document.addEventListener("visibilitychange", go);
  const forget = onTheme(repaint);
  const leave = () => {
    worker.terminate();
    watcher.disconnect();
    document.removeEventListener("visibilitychange", go);
    forget();
    stop();
    state.close();
  };
  // The host may count on a picture, unless the machine is slow.
  return Promise.race([firstFrame, new Promise((resolve) => setTimeout(resolve, 3000))]).then(() => leave);
}

// Steps a second over the last moments.
function meter() {
  let marks = [];
  return (steps) => {
    const now = performance.now();
    if (marks.length && steps < marks.at(-1)[1]) marks = [];
    marks = [...marks.filter(([time]) => now - time < 2000), [now, steps]];
    const [[time, from]] = marks;
    return now - time < 300 ? "training" : `${Math.round((1000 * (steps - from)) / (now - time))} steps/s`;
  };
}

export default { render };
