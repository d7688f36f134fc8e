// The teacher's blocks, the student's beneath them, and the weights that tie each pair.

import { attr, each, svg, text } from "../lib/dom.js";
import { sum } from "../lib/math.js";
import { switchRow } from "../lib/switches.js";
import { formula } from "../lib/words.js";

export function twoNetworks(survival, onToggle) {
  const blocks = survival.length;
  const [bonds, full] = [svg("g"), svg("g", { class: "sg-teacher" })];
  const bond = svg("text", { class: "sg-small sg-soft sg-mid sg-halo" }, "the same weights");
  const weighted = svg("tspan", {}, ", blocks weighted by ", ...formula("p_l"));
  const drawn = svg("tspan");
  const titles = {
    teacher: svg(
      "text",
      {},
      svg("tspan", { class: "sg-teacher sg-strong" }, "Teacher: "),
      "the whole network",
      weighted,
    ),
    student: svg("text", {}, svg("tspan", { class: "sg-student sg-strong" }, "Student: "), drawn),
  };
  const row = switchRow({ name: (l) => `block ${l + 1} of the student`, onToggle });
  row.node.classList.add("sg-student");

  const paint = (gates, random, { left, right, teacherY, studentY, pull }, across) => {
    const room = right - left;
    const pitch = room / blocks;
    const middle = (l) => left + pitch * (l + 0.5);
    const side = Math.min(28, pitch - 8);
    attr(titles.teacher, { x: left - 4, y: teacherY - 30 });
    attr(weighted, { display: across >= 820 ? null : "none" });
    attr(titles.student, { x: left - 4, y: studentY - 30 });
    text(drawn, `${sum(gates)} of ${blocks} blocks${random ? randomWords(room) : ""}`);
    each(
      full,
      survival,
      () => svg("rect", { class: "sg-full" }),
      (node, survive, l) =>
        attr(node, {
          x: middle(l) - side / 2,
          y: teacherY - side / 2,
          width: side,
          height: side,
          rx: Math.min(5, side / 4),
          style: `--sg-shade: ${Math.round(100 * (survive - 0.12))}%`,
        }),
    );
    each(
      bonds,
      survival,
      () => svg("line", { class: "sg-bond" }),
      (node, _, l) => attr(node, { x1: middle(l), x2: middle(l), y1: teacherY + side / 2 + 3, y2: studentY - 44 }),
    );
    attr(bond, { x: left + room * (pull.anchor === "end" ? 0.3 : 0.5), y: (teacherY + studentY) / 2 - 8 });
    row.paint(gates, (l) => ({ x: middle(l), y: studentY, side, pitch }));
  };
  return { nodes: [bonds, bond, titles.teacher, titles.student, full, row.node], paint };
}

function randomWords(room) {
  if (room <= 210) return "";
  return room > 270 ? ", drawn at random" : ", at random";
}
