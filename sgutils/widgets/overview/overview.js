// The whole idea in one picture: a network, a student drawn from it, their two predictions for an image, the pull of the
// one on the other, and the label's on both. Every prediction was recorded from a trained network.

import { button, choice } from "../lib/controls.js";
import { frame, html, painter, sayInstead, text, tryThis } from "../lib/dom.js";
import { randomNumbers, sampleGates } from "../lib/math.js";
import { reducedMotion } from "../lib/preferences.js";
import { flag, gateString, openState, wholeNumber } from "../lib/state.js";
import { thumbnail } from "../lib/thumbnail.js";
import manifest from "./overview.json";
import { readRecording } from "./recording.js";
import { scenePicture } from "./scene.js";

// A student is on show for so long, and a pulse takes so long from the image to the prediction (milliseconds).
const [SHOW, PULSE] = [3600, 1300];

const READERS = { image: wholeNumber(0, 1000), gates: gateString, playing: flag };

function render({ model, el }) {
  const recording = readRecording(model.get("recording"));
  if (recording === null) {
    return sayInstead(el, "overview", "This picture needs its recording of a trained network, and there is none here.");
  }
  const random = randomNumbers(6);
  const imageOf = () => state.get("image") % recording.images.length;

  // `gates` is the student in the row; the prediction follows when the pulse has arrived with `arrived`.
  let gates = sampleGates(recording.survival, random);
  let [arrived, begun, ticking, timer, seen] = [gates, null, null, null, true];
  const show = (next, { at = "once" } = {}) => {
    gates = next;
    cancelAnimationFrame(ticking);
    [begun, ticking] = [null, null];
    if (at === "pulse" && !reducedMotion()) ticking = requestAnimationFrame(tick);
    else arrived = gates;
    repaint();
  };
  const tick = (now) => {
    begun ??= now;
    const way = (now - begun) / PULSE;
    scene.pulse(Math.min(1, way));
    if (way < 1) {
      ticking = requestAnimationFrame(tick);
    } else {
      [ticking, arrived] = [null, gates];
      repaint();
    }
  };
  const draw = () => show(sampleGates(recording.survival, random), { at: "pulse" });
  const schedule = () => {
    clearTimeout(timer);
    if (playing() && seen) {
      timer = setTimeout(() => {
        draw();
        schedule();
      }, SHOW);
    }
  };
  // Where motion is unwelcome it starts by hand only.
  let started = !reducedMotion();
  const playing = () => started && state.get("playing");
  const play = (on) => {
    started = on;
    if (on) draw();
    tell({ playing: on });
    schedule();
  };

  const scene = scenePicture(recording, (l) => {
    play(false);
    keep(gates.map((gate, i) => (i === l ? 1 - gate : gate)));
  });
  // `state` hears of the student on show when a hand does something, not while the picture plays on: `known` is what it
  // last held, and only another one comes from outside.
  let known = null;
  const tell = (changes) => {
    known = gates.join("");
    state.set({ ...changes, gates: known });
  };
  const keep = (next, how) => {
    show(next, how);
    tell({});
  };
  const follow = () => {
    const shared = state.get("gates");
    if (shared === known) return;
    known = shared;
    if (shared.length === gates.length) show([...shared].map(Number));
  };
  const another = button("Draw another student", () => {
    keep(sampleGates(recording.survival, random), { at: "pulse" });
    schedule();
  });
  another.classList.add("sg-main");
  const pause = button("Pause", () => play(!playing()));
  const images = choice({
    label: "image",
    options: recording.images.map((image, i) => [
      i,
      recording.classes[image.label],
      thumbnail(image.pixels, recording.side, 34),
    ]),
    onChange: (i) => tell({ image: i }),
  });

  const root = frame(
    el,
    "overview",
    scene.el,
    html("div", { class: "sg-controls" }, html("div", { class: "sg-buttons" }, another, pause), images.el),
    tryThis(
      "click a block of the student to run it or skip it, and see how far its prediction falls from the teacher’s.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    text(pause, playing() ? "Pause" : "Play");
    images.show(imageOf());
    // Which blocks a chapter or a hand has set is not chance: only a picture that is to play on its own says so.
    scene.paint(recording.images[imageOf()], { gates, arrived, random: state.get("playing") });
  });
  const state = openState(model, manifest.state, READERS, () => {
    follow();
    schedule();
    repaint();
  });
  follow();
  // Nothing moves where nobody looks.
  const watcher = new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting;
    schedule();
  });
  watcher.observe(root);
  if (playing()) show(gates, { at: "pulse" });
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(ticking);
    watcher.disconnect();
    stop();
    state.close();
  };
}

export default { render };
