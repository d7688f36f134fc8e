// Measured runs and the paper's numbers, side by side and never mixed: errors after the last epoch, or whole curves.
// Every mark says which file of the ledger it comes from.

import { choice } from "../lib/controls.js";
import { frame, html, painter, sayInstead, text, tryThis } from "../lib/dom.js";
import { oneOf, openState } from "../lib/state.js";
import { chips, menu } from "./controls.js";
import { runCurves } from "./curves.js";
import { dotPicture } from "./dots.js";
import { readLedger } from "./ledger.js";
import { DATASETS, isLambda, resolve } from "./resolve.js";
import manifest from "./results_explorer.json";

export const words = (value) => (typeof value === "string" && value.length <= 200 ? value : undefined);

const READERS = {
  dataset: oneOf(DATASETS.map(([id]) => id)),
  runs: words,
  paper: words,
  view: oneOf(["last epoch", "curves"]),
  error: oneOf(["test", "training", "both"]),
  seeds: words,
  methods: words,
};

function render({ model, el }) {
  const ledger = readLedger(model.get("ledger"));
  if (ledger === null) {
    return sayInstead(el, "results", "This picture needs the ledger of measured runs, and there is none here.");
  }
  const set = (key) => (value) => state.set({ [key]: value });
  const held = new Set([...ledger.groups, ...ledger.paper].map(({ dataset }) => dataset));
  const dataset = menu({ label: "data set", onChange: set("dataset") });
  const runs = menu({ label: "measured here", wide: true, onChange: set("runs") });
  const paper = menu({ label: "in the paper", onChange: set("paper") });
  const seeds = menu({ label: "seeds", onChange: set("seeds") });
  const view = choice({
    label: "view",
    options: [
      ["last epoch", "last epoch"],
      ["curves", "curves"],
    ],
    onChange: set("view"),
  });
  const error = choice({
    label: "error",
    options: [
      ["test", "test"],
      ["training", "training"],
      ["both", "both"],
    ],
    onChange: set("error"),
  });
  const toggle = (name) => {
    const on = new Set(state.get("methods").split(","));
    if (!on.delete(name)) on.add(name);
    state.set({ methods: ledger.switches.filter((known) => on.has(known)).join(",") });
  };
  const lambdas = chips({ label: "Self-Guidance, λ =", names: ledger.switches.filter(isLambda), onToggle: toggle });
  const methods = chips({
    label: "methods",
    names: ledger.switches.filter((name) => !isLambda(name)),
    onToggle: toggle,
  });

  const source = html("p", { class: "sg-source" });
  const tell = (said) => text(source, said);
  const dots = dotPicture(tell);
  const curves = runCurves(tell);
  const root = frame(
    el,
    "results",
    html("div", { class: "sg-controls" }, dataset.el, seeds.el, paper.el, runs.el),
    html("div", { class: "sg-controls" }, view.el, error.el, lambdas.el),
    html("div", { class: "sg-controls" }, methods.el),
    dots.el,
    curves.el,
    source,
    tryThis(
      "choose “both” errors, and look at the methods whose training error is lowest. Then see how one method’s seeds scatter.",
    ),
  );

  let painted = null;
  const [repaint, stop] = painter(root, () => {
    const wanted = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    const shown = resolve(ledger, wanted, held);
    dataset.show(
      shown.dataset,
      DATASETS.filter(([id]) => held.has(id)),
    );
    runs.show(shown.runs, shown.runsOffered);
    paper.show(shown.column?.name ?? "", shown.papersOffered);
    seeds.show(shown.seeds, shown.seedsOffered);
    view.show(wanted.view);
    error.show(wanted.error);
    error.enable(shown.rows.some(({ runs }) => runs.length));
    lambdas.show(shown.on);
    methods.show(shown.on);
    const signature = JSON.stringify(wanted);
    if (signature !== painted) tell(hint(shown.rows, wanted.view));
    painted = signature;
    dots.el.hidden = wanted.view !== "last epoch" || !shown.rows.length;
    curves.el.hidden = wanted.view !== "curves" || !shown.rows.length;
    if (shown.rows.length) (wanted.view === "curves" ? curves : dots).paint(shown);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

// What there is to do in the picture, or to do first.
function hint(rows, view) {
  if (!rows.length) return "No method is on: switch on some of them, or a λ, to see their errors.";
  const curves = view === "curves";
  if (!rows.some(({ runs, printed }) => runs.length || (printed && !curves))) {
    return `No ${curves ? "curve" : "number"} of these methods: none was run here. Switch on others, or choose another data set.`;
  }
  return curves
    ? "Point at a curve, or walk along it with the arrow keys, to see which file of the ledger it comes from."
    : "Point at a mark, or walk from mark to mark with the arrow keys, to see which file of the ledger it comes from.";
}

export default { render };
