// The sum of Eq. 5, term by term.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { sum } from "../lib/math.js";
import { fixed, formula } from "../lib/words.js";
import { objectiveOf } from "./journey.js";

// The sum of Eq. 5, term by term.
export function termPicture() {
  const { el, svg: drawing, size, width } = picture();
  const [ROW, BAR] = [48, 14];
  const rows = [
    { role: "label", title: [["Cross-entropy of the "], ["student", "student"]] },
    { role: "label", title: [["Cross-entropy of the "], ["teacher", "teacher"]] },
    { role: "distill", title: null },
    { role: "sum", title: [["Sum: the objective"]] },
  ];
  const groups = rows.map(({ role, title }, i) => {
    const name = svg(
      "text",
      { y: i * ROW + 14 },
      ...(title ?? []).map(([words, net]) => svg("tspan", net ? { class: `sg-${net} sg-strong` } : {}, words)),
    );
    const bars = svg("g");
    const value = svg("text", { class: "sg-strong", y: i * ROW + 33 });
    const group = svg("g", { class: `sg-${role}` }, name, bars, value);
    drawing.append(group);
    return { name, bars, value };
  });
  const note = svg("text", { class: "sg-soft", y: rows.length * ROW + 18 });
  drawing.append(note);

  const paint = (shown) => {
    const across = width();
    size(across, rows.length * ROW + 26);
    const { ceStudent, ceTeacher, distill, total } = objectiveOf(shown);
    const pull = shown.lam * shown.tau ** 2 * distill;
    const parts = [
      { role: "label", value: ceStudent },
      { role: "label", value: ceTeacher },
      { role: "distill", value: pull },
    ];
    const scale = (across - 56) / Math.max(4, total);
    groups.forEach(({ bars, value }, i) => {
      const stacked = i < 3 ? [parts[i]] : parts;
      let from = 0;
      each(
        bars,
        stacked,
        ({ role }) => svg("rect", { class: `sg-fill sg-${role}`, height: BAR, y: i * ROW + 22 }),
        (bar, part, n) => {
          const length = part.value * scale;
          attr(bar, { x: from + (n ? 1 : 0), width: Math.max(0.5, length - (n ? 1 : 0)) });
          from += length;
        },
      );
      attr(text(value, fixed(sum(stacked.map((part) => part.value)), 2)), { x: from + 6 });
    });
    const equation = `λτ² KL(${shown.kl_direction === "teacher||student" ? "p_T ‖ p_S" : "p_S ‖ p_T"})`;
    const amounts = ` = ${fixed(shown.lam, 2)} · ${fixed(shown.tau ** 2, 1)} · ${fixed(distill, 3)}`;
    groups[2].name.replaceChildren(...formula(equation), svg("tspan", { class: "sg-soft" }, amounts));
    text(note, shown.detach_teacher ? "The KL pulls the student alone." : "The KL pulls both towards each other.");
    attr(drawing, {
      "aria-label":
        `Cross-entropy of the student ${fixed(ceStudent, 2)}, of the teacher ${fixed(ceTeacher, 2)}, ` +
        `weighted KL ${fixed(pull, 2)}, sum ${fixed(total, 2)}.`,
    });
  };
  return { el, paint };
}
