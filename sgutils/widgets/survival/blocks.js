// The teacher's survival probabilities over the student's blocks.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { handle } from "../lib/handles.js";
import { costShare, sum } from "../lib/math.js";
import { linear } from "../lib/scale.js";
import { switchRow } from "../lib/switches.js";
import { fixed, formula, percent } from "../lib/words.js";

const NAME = 72; // width of "p_L = 0.50", in pixels

// The teacher as bars of p_l over the student as glyphs, block by block.
export function blockPicture({ setLast, stepLast, toggle }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const [TOP, BASE, ROW, LEFT] = [40, 140, 194, 34];
  const y = linear([0, 1], [BASE, TOP]);
  const title = svg("text", { y: 14 });
  const everyBlock = svg("tspan");
  title.append(
    svg("tspan", { class: "sg-teacher sg-strong" }, "Teacher: "),
    everyBlock,
    " weighted by ",
    ...formula("p_l"),
  );
  const levels = [0, 0.5, 1].map((level) => {
    const at = y.at(level);
    return svg(
      "g",
      {},
      svg("line", { class: "sg-axis", x1: LEFT, y1: at, y2: at }),
      svg("text", { class: "sg-soft sg-small sg-end", x: LEFT - 6, y: at + 4 }, level === 0.5 ? "0.5" : String(level)),
    );
  });
  const bars = svg("g", { class: "sg-teacher" });
  const grip = svg(
    "g",
    {
      role: "slider",
      "aria-label": "p_L last survival, in the picture",
      "aria-valuemin": 0,
      "aria-valuemax": 1,
    },
    svg("circle", { r: 18, class: "sg-grip" }),
    svg("circle", { r: 6, class: "sg-knob" }),
    svg("text", { class: "sg-halo sg-end sg-strong sg-teacher", x: 8, y: -12 }),
  );
  handle(grip, drawing, {
    onMove: (_x, place) => setLast(y.from(place)),
    onKey: (dx, dy) => stepLast(dx + dy),
  });
  const said = svg("text", { y: BASE + 26 });
  const wire = svg("line", { class: "sg-wire", x1: LEFT - 18, y1: ROW, y2: ROW });
  const stages = svg("g");
  const glyphs = switchRow({ name: (l) => `block ${l + 1}`, onToggle: toggle });
  glyphs.node.classList.add("sg-student");
  drawing.append(title, ...levels.map((level) => level), bars, said, wire, glyphs.node, stages, grip);

  const paint = (p, gates, costs) => {
    const across = width();
    size(across, ROW + 40);
    const right = across - 8;
    const pitch = (right - LEFT) / p.length;
    const middle = (l) => LEFT + pitch * (l + 0.5);
    const thick = Math.min(34, pitch - Math.max(1.5, pitch * 0.16));
    for (const level of levels) attr(level.firstChild, { x2: right });
    attr(wire, { x2: right + 8 });
    each(
      bars,
      p,
      () => svg("rect"),
      (bar, survive, l) => {
        attr(bar, {
          x: middle(l) - thick / 2,
          width: thick,
          y: y.at(survive),
          height: BASE - y.at(survive),
          "fill-opacity": 0.15 + 0.75 * survive,
        });
      },
    );
    const last = p.at(-1);
    attr(grip, {
      transform: `translate(${middle(p.length - 1)} ${y.at(last)})`,
      "aria-valuenow": last,
      "aria-valuetext": fixed(last, 2),
    });
    const value = fixed(last, 2);
    // Above the bars that it reaches over: on a phone these are several, and higher than the last one.
    const over = p.findIndex((_, l) => middle(l) + thick / 2 > right - NAME);
    attr(grip.lastChild, { y: Math.min(-12, y.at(p[over]) - y.at(last) - 7) });
    if (grip.lastChild.dataset.value !== value) {
      grip.lastChild.replaceChildren(...formula("p_L"), svg("tspan", { dy: -3 }, ` = ${value}`));
      grip.lastChild.dataset.value = value;
    }
    const first = fixed(p[0], 2);
    const fall =
      first === value
        ? `is ${value} in every block`
        : `falls from ${first} in block 1 to ${value} in block ${p.length}`;
    const depth = sum(gates);
    const roomy = across > 480;
    text(everyBlock, roomy ? "every block runs," : "all blocks,");
    const share = costShare(costs, gates);
    const cost = roomy ? `${percent(share, 1)} of the multiply-adds` : `cost ${percent(share)}`;
    said.replaceChildren(
      svg("tspan", { class: "sg-student sg-strong" }, "Student: "),
      `${depth} of ${p.length} blocks${roomy ? " run" : ""}, ${cost}`,
    );
    const side = Math.min(26, thick);
    glyphs.paint(gates, (l) => ({ x: middle(l), y: ROW, side, pitch }));
    const perStage = p.length / 3;
    each(
      stages,
      [0, 1, 2],
      () =>
        svg(
          "g",
          {},
          svg("line", { class: "sg-axis", y1: ROW + 22, y2: ROW + 22 }),
          svg("text", { class: "sg-soft sg-small sg-mid", y: ROW + 37 }),
        ),
      (node, stage) => {
        const [from, to] = [LEFT + pitch * perStage * stage + 3, LEFT + pitch * perStage * (stage + 1) - 3];
        attr(node.firstChild, { x1: from, x2: to });
        attr(text(node.lastChild, `${roomy ? `stage ${stage + 1}: ` : ""}${32 / 2 ** stage}×${32 / 2 ** stage}`), {
          x: (from + to) / 2,
        });
      },
    );
    attr(drawing, {
      "aria-label": `Survival ${fall}. The student runs ${depth} of ${p.length} blocks: ${gates.join("")}.`,
    });
  };
  return { el, paint, roll: glyphs.roll };
}
