// How often trained networks take one expression for another, and what that makes of their error where the expressions
// are as frequent as a reader says. Every count was recorded from a trained network.

import { figures, presets, select, slider } from "../lib/controls.js";
import { attr, each, frame, html, painter, picture, sayInstead, svg, text, tryThis } from "../lib/dom.js";
import { linear } from "../lib/scale.js";
import { numbers, openState, wholeNumber } from "../lib/state.js";
import { fixed, percent } from "../lib/words.js";
import manifest from "./expressions.json";
import { meanOf, ratesOf, readConfusions, sharesOf, underMix, wilsonInterval } from "./mixes.js";

// A row of the table: a slider and two bars.
const ROW = 52;

// Invented places, to be compared with the images at hand.
const INVENTED = {
  "mostly happy": { happy: 100, neutral: 25, surprise: 10 },
  "mostly neutral": { neutral: 100, sad: 10, happy: 15, angry: 5 },
  "mostly afraid": { fear: 100, surprise: 60, angry: 30, neutral: 30 },
};

function render({ model, el }) {
  const recording = readConfusions(model.get("recording"));
  if (recording === null || recording.classes.length !== manifest.state.mix.length) {
    return sayInstead(
      el,
      "expressions",
      "This picture needs its recording of trained networks, and there is none here.",
    );
  }
  const { classes, settings, images } = recording;
  const READERS = {
    setting: (value) =>
      settings.some(({ name }) => name === value)
        ? value
        : settings.some(({ name }) => name === manifest.state.setting)
          ? undefined
          : settings[0].name,
    seed: wholeNumber(-1, 1000),
    mix: numbers(classes.length, 0, 100),
  };
  const chosen = () => settings.find(({ name }) => name === state.get("setting"));
  const known = {
    even: classes.map(() => 50),
    "as the test images": images.map((count) => round((100 * count) / Math.max(...images))),
  };
  for (const [name, parts] of Object.entries(INVENTED))
    known[name] = classes.map((expression) => parts[expression] ?? 2);

  const setting = select({
    label: "trained as",
    options: settings.map(({ name }) => [name, name]),
    onChange: (name) => state.set({ setting: name, seed: -1 }),
  });
  const mixes = presets({
    label: "Mixes",
    options: Object.keys(known).map((name) => [name, name]),
    onChoose: (name) => state.set({ mix: known[name] }),
  });
  // One choice of seeds for each setting, because settings may have been run with different ones.
  const seeds = Object.fromEntries(
    settings.map(({ name, runs }) => [
      name,
      runs.length < 2
        ? null
        : select({
            label: "seed",
            options: [[-1, `mean of ${runs.length}`], ...runs.map(({ seed }, i) => [i, `seed ${seed}`])],
            onChange: (i) => state.set({ seed: i }),
          }),
    ]),
  );
  const slot = html("div", { class: "sg-slot" });
  const parts = classes.map((name, i) =>
    slider({
      label: name,
      min: 0,
      max: 100,
      step: 1,
      say: () => percent(sharesOf(state.get("mix"))[i]),
      onInput: (value) => state.set({ mix: state.get("mix").map((part, k) => (k === i ? value : part)) }),
    }),
  );
  const [bars, mosaic] = [barTable(classes, images), mosaicPicture(classes)];
  const read = figures([
    ["error under this mix"],
    ["lowest and highest seed"],
    ["the plain network’s"],
    ["always saying the commonest"],
  ]);

  const root = frame(
    el,
    "expressions",
    html("div", { class: "sg-controls" }, setting.el, slot, mixes.el),
    html(
      "div",
      { class: "sg-columns" },
      html(
        "div",
        { class: "sg-mix-table" },
        html(
          "div",
          { class: "sg-mix-parts" },
          html("div", { class: "sg-name" }, "share in the mix"),
          ...parts.map(({ el: part }) => part),
        ),
        bars.el,
      ),
      html("div", {}, mosaic.el, read.el),
    ),
    tryThis("press “as the test images”, then “mostly happy”. Not a single weight has changed."),
  );

  const [repaint, stop] = painter(root, () => {
    const { name, runs } = chosen();
    const [mix, seed] = [state.get("mix"), state.get("seed")];
    setting.show(name);
    const own = seeds[name]?.el ?? null;
    if (slot.firstChild !== own) slot.replaceChildren(...(own ? [own] : []));
    seeds[name]?.show(seed < runs.length ? seed : -1);
    parts.forEach((part, i) => part.show(mix[i]));
    mixes.show((preset) => known[preset].every((part, i) => Math.abs(part - mix[i]) < 1e-9));
    const shares = sharesOf(mix);
    const all = runs.map(({ counts }) => ratesOf(counts));
    const rates = seed >= 0 && seed < runs.length ? all[seed] : meanOf(all);
    const found = underMix(rates, shares);
    const errors = all.map((one) => underMix(one, shares).error);
    const plain = settings.find((other) => other.name === "plain");
    bars.paint(rates, found);
    mosaic.paint(rates, shares, found);
    read.show([
      percent(found.error, 1),
      `${fixed(100 * Math.min(...errors), 1)} – ${percent(Math.max(...errors), 1)}`,
      plain ? percent(underMix(meanOf(plain.runs.map(({ counts }) => ratesOf(counts))), shares).error, 1) : "not run",
      percent(1 - Math.max(...shares), 1),
    ]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

const round = (value) => Math.round(value * 100) / 100;

// Beside each slider: how many of that expression's images are found, and how many that are called so are.
function barTable(classes, images) {
  const { el, svg: drawing, size, width } = picture();
  const heads = [
    ["found", "sg-label"],
    ["right when said", "sg-baseline"],
  ].map(([words, role]) => svg("text", { class: `sg-small sg-strong ${role}`, y: 12 }, words));
  const rows = svg("g");
  drawing.append(...heads, rows);
  const paint = (rates, { precision }) => {
    const across = width();
    const x = linear([0, 1], [0, across - 46]);
    size(across, 22 + ROW * classes.length);
    attr(text(heads[1], across < 156 ? "said right" : "right when said"), { x: 52 });
    each(
      rows,
      classes,
      () =>
        svg(
          "g",
          {},
          svg("rect", { class: "sg-fill sg-label" }),
          svg("line", { class: "sg-whisker" }),
          svg("text", { class: "sg-small" }),
          svg("rect", { class: "sg-fill sg-baseline" }),
          svg("text", { class: "sg-small" }),
        ),
      (node, _, i) => {
        const [found, whisker, foundSaid, right, rightSaid] = node.childNodes;
        const y = 22 + ROW * i + 8;
        const recall = rates[i][i];
        const [low, high] = wilsonInterval(recall, images[i]);
        attr(found, { x: 0, y, height: 15, width: Math.max(1, x.at(recall)) });
        attr(whisker, { x1: x.at(low), x2: x.at(high), y1: y + 7.5, y2: y + 7.5 });
        attr(text(foundSaid, percent(recall)), { x: x.at(Math.max(recall, high)) + 5, y: y + 12 });
        attr(right, { x: 0, y: y + 20, height: 15, width: Math.max(1, x.at(precision[i] ?? 0)) });
        attr(text(rightSaid, precision[i] === null ? "never said" : percent(precision[i])), {
          x: x.at(precision[i] ?? 0) + 5,
          y: y + 32,
        });
      },
    );
    attr(drawing, {
      "aria-label": classes
        .map(
          (name, i) =>
            `${name}: ${percent(rates[i][i])} of ${images[i]} images found, ${precision[i] === null ? "never said" : `right in ${percent(precision[i])} of the times it is said`}`,
        )
        .join("; "),
    });
  };
  return { el, paint };
}

// All faces of the mix as one area: a row for each expression, as high as it is frequent, cut by what the network says.
function mosaicPicture(classes) {
  const { el, svg: drawing, size, width } = picture();
  const HIGH = 250;
  const title = svg("text", { class: "sg-small sg-soft", y: 12 });
  const rows = svg("g");
  drawing.append(title, rows);
  const paint = (rates, shares, { error }) => {
    const across = width();
    const [names, top] = [58, 22];
    const scale = across - names;
    size(across, top + HIGH + 4);
    text(title, "green: said as labelled; grey: as another");
    let y = top;
    each(
      rows,
      classes,
      () => svg("g", {}, svg("text", { class: "sg-small sg-end" }), svg("g"), svg("g")),
      (node, name, i) => {
        const [said, cells, words] = node.childNodes;
        const tall = shares[i] * HIGH;
        attr(text(said, tall >= 12 ? name : ""), { x: names - 6, y: y + tall / 2 + 4 });
        // What is right comes first, so that the green of all rows stands together.
        const order = classes.map((_, j) => j).sort((a, b) => (b === i) - (a === i) || rates[i][b] - rates[i][a]);
        let x = names;
        const placed = order.map((j) => {
          const wide = rates[i][j] * scale;
          x += wide;
          return { j, x: x - wide, wide };
        });
        each(
          cells,
          placed,
          () => svg("rect"),
          (cell, { j, x: left, wide }) =>
            attr(cell, {
              class: j === i ? "sg-fill sg-label" : "sg-wrong",
              x: left.toFixed(1),
              y: y.toFixed(1),
              width: Math.max(0, wide - 1).toFixed(1),
              height: Math.max(0, tall - 1).toFixed(1),
            }),
        );
        each(
          words,
          placed.slice(1, 4),
          () => svg("text", { class: "sg-small sg-soft" }),
          (word, { j, x: left, wide }) => {
            const fits = tall >= 14 && wide > 7 * classes[j].length + 6;
            attr(text(word, fits ? classes[j] : ""), { x: (left + 4).toFixed(1), y: (y + tall / 2 + 4).toFixed(1) });
          },
        );
        y += tall;
      },
    );
    attr(drawing, {
      "aria-label": `The mix as one area: ${classes.map((name, i) => `${name} ${percent(shares[i])}`).join(", ")}. ${percent(1 - error)} of it is called by its label.`,
    });
  };
  return { el, paint };
}

export default { render };
