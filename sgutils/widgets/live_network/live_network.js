// A trained network whose blocks can be switched, and its twin that was trained plainly. What shows at first was recorded;
// once the networks are loaded, in a worker here or by PyTorch in a kernel, they answer for any image and any gates.

import { button, choice, figures, presets } from "../lib/controls.js";
import { frame, html, painter, sayInstead, tryThis } from "../lib/dom.js";
import { crossEntropy, distillationKl, randomNumbers, sampleGates } from "../lib/math.js";
import { oneOf, openState, wholeNumber } from "../lib/state.js";
import { thumbnail } from "../lib/thumbnail.js";
import { fixed } from "../lib/words.js";
import { blockSwitches } from "./blocks.js";
import { errorPicture } from "./errors.js";
import { knowledge } from "./knowledge.js";
import manifest from "./live_network.json";
import { networkLoading } from "./loading.js";
import { NAMES, NETWORKS, readNetworks } from "./networks.js";
import { drawingPad, packed, unpacked } from "./pad.js";
import { predictionPicture } from "./predictions.js";

// The students of the paper's Figure 5, of another network; here each block does what the one at its height does there.
const FIGURE_5 = { A: "11111111101010101111111", B: "11111111101111001", C: "111111110011111110100" };

const shortened = (gates, blocks) =>
  Array.from({ length: blocks }, (_, l) => gates[Math.floor(((l + 0.5) / blocks) * gates.length)]).join("");

const READERS = {
  network: oneOf(NETWORKS),
  gates: (value) => (typeof value === "string" && /^(p|[01]{1,64})$/.test(value) ? value : undefined),
  image: wholeNumber(0, 1000),
  drawing: (value) => (typeof value === "string" ? value : undefined),
};

function render({ model, el }) {
  const recording = readNetworks(model.get("recording"));
  if (recording === null) {
    return sayInstead(el, "live", "This picture needs its recording of two trained networks, and there is none here.");
  }
  const { survival, side, images } = recording;
  const blocks = survival.length;
  const ones = "1".repeat(blocks);
  const wholeOf = (network) => (network === "baseline" ? ones : "p");
  const random = randomNumbers(Math.floor(Math.random() * 2 ** 31));

  // What is on show: an image of the recording or one that was drawn, one of the two networks, and its gates.
  const gates = () => (state.get("gates").length === blocks ? state.get("gates") : "p");
  const drawn = () => unpacked(state.get("drawing"), side * side);
  const imageAt = () => state.get("image") % images.length;
  const isBlank = () => drawn()?.every((value) => value === 0) ?? false;
  const known = knowledge(recording, wholeOf, () => ({
    network: state.get("network"),
    gates: gates(),
    subject: drawn() ? state.get("drawing") : imageAt(),
    pixels: isBlank() ? null : [...(drawn() ?? images[imageAt()].pixels)],
  }));

  let [backend, working, gone] = [null, false, false];
  const work = async () => {
    if (working || backend === null) return;
    working = true;
    try {
      for (let next = known.next(); next && !gone; next = known.next()) {
        next.take(await backend.ask(next.question));
        repaint();
      }
      if (backend.kernel) loading.say("Live: PyTorch answers in the kernel.");
      else loading.say(`Live: both networks run in this page, ${recording.testImages} test images at each switch.`);
    } catch (error) {
      if (!gone) loading.say(`The networks stopped answering (${error.message}).`);
    }
    working = false;
  };
  const loading = networkLoading(model, recording, (opened) => {
    backend = opened;
    pad.open();
    repaint();
    work();
  });
  // A hand has changed something: what it asks for, the networks themselves must say where it was not recorded.
  const set = (changes) => {
    state.set(changes);
    if (known.lacks()) loading.load();
  };

  const pad = drawingPad({ side, onDraw: (pixels) => set({ drawing: packed(pixels) }) });
  const photos = choice({
    label: "image",
    options: images.map(({ label, pixels }, i) => [i, recording.classes[label], thumbnail(pixels, side, 22)]),
    onChange: (i) => set({ image: i, drawing: "" }),
  });
  photos.el.classList.add("sg-live-photos");
  const networks = choice({
    label: "network",
    options: NETWORKS.map((name) => [name, NAMES[name]]),
    onChange: (value) => set({ network: value }),
  });
  const wanted = presets({
    label: "Gates worth seeing",
    options: [
      ["p", "teacher, g = p"],
      [ones, "all blocks, g = 1"],
      ...Object.entries(FIGURE_5).map(([name, long]) => [shortened(long, blocks), `student ${name}`]),
    ],
    onChoose: (value) => set({ gates: value }),
  });
  const draw = button("Draw a student", () => {
    let next = gates();
    while (next === gates()) next = sampleGates(survival, random).join("");
    set({ gates: next });
  });
  wanted.el.prepend(draw);

  const row = blockSwitches(survival, (l) => {
    const now = gates() === "p" ? ones : gates();
    set({ gates: [...now].map((gate, i) => (i === l ? String(1 - gate) : gate)).join("") });
  });
  const chart = predictionPicture(recording);
  const errors = errorPicture(recording, wholeOf);
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
    loading.el,
    tryThis(
      "switch off one block after another, early ones and late ones, and compare how fast the two networks lose their way.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const network = state.get("network");
    const label = drawn() ? null : images[imageAt()].label;
    const own = known.logitsOf(network, gates());
    const reference = known.logitsOf(network, wholeOf(network));
    networks.show(network);
    wanted.show((value) => value === gates());
    photos.show(drawn() ? null : imageAt());
    pad.show(drawn() ?? images[imageAt()].pixels, subjectWords(isBlank(), label, recording.classes));
    row.paint(network, gates());
    chart.paint({ network, own, reference, label, waitsFor: isBlank() ? "a drawing" : WAITS[loading.state()] });
    numbers.show(figuresOf(own, reference, label, recording.classes));
    errors.paint(gates(), known.measuredOf);
  });
  const state = openState(model, manifest.state, READERS, () => {
    repaint();
    work();
  });
  loading.open();
  return () => {
    gone = true;
    loading.close();
    stop();
    state.close();
  };
}

// What a prediction that was not recorded waits for.
const WAITS = { recorded: "not loaded", loading: "loading", live: "…", away: "not recorded" };

function subjectWords(blank, label, classes) {
  if (blank) return "an empty sheet";
  return label === null ? "your drawing" : `an image of class ${classes[label]}`;
}

// What the network says with these gates, how far that is from the whole network, and from the label.
function figuresOf(own, reference, label, classes) {
  if (!own) return ["–", "–", "–"];
  return [
    classes[own.indexOf(Math.max(...own))],
    reference ? fixed(distillationKl(own, reference, 1), 2) : "–",
    label === null ? "–" : fixed(crossEntropy(own, label), 2),
  ];
}

export default { render };
