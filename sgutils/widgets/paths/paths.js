// A residual network, whose blocks can be closed, and below it every path from the image to the prediction.

import { choice, figures } from "../lib/controls.js";
import { frame, html, painter, text, tryThis } from "../lib/dom.js";
import { gateString, oneOf, openState, wholeNumber } from "../lib/state.js";
import { fixed } from "../lib/words.js";
import { isOpen, passed, waysThrough } from "./layout.js";
import { networkPicture } from "./network.js";
import manifest from "./paths.json";
import { sentence, unravelledPicture } from "./unravelled.js";

const READERS = { num_blocks: wholeNumber(2, 5), kind: oneOf(["residual", "chain"]), gates: gateString };

function render({ model, el }) {
  let chosen = null; // the path that a reader points at
  const kind = choice({
    label: "network",
    options: [
      ["residual", "residual"],
      ["chain", "chain"],
    ],
    onChange: (value) => choose({ kind: value }),
  });
  const size = choice({
    label: "blocks",
    options: [2, 3, 4, 5].map((count) => [count, `${count}`]),
    onChange: (value) => choose({ num_blocks: value, gates: "" }),
  });
  const choose = (changes) => {
    chosen = null;
    state.set(changes);
  };
  const network = networkPicture({
    toggle: (l) =>
      state.set({
        gates: gatesOf()
          .map((gate, i) => (i === l ? 1 - gate : gate))
          .join(""),
      }),
  });
  const unravelled = unravelledPicture({
    meet: (i) => {
      chosen = i;
      repaint();
    },
  });
  const shown = figures([["paths are open"], ["blocks on an open path, on average"]]);
  const note = html("p", { class: "sg-note" });
  const root = frame(
    el,
    "paths",
    html("div", { class: "sg-controls" }, kind.el, size.el),
    network.el,
    unravelled.el,
    note,
    shown.el,
    tryThis(
      "close a block: half of the paths go dark. Close another one, and half of the rest. Then choose the chain.",
    ),
  );

  const gatesOf = () => {
    const [count, gates] = [state.get("num_blocks"), state.get("gates")];
    return gates.length === count ? [...gates].map(Number) : Array(count).fill(1);
  };
  const [repaint, stop] = painter(root, () => {
    const gates = gatesOf();
    const ways = waysThrough(gates.length, state.get("kind"));
    if (chosen >= ways.length) chosen = null;
    const open = ways.filter((way) => isOpen(way, gates));
    const met = chosen === null ? null : ways[chosen];
    kind.show(state.get("kind"));
    size.show(gates.length);
    network.paint({ gates, kind: state.get("kind"), chosen: met });
    unravelled.paint({ ways, gates, chosen });
    text(note, met ? sentence(met, gates) : "Point at a path to see its way through the network.");
    const mean = open.reduce((sum, way) => sum + passed(way), 0) / open.length;
    shown.show([`${open.length} of ${ways.length}`, open.length ? fixed(mean, 1) : "–"]);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stop();
    state.close();
  };
}

export default { render };
