// Trains a small gated residual network in the page, by any of four methods; or two of them side by side. A worker does
// the mathematics, a lane paints one network, a session steers the worker, and this file is what ties them together.

import { button, choice } from "../lib/controls.js";
import { attr, frame, html, painter, text, tryThis } from "../lib/dom.js";
import { onTheme, reducedMotion } from "../lib/preferences.js";
import { spawnOrSay } from "../lib/spawn.js";
import { flag, gateString, oneOf, openState, wholeNumber } from "../lib/state.js";
import { createLane } from "./lane.js";
import manifest from "./playground.json";
import { meter, trainingSession } from "./session.js";
import { SETTINGS, settingsPanel } from "./settings.js";
import { workerSource } from "./worker.js";

const READERS = {
  data: oneOf(["spirals", "rings", "digits"]),
  compare: flag,
  edit: oneOf(["A", "B"]),
  steps: wholeNumber(0, 20000),
  gates: gateString,
  ...SETTINGS,
  ...Object.fromEntries(Object.entries(SETTINGS).map(([key, reader]) => [`b_${key}`, reader])),
};
// By then it has been read that the training started again.
const READ = 1000;

function render({ model, el }) {
  const worker = spawnOrSay(
    el,
    "playground",
    workerSource,
    "The networks train in a worker of the browser, and this page cannot run one.",
  );
  if (worker === null) return undefined;
  const settingsOf = (prefix) => Object.fromEntries(Object.keys(SETTINGS).map((key) => [key, state.get(prefix + key)]));
  const both = () => (state.get("compare") ? ["", "b_"] : [""]);
  const edited = () => (state.get("compare") && state.get("edit") === "B" ? "b_" : "");
  // A student by hand fits networks of its depth; "" and a depth that is gone mean the one that was drawn.
  const byHand = (prefix) =>
    state.get("gates").length === state.get(`${prefix}depth`) ? [...state.get("gates")].map(Number) : null;

  const session = trainingSession({
    worker,
    planOf: () => ({ data: state.get("data"), dataSeed: state.get("seed"), lanes: both().map(settingsOf) }),
    stepsInState: () => state.get("steps"),
    tellSteps: (steps) => state.set({ steps }),
    handGates: () => both().map(byHand),
    repaint: () => repaint(),
  });
  const change = (changes) => {
    session.restart();
    state.set({ ...changes, steps: 0 });
  };
  const toggle = (l) => {
    const prefix = edited();
    const gates = byHand(prefix) ?? session.shown?.lanes[both().indexOf(prefix)]?.student.gates;
    if (gates) state.set({ gates: gates.map((gate, i) => (i === l ? 1 - gate : gate)).join("") });
  };
  const onDrawn = () => state.set({ gates: "" });
  const lanes = { "": createLane({ onToggle: toggle, onDrawn }), b_: createLane({ onToggle: toggle, onDrawn }) };

  const start = button("Play", () => session.play(!session.playing));
  start.classList.add("sg-main");
  const step = button("Step", session.step);
  const reset = button("Reset", () => {
    session.play(false);
    change({ gates: "" });
  });
  // The second one catches up with the first; who presses while it does has not lost what was trained.
  const compare = button("Compare two", () =>
    state.set({ compare: !state.get("compare"), steps: Math.max(session.steps(), state.get("steps")) }),
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
  const settings = settingsPanel({
    onSet: (key, value) => change({ [edited() + key]: value }),
    onEdit: (letter) => state.set({ edit: letter }),
  });
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
    ...settings.els,
    places,
    tryThis(
      "watch the spirals come apart. Then switch blocks of the student off, and compare with the plain network, whose students nobody ever trained.",
    ),
  );

  const speed = meter();
  const paceWords = (steps) => {
    if (session.waiting && steps > 0) return "working";
    if (session.restarted) return "started again";
    return session.playing ? speed(steps) : "";
  };
  const paintClock = () => {
    const steps = session.steps();
    text(start, session.playing ? "Pause" : "Play");
    reset.disabled = steps === 0 && !session.playing && byHand("") === null;
    text(count, `step ${steps.toLocaleString("en")}`);
    if (steps >= READ) session.restarted = false;
    text(pace, paceWords(steps));
    attr(places, { "aria-busy": session.waiting });
  };
  let arrived;
  const firstFrame = new Promise((resolve) => {
    arrived = resolve;
  });
  const [repaint, stop] = painter(root, () => {
    const [prefix, two] = [edited(), state.get("compare")];
    data.show(state.get("data"));
    settings.show(settingsOf(prefix), two ? state.get("edit") : null);
    attr(compare, { "aria-pressed": two });
    if (!two) lanes.b_.el.remove();
    else if (!places.contains(lanes.b_.el)) places.append(lanes.b_.el);
    attr(places, { class: two ? "sg-lanes sg-two" : "sg-lanes" });
    paintClock();
    both().forEach((lane, i) =>
      lanes[lane].paint({
        settings: settingsOf(lane),
        letter: two ? "AB"[i] : "",
        edited: lane === prefix,
        examples: session.examples,
        steps: session.steps(),
        view: session.shown?.lanes[i],
        gates: byHand(lane),
      }),
    );
    session.painted();
    if (session.shown) arrived();
  });
  const state = openState(model, manifest.state, READERS, session.follow);
  session.follow();
  const untouched = Object.entries(manifest.state).every(([key, value]) => state.get(key) === value);
  const watcher = lookedAt(root, session, untouched && !reducedMotion());
  const forget = onTheme(repaint);
  const leave = () => {
    session.close();
    watcher.disconnect();
    forget();
    stop();
    state.close();
  };
  // The host may count on a picture, unless the machine is slow.
  return Promise.race([firstFrame, new Promise((resolve) => setTimeout(resolve, 3000))]).then(() => leave);
}

// Tells the session when it is looked at; the first time it may begin on its own.
function lookedAt(root, session, mayBegin) {
  let first = mayBegin;
  const watcher = new IntersectionObserver(([entry]) => {
    session.see(entry.isIntersecting);
    if (first && entry.isIntersecting) {
      first = false;
      session.playByItself();
    }
  });
  watcher.observe(root);
  return watcher;
}

export default { render };
