// The controls of a training and what is said of it in words.

import { button, choice, select, slider } from "../lib/controls.js";
import { attr, html, text } from "../lib/dom.js";
import { linearDecay, sum } from "../lib/math.js";
import { deployedGates, isGuided, NAMES, PASSES } from "../lib/methods.js";
import { lamSlider, pLastSlider, rateSlider, seedSlider, tauSlider } from "../lib/settings.js";
import { fixed } from "../lib/words.js";
import catalogue from "./catalogue.json";
import { DATASETS } from "./datasets.js";

export const NETWORKS = Object.fromEntries(
  Object.entries(catalogue).map(([key, { depth, width }]) => [
    key,
    `ResNet-${depth}${width === "full" ? "" : `, ${width}`}`,
  ]),
);
export const ENGINES = { auto: "the faster of both", wasm: "processor", webgpu: "graphics processor" };
const SAID = {
  wasm: "in this page, on the processor (WebAssembly, one thread)",
  webgpu: "in this page, on the graphics processor (WebGPU)",
  torch: "in the kernel (PyTorch)",
  cuda: "in the kernel (PyTorch, on its GPU)",
};

// Controls in sight, and behind a click.
const ESSENTIAL = ["method", "lam", "tau", "p_last", "lr"];
const MORE = ["data", "network", "statistics", "seed", "engine", "color"];

// Everything above the pictures.
export function createControls({ frames, kernel, begin, play, replay, step, save, compare, set, drawn }) {
  const pick = (key, label, options) => select({ label, options: Object.entries(options), onChange: set(key) });
  const controls = {
    moment: slider({
      label: "time in the recording",
      min: 0,
      max: frames - 1,
      step: 1,
      say: (i) => `${i + 1} of ${frames}`,
      onInput: set("moment"),
    }),
    data: pick("data", "images", Object.fromEntries(Object.entries(DATASETS).map(([key, { name }]) => [key, name]))),
    network: pick("network", "network", NETWORKS),
    method: pick("method", "method", NAMES),
    lam: lamSlider(set("lam")),
    tau: tauSlider(set("tau")),
    p_last: pLastSlider(set("p_last")),
    lr: rateSlider(0.5, set("lr")),
    color: pick("color", "colours of the map", { class: "class", network: "network" }),
    statistics: pick("statistics", "running statistics from", { teacher: "the teacher", both: "both passes" }),
    seed: seedSlider(set("seed")),
    edit: choice({
      label: "show and set",
      options: ["A", "B"].map((letter) => [letter, letter]),
      onChange: set("edit"),
    }),
    ...(kernel || navigator.gpu ? { engine: pick("engine", "runs on", enginesOf(kernel)) } : {}),
  };
  const buttons = {
    begin: button("", begin),
    play: button("", play),
    step: button("Step", step),
    again: button("Start again", begin),
    save: button("Save the network", save),
    drawn: button("Back to drawn students", drawn),
    replay: button("", replay),
    compare: button("Compare two", compare),
  };
  attr(buttons.begin, { "data-loads": "" });
  for (const name of ["begin", "play"]) buttons[name].classList.add("sg-main");
  const said = html("output", { class: "sg-trainer-said" });
  const planned = html("output", { class: "sg-trainer-said" });
  const trouble = html("p", { class: "sg-trouble", role: "alert" });
  const settings = html("div", { class: "sg-settings" }, ...ESSENTIAL.map((key) => controls[key].el));
  const more = html("div", { class: "sg-settings" }, ...MORE.flatMap((key) => controls[key]?.el ?? []));
  const row = html("div", { class: "sg-buttons" });
  const top = html("div", { class: "sg-controls" }, row);
  const el = html(
    "div",
    {},
    top,
    said,
    trouble,
    settings,
    html("details", { class: "sg-trainer-more" }, html("summary", {}, "Images, network and more"), more),
    planned,
  );
  const paint = ({ live, busy, two, playing, replaying, data, byHand }) => {
    text(buttons.begin, busy ? "Loading …" : trainWords(kernel, data));
    text(buttons.play, playing ? "Pause" : "Play");
    text(buttons.replay, replaying ? "Pause the recording" : "Play the recording");
    buttons.begin.disabled = busy;
    const useful = { begin: !live, replay: !live && !busy, drawn: byHand, compare: true };
    attr(buttons.compare, { "aria-pressed": two });
    if (!two) controls.edit.el.remove();
    else if (!settings.contains(controls.edit.el)) settings.prepend(controls.edit.el);
    arrange(
      row,
      Object.entries(buttons).flatMap(([name, node]) => ((useful[name] ?? live) ? node : [])),
    );
    if (live || busy) controls.moment.el.remove();
    else if (!top.contains(controls.moment.el)) top.append(controls.moment.el);
  };
  return { el, controls, said, planned, trouble, paint };
}

