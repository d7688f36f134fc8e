// The drawing: the teacher's pass above, the student's below, the terms of the loss to the right, and their ways back.

import { attr, each, picture, svg } from "../lib/dom.js";
import { switchRow } from "../lib/switches.js";
import { formula } from "../lib/words.js";

const [TEACHER, STUDENT, HEIGHT] = [62, 168, 210]; // where the passes run
const BACK = [24, 31]; // how far from a pass its gradients run, that of the label and that of the divergence

export function scenePicture({ toggle }) {
  const drawing = picture({ handles: true });
  const passes = svg("g");
  const ways = svg("g");
  const whole = svg("g", { class: "sg-teacher" });
  const row = switchRow({ name: (l) => `Block ${l + 1} of the student`, onToggle: toggle });
  const pull = svg("g", { class: "sg-distill" }, svg("path", { class: "sg-line" }), svg("path", { class: "sg-fill" }));
  const wall = svg("path", { class: "sg-step-wall" });
  const names = svg("g");
  row.node.classList.add("sg-student");
  drawing.svg.append(passes, ways, whole, row.node, pull, wall, names);

  return {
    el: drawing.el,
    // `stage` is how much of the step is shown, from 1 to 5.
    paint({ gates, p, stage }) {
      const width = drawing.width();
      const narrow = width < 480;
      drawing.size(width, HEIGHT);
      const [start, logits, terms] = [narrow ? 18 : 44, width - (narrow ? 74 : 148), width - (narrow ? 52 : 120)];
      const pitch = (logits - start - 34) / gates.length;
      const side = Math.min(24, 0.62 * pitch);
      const at = (l) => start + 12 + (l + 0.5) * pitch;
      const drawn = [
        { y: STUDENT, from: 2, role: "student" },
        { y: TEACHER, from: 3, role: "teacher" },
      ].filter(({ from }) => stage >= from);
      each(
        passes,
        drawn,
        () => svg("g", {}, svg("path", { class: "sg-line" }), svg("path", { class: "sg-fill" })),
        (node, { y, role }) => {
          attr(node, { class: `sg-${role}` });
          attr(node.firstChild, { d: `M${start},${y}H${logits - 20}` });
          attr(node.lastChild, { d: head(logits - 16, y, 1) });
        },
      );
      each(
        whole,
        p,
        () => svg("rect", { class: "sg-step-whole" }),
        (node, share, l) =>
          attr(node, { ...square(at(l), TEACHER, side), style: `--sg-shade: ${Math.round(100 * (share - 0.12))}%` }),
      );
      row.paint(gates, (l) => ({ x: at(l), y: STUDENT, side, pitch }));

      // The gradients, each beside its pass, with a branch to every block that it moves.
      const all = gates.map(() => 1);
      const back = [
        { role: "label", y: TEACHER - BACK[0], to: TEACHER - side / 2 - 1, blocks: all, shift: 0 },
        { role: "label", y: STUDENT + BACK[0], to: STUDENT + side / 2 + 1, blocks: gates, shift: -3 },
        { role: "distill", y: STUDENT + BACK[1], to: STUDENT + side / 2 + 1, blocks: gates, shift: 3 },
      ];
      each(
        ways,
        stage >= 5 ? back : [],
        () => svg("g", {}, svg("path", { class: "sg-line sg-step-back" }), svg("path", { class: "sg-fill" })),
        (node, { role, y, to, blocks, shift }) => {
          const stems = blocks.map((gate, l) => (gate ? `M${at(l) + shift},${y}V${to}` : "")).join("");
          attr(node, { class: `sg-${role}` });
          attr(node.firstChild, { d: `M${logits},${y}H${start + 8}${stems}` });
          attr(node.lastChild, { d: head(start + 2, y, -1) });
        },
      );

      // The divergence pulls the student's logits towards the teacher's; on its way up there is a wall.
      const x = logits + 4;
      attr(pull.firstChild, { d: stage >= 4 ? `M${x},${STUDENT - 12}V${TEACHER + 28}` : "M0,0" });
      attr(pull.lastChild, { d: stage >= 4 ? `M${x},${TEACHER + 20}l-5,10h10z` : "M0,0" });
      attr(wall, { d: stage >= 5 ? `M${x - 11},${TEACHER + 14}h22` : "M0,0" });

      const said = words({ logits, terms }, narrow).filter(({ from }) => stage >= from);
      each(
        names,
        said,
        () => svg("text"),
        (node, word) => {
          attr(node, { x: word.x, y: word.y, class: `sg-halo ${word.class}` });
          if (node.dataset.said !== word.said) node.replaceChildren(...formula(word.said));
          node.dataset.said = word.said;
        },
      );
      attr(drawing.svg, {
        "aria-label": `A step of Self-Guidance: a teacher of ${gates.length} blocks above, a student of ${gates.filter(Boolean).length} of them below`,
      });
    },
  };
}

// What is written where, from which stage on.
function words({ logits, terms }, narrow) {
  const middle = (TEACHER + STUDENT) / 2;
  const everywhere = [
    {
      x: 0,
      y: TEACHER - 40,
      said: narrow ? "Teacher, all blocks" : "Teacher, all blocks, each weighted by p_l",
      class: "sg-strong sg-teacher",
      from: 1,
    },
    {
      x: 0,
      y: STUDENT - 26,
      said: narrow ? "Student" : "Student, blocks drawn at random",
      class: "sg-strong sg-student",
      from: 1,
    },
    {
      x: 0,
      y: middle - 6,
      said: narrow ? "the same weights θ" : "the same mini-batch x and the same weights θ",
      class: "sg-soft sg-small",
      from: 1,
    },
    { x: 0, y: TEACHER + 4, said: "x", class: "sg-step-logits", from: 1 },
    { x: 0, y: STUDENT + 4, said: "x", class: "sg-step-logits", from: 1 },
    { x: terms, y: TEACHER + 4, said: narrow ? "CE_T" : "CE(y, p_T)", class: "sg-label sg-strong", from: 4 },
    { x: terms, y: STUDENT + 4, said: narrow ? "CE_S" : "CE(y, p_S)", class: "sg-label sg-strong", from: 4 },
    { x: terms, y: middle + 4, said: narrow ? "λτ² KL" : "λτ² KL(p_T‖p_S)", class: "sg-distill sg-strong", from: 4 },
  ];
  if (narrow) return everywhere;
  return [
    ...everywhere,
    { x: logits - 3, y: STUDENT + 4, said: "z_S", class: "sg-step-logits sg-student", from: 2 },
    { x: logits - 3, y: TEACHER + 4, said: "z_T", class: "sg-step-logits sg-teacher", from: 3 },
    { x: logits + 20, y: TEACHER + 24, said: "no gradient", class: "sg-soft sg-small", from: 5 },
  ];
}

function square(x, y, side) {
  return { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: Math.min(5, side / 4) };
}

// An arrow's head that ends here, to the right (1) or to the left (-1).
function head(x, y, way) {
  return `M${x + 6 * way},${y}l${-10 * way},-5v10z`;
}
