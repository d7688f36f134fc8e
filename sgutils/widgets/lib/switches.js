// A row of blocks that can be switched on and off.

import { attr, each, svg } from "./dom.js";

// Block glyphs that can be switched: filled = runs, hollow and dashed = skipped. One stop for the Tab key; arrow keys go
// along the row, Space and Enter switch. `onToggle(l)`; `place(l)` gives { x, y, side, pitch } of a glyph's middle.
export function switchRow({ name, onToggle }) {
  const node = svg("g", { role: "group", "aria-label": "Blocks" });
  let [active, rolling] = [0, false];
  const focus = (l) => {
    active = Math.min(node.childNodes.length - 1, Math.max(0, l));
    node.childNodes.forEach((glyph, i) => attr(glyph, { tabindex: i === active ? 0 : -1 }));
    node.childNodes[active].focus();
  };
  const make = (_, l) => {
    const glyph = svg(
      "g",
      { class: "sg-glyph", role: "switch", tabindex: l === active ? 0 : -1, "aria-label": name(l) },
      svg("rect", { class: "sg-grip" }),
      svg("rect", { class: "sg-block" }),
    );
    glyph.addEventListener("click", () => {
      focus(l);
      onToggle(l);
    });
    glyph.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const moves = { ArrowRight: l + 1, ArrowLeft: l - 1, Home: 0, End: Infinity };
      if (event.key in moves) focus(moves[event.key]);
      else if (event.key === " " || event.key === "Enter") onToggle(l);
      else return;
      event.preventDefault();
    });
    return glyph;
  };
  return {
    node,
    // The next change runs along the row instead of coming at once.
    roll() {
      rolling = true;
    },
    paint(gates, place) {
      each(node, gates, make, (glyph, gate, l) => {
        const { x, y, side, pitch } = place(l);
        const [grip, block] = glyph.childNodes;
        attr(glyph, {
          "aria-checked": gate > 0,
          style: `--sg-delay: ${rolling ? Math.round((400 * l) / gates.length) : 0}ms`,
        });
        attr(grip, { x: x - pitch / 2, y: y - 18, width: pitch, height: 36 });
        const tall = Math.max(side, 16);
        attr(block, { x: x - side / 2, y: y - tall / 2, width: side, height: tall, rx: Math.min(5, side / 4) });
      });
      if (active >= gates.length) active = 0;
      if (!node.contains(document.activeElement)) {
        node.childNodes.forEach((glyph, i) => attr(glyph, { tabindex: i === active ? 0 : -1 }));
      }
      rolling = false;
    },
  };
}
