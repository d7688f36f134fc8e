// The sum of Eq. 5, term by term.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { selfGuidance, sum } from "../lib/math.js";
import { linear } from "../lib/scale.js";
import { fixed, formula } from "../lib/words.js";

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

  const paint = (settings, { student, teacher }) => {
    const across = width();
    size(across, rows.length * ROW + 26);
    const { lam, tau, label, detach_teacher: detachTeacher, kl_direction: direction } = settings;
    const { ceStudent, ceTeacher, distill, total } = selfGuidance(student, teacher, label, {
      lam,
      tau,
      detachTeacher,
      direction,
    });
    const pull = lam * tau ** 2 * distill;
    const parts = [
      { role: "label", value: ceStudent },
      { role: "label", value: ceTeacher },
      { role: "distill", value: pull },
    ];
    const x = linear([0, Math.max(4, total)], [0, across - 66]);
    groups.forEach(({ bars, value }, i) => {
      const stacked = i < 3 ? [parts[i]] : parts;
      let from = 0;
      each(
        bars,
        stacked,
        ({ role }) => svg("rect", { class: `sg-fill sg-${role}`, height: BAR, y: i * ROW + 22 }),
        (bar, part, n) => {
          const length = x.at(part.value);
          attr(bar, { x: from + (n ? 1 : 0), width: Math.max(0.5, length - (n ? 1 : 0)) });
          from += length;
        },
      );
      attr(text(value, fixed(sum(stacked.map((part) => part.value)), 2)), { x: from + 6 });
    });
    const equation = `λτ² KL(${direction === "teacher||student" ? "p_T ‖ p_S" : "p_S ‖ p_T"})`;
    const amounts = ` = ${fixed(lam, 2)} · ${fixed(tau ** 2, 1)} · ${fixed(distill, 3)}`;
    groups[2].name.replaceChildren(...formula(equation), svg("tspan", { class: "sg-soft" }, amounts));
    text(note, detachTeacher ? "It moves both: they share weights." : "It is aimed at both of them.");
    attr(drawing, {
      "aria-label":
        `Cross-entropy of the student ${fixed(ceStudent, 2)}, of the teacher ${fixed(ceTeacher, 2)}, ` +
        `weighted KL ${fixed(pull, 2)}, sum ${fixed(total, 2)}.`,
    });
  };
  return { el, paint };
}
