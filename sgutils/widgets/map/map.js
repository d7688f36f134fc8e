// The map: how much Self-Guidance gains, over the gap that plain training leaves between training and test error.

import { choice, select } from "../lib/controls.js";
import { frame, html, painter, sayInstead, text, tryThis } from "../lib/dom.js";
import { oneOf, openState } from "../lib/state.js";
import { fixed } from "../lib/words.js";
import { chart, pointInWords } from "./chart.js";
import manifest from "./map.json";
import { GUIDED, readPoints, runsInWords } from "./points.js";

const NAMES = {
  plain: "plain",
  "equal work": "equal work",
  "stochastic depth": "stochastic depth",
  "lambda 0": "λ = 0",
};
// What a point above the line at 0 means.
const LOOK = {
  plain: "Above the line, Self-Guidance errs less than plain training with as many epochs, which is less work.",
  "equal work":
    "Above the line, Self-Guidance errs less than plain training with as many multiplications: 1.75 times the epochs.",
  "stochastic depth":
    "Above the line, the second pass makes good what skipping blocks costs, or adds to it; whether it beats plain training, the first choice tells.",
  "lambda 0": "Above the line, the teacher’s opinion itself pays, which gives the method its name.",
};
const word = (value) => (typeof value === "string" && value.length <= 100 ? value : undefined);
const READERS = {
  comparison: oneOf(Object.keys(NAMES)),
  images: oneOf(["these", "new"]),
  dataset: word,
  point: word,
};

function render({ model, el }) {
  const read = readPoints(model.get("measured") ?? {});
  if (!read?.points.length) {
    return sayInstead(el, "map", "This picture needs the runs of the map, and there are none here.");
  }
  const { points, comparisons } = read;
  const set = (key) => (value) => state.set({ [key]: value });
  const comparison = choice({
    label: "λ = 0.25 against",
    options: Object.entries(NAMES),
    onChange: set("comparison"),
  });
  const images = choice({
    label: "interval for",
    options: [
      ["these", "other seeds"],
      ["new", "and other images"],
    ],
    onChange: set("images"),
  });
  const sets = [...new Set(points.map(({ dataset }) => dataset))];
  const dataset = select({
    label: "data set",
    options: [["all", "all"], ...sets.map((name) => [name, name])],
    onChange: set("dataset"),
  });
  dataset.el.querySelector("select").disabled = sets.length < 2; // nothing to choose
  const point = select({
    label: "runs behind",
    options: [["", "no point"], ...points.map(({ name, title }) => [name, title])],
    onChange: set("point"),
  });
  const look = html("p", { class: "sg-note" });
  const source = html("p", { class: "sg-source", "aria-live": "polite" });
  let met = null;
  const drawing = chart({
    meet(name) {
      met = name;
      repaint();
    },
    choose: (name) => state.set({ point: state.get("point") === name ? "" : name }),
  });
  const root = frame(
    el,
    "map",
    html("div", { class: "sg-controls" }, comparison.el, images.el),
    html("div", { class: "sg-controls" }, dataset.el, point.el),
    look,
    drawing.el,
    source,
    tryThis("compare with equal work, then with λ = 0. Which of the two does the method owe more to?"),
  );
  drawing.el.addEventListener("pointerleave", () => {
    met = null;
    repaint();
  });

  const [repaint, stop] = painter(root, () => {
    const wanted = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    const chosenSet = sets.includes(wanted.dataset) ? wanted.dataset : "all";
    const there = points.filter(
      (one) => one.against.has(wanted.comparison) && (chosenSet === "all" || one.dataset === chosenSet),
    );
    const known = (name) => there.find((one) => one.name === name);
    const chosen = known(met) ?? known(wanted.point);
    comparison.show(wanted.comparison);
    images.show(wanted.images);
    dataset.show(chosenSet);
    point.show(points.some(({ name }) => name === wanted.point) ? wanted.point : "");
    text(look, there.length ? LOOK[wanted.comparison] : "Nobody has run this comparison there yet: choose another.");
    const say = (name) => pointInWords(known(name), wanted.comparison, wanted.images);
    const numbered = drawing.paint({ points: there, chosen: chosen?.name, say, ...wanted });
    text(source, chosen ? story(chosen, wanted, say) : legend(comparisons, numbered));
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

const legend = (comparisons, numbered) =>
  (numbered.length ? `${numbered.join("; ")}. ` : "") +
  "Large dots: all training images; small rings: a part of them. Bars are 95 % intervals; better, worse and cannot tell " +
  `are corrected for the ${comparisons} comparisons of the map. Point at a mark for its runs; press it to keep them.`;

function story(point, { comparison }, say) {
  const runs = [GUIDED, comparison].map((name) => point.runs.get(name));
  const errors = `λ = 0.25: ${runsInWords(runs[0], fixed)}; ${NAMES[comparison]}: ${runsInWords(runs[1], fixed)}; ${point.precision}`;
  return `${say(point.name)}. ${errors}. data/results/${runs[0][0].file}.json and others`;
}

export default { render };