// Where there is a kernel, its PyTorch comes first.
function enginesOf(kernel) {
  const { auto, wasm, webgpu } = ENGINES;
  return { auto: kernel ? "PyTorch in the kernel" : auto, wasm, ...(navigator.gpu ? { webgpu } : {}) };
}

function trainWords(kernel, data) {
  if (kernel) return "Train";
  return `Train in this page${data === "digits" ? "" : " (0.65 MB of images)"}`;
}

// What can do nothing now is not there; where the keyboard's focus was on it, it goes to what comes first.
function arrange(row, nodes) {
  if (nodes.length === row.childNodes.length && nodes.every((node, n) => node === row.childNodes[n])) return;
  const focus = document.activeElement;
  const had = row.contains(focus);
  row.replaceChildren(...nodes);
  if (had) (nodes.includes(focus) ? focus : nodes[0]).focus();
}

// What the settings mean, before and while it trains; of two, first what is the same for both.
export function planOf(state) {
  const [network, data] = ["network", "data"].map((key) => state.get(key));
  const engine = state.get("engine") === "auto" ? "" : `, on the ${ENGINES[state.get("engine")]}`;
  const shared = `${NETWORKS[network]}, ${DATASETS[data].name}${engine}, seed ${state.get("seed")}`;
  const own = settingsOf(state, "");
  if (!state.get("compare")) return `${shared}: ${own.join("; ")}.`;
  const others = settingsOf(state, "b_");
  const without = (all, known) => all.filter((part) => !known.includes(part));
  const same = without(own, without(own, others));
  const differences = [without(own, others), without(others, own)].map((parts) => parts.join("; ") || "nothing else");
  return `${[shared, same.join("; ")].filter(Boolean).join(": ")}. A: ${differences[0]}. B: ${differences[1]}. Both begin with the same weights and get the same batches; the controls set ${state.get("edit")}.`;
}

function settingsOf(state, prefix) {
  const [method, lam, tau, lr, statistics] = ["method", "lam", "tau", "lr", "statistics"].map((key) =>
    state.get(prefix + key),
  );
  const { blocks } = catalogue[state.get("network")];
  const p = deployedGates(method, linearDecay(blocks, state.get(`${prefix}p_last`)));
  const guided = [
    `the distillation weighs λτ² = ${fixed(lam * tau ** 2, 2)}`,
    `batch norm keeps the statistics of ${statistics === "teacher" ? "the teacher" : "both passes"}`,
  ];
  return [
    NAMES[method],
    `learning rate ${fixed(lr, 3)}`,
    PASSES[method].student
      ? `students of ${fixed(sum(p), 2)} of ${blocks} blocks on average`
      : `all ${blocks} blocks in every step`,
    ...(isGuided(method) ? guided : []),
  ];
}

// Where things stand, in words.
export function standing(session, { settings, views }, state, { playing, going, kernel }) {
  const { phase, share, failed, ready, frame: now, look } = session;
  const network = state.get("network");
  const hint =
    location.protocol === "file:" && state.get("data") !== "digits"
      ? " A page opened by double-click cannot load images: run “make serve” and open the address that it prints, or train on the digits."
      : "";
  if (phase === "idle") {
    const yours = network === settings.network ? "" : ` Yours will be a ${NETWORKS[network]}.`;
    return `Recorded in a page like this one: ${NAMES[settings.method]}, ${NETWORKS[settings.network]}, ${views.at(-1).steps} steps.${yours}${hint}`;
  }
  if (phase === "loading") return `Loading the images … ${fixed(100 * share, 0)} %`;
  if (phase === "starting") return kernel ? "Starting …" : "Starting; a graphics processor takes a moment …";
  if (phase === "failed") return `It does not train: ${failed.replace(/\.$/, "")}.${hint}`;
  const engine = SAID[ready.engine];
  if (!look) return `Trains ${engine}; until its first test the picture is that of the recording.`;
  if (!now || now.rate === 0) return `Trains ${engine}.`;
  const pace = `${Math.round(now.rate).toLocaleString("en")} images/s, so an epoch takes ${fixed((64 * ready.epoch) / now.rate, now.rate > 640 ? 1 : 0)} s`;
  return `${playing && !going ? "Waits until it is in sight; trains" : playing ? "Trains" : "Stands still; trains"} ${engine}: ${pace}.`;
}
