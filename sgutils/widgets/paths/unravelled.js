// The paths one below the other, each with the blocks that it runs through.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { roving } from "../lib/roving.js";
import { columns, isOpen, passed } from "./layout.js";

const HEIGHTS = { 1: 24, 4: 24, 8: 19, 16: 15, 32: 11 }; // of a path, by how many there are
const TOP = 26;

export function unravelledPicture({ meet }) {
  const drawing = picture({ handles: true });
  const title = svg("text", { y: 11, class: "sg-small" });
  const head = svg("text", { y: 11, class: "sg-small sg-soft sg-end" }, "open");
  const rows = svg("g", { role: "group", "aria-label": "Paths" });
  const groups = svg("g");
  drawing.svg.append(title, head, groups, rows);
  const walk = roving(rows, meet);

  const make = () =>
    svg(
      "g",
      { class: "sg-mark sg-path", role: "img" },
      svg("rect", { class: "sg-grip" }),
      svg("path", { class: "sg-line" }),
      svg("path", { class: "sg-fill" }),
    );

  return {
    el: drawing.el,
    paint({ ways, gates, chosen }) {
      const width = drawing.width();
      const place = columns(width, gates.length);
      const height = HEIGHTS[ways.length];
      drawing.size(width, TOP + ways.length * height + 4);
      const many = ways.length > 1;
      text(title, many ? `Its 2${"²³⁴⁵"[gates.length - 2]} = ${ways.length} paths` : "Its only path");
      attr(head, { x: width });
      each(rows, ways, make, (row, way, i) => {
        const [grip, line, blocks] = row.childNodes;
        const y = TOP + (i + 0.5) * height;
        const open = isOpen(way, gates);
        row.said = i;
        attr(row, {
          class: `sg-mark sg-path${open ? " sg-student" : " sg-dark"}${i === chosen ? " sg-met" : ""}`,
          "aria-label": sentence(way, gates),
        });
        attr(grip, { x: 0, y: y - height / 2, width, height });
        attr(line, { d: `M${place.start},${y}H${place.end}` });
        const [w, h] = [Math.min(place.side, 24), height - 4];
        const box = (l) => `M${place.at(l, 0.46) - w / 2},${y - h / 2}h${w}v${h}h${-w}z`;
        attr(blocks, { d: way.map((through, l) => (through ? box(l) : "")).join("") || "M0,0" });
      });
      walk.settle();
      const counts = [...new Set(ways.map(passed))].map((count) => ways.filter((way) => passed(way) === count));
      each(
        groups,
        counts,
        () => svg("g", {}, svg("text", { x: 0, class: "sg-tiny sg-soft" }), svg("text", { class: "sg-tiny sg-end" })),
        (group, members) => {
          const first = ways.indexOf(members[0]);
          const y = TOP + (first + members.length / 2) * height + 4;
          const through = passed(members[0]);
          const open = members.filter((way) => isOpen(way, gates)).length;
          const [name, count] = group.childNodes;
          text(attr(name, { y }), through === 1 ? "1 block" : `${through} blocks`);
          text(attr(count, { x: width, y }), `${open} of ${members.length}`);
        },
      );
      attr(drawing.svg, {
        "aria-label": `${ways.filter((way) => isOpen(way, gates)).length} of ${ways.length} paths are open`,
      });
    },
  };
}

export function sentence(way, gates) {
  const through = way.flatMap((on, l) => (on ? [l + 1] : []));
  const list = through.length > 1 ? `${through.slice(0, -1).join(", ")} and ${through.at(-1)}` : `${through[0]}`;
  const where = through.length ? `Through block${through.length > 1 ? "s" : ""} ${list}` : "Around all blocks";
  const closed = through.filter((block) => !gates[block - 1]);
  return `${where}: ${closed.length ? `closed at block ${closed[0]}` : "open"}.`;
}
