// One trained network in the playground: teacher, students, errors and features. It paints what the worker tells.

import { button } from "../lib/controls.js";
import { attr, html, text } from "../lib/dom.js";
import { NAMES } from "../lib/methods.js";
import { switchRow } from "../lib/switches.js";
import { words } from "../lib/words.js";
import { lookOf } from "./canvas.js";
import { errorChart } from "./errors.js";
import { settingsWords } from "./names.js";
import { LEGENDS, networkPanel } from "./panel.js";
import { scatterPanel } from "./scatter.js";

// onToggle(l): a block of the student was switched; onDrawn(): the student by hand shall go.
export function createLane({ onToggle, onDrawn }) {
  const [name, options] = [html("b"), html("span")];
  const title = html("output", { class: "sg-lane-title" }, name, options);
  const teacher = networkPanel({ name: html("b", { class: "sg-teacher" }, "Teacher") });
  const row = switchRow({ name: (l) => `block ${l + 1} of the student`, onToggle });
  const byHand = button("by hand ×", () => {
    row.node.querySelector("[tabindex='0']").focus(); // the button goes
    onDrawn();
  });
  attr(byHand, { "aria-label": "by hand: back to the drawn student", title: "Back to the drawn student" });
  const student = networkPanel({ name: html("b", { class: "sg-student" }, "Student"), row, byHand });
  const students = Array.from({ length: 4 }, () => networkPanel({ small: true }));
  const chart = errorChart();
  const features = { teacher: scatterPanel(), student: scatterPanel() };
  const legend = html("p", { class: "sg-name sg-legend" });
  const trouble = html("p", { class: "sg-trouble", role: "alert" });
  const el = html(
    "section",
    { class: "sg-lane" },
    title,
    trouble,
    html(
      "div",
      { class: "sg-nets" },
      teacher.el,
      student.el,
      html(
        "div",
        { class: "sg-more" },
        html("p", { class: "sg-name" }, "Four more students"),
        ...students.map((panel) => panel.el),
      ),
      legend,
    ),
    html(
      "div",
      { class: "sg-below" },
      chart.el,
      html(
        "div",
        { class: "sg-clouds" },
        html("p", { class: "sg-name" }, "Features, test data (two principal components)"),
        features.teacher.el,
        features.student.el,
      ),
    ),
  );

  let last = [];
  // `letter` is A or B where there are two; `edited` says whether the controls set this one.
  const paint = ({ settings, letter, edited, examples, view, steps, gates }) => {
    const { method } = settings;
    text(name, `${letter ? `${letter}: ` : ""}${NAMES[method]}`);
    const said = settingsWords(settings);
    const label = `${name.textContent}, ${said}`;
    if (el.getAttribute("aria-label") !== label) options.replaceChildren(...words(said));
    attr(el, { "aria-label": label, class: edited && letter ? "sg-lane sg-edited" : "sg-lane" });
    const plain = method === "baseline";
    text(teacher.name, plain ? "Plain network" : "Teacher");
    attr(teacher.name, { class: plain ? "sg-baseline" : "sg-teacher" });
    byHand.hidden = byHand.disabled = !gates;
    text(legend, LEGENDS[examples?.name === "digits" ? "digits" : "plane"]);
    if (!view || !examples) return;
    text(
      trouble,
      view.failed
        ? `The loss is no number any more after step ${steps}: choose a smaller learning rate or a smaller λ.`
        : "",
    );
    const look = lookOf(el, examples);
    // Canvases cost more than all the rest, and most of what a control changes is not in them.
    const drawn = [view, gates?.join(""), el.clientWidth, devicePixelRatio, ...Object.values(look).map(String)];
    if (drawn.every((value, i) => value === last[i])) return;
    last = drawn;
    paintNetworks(view, gates, settings, examples, look);
  };
  const paintNetworks = (view, gates, { method, lam, tau }, examples, look) => {
    const whole = method === "baseline" ? "baseline" : "teacher";
    teacher.paint({ ...view.teacher, shades: view.teacher.gates, role: whole }, examples, look);
    student.paint({ ...view.student, gates: gates ?? view.student.gates, role: "student" }, examples, look);
    view.students.forEach((one, i) => students[i].paint({ ...one, role: "student" }, examples, look));
    chart.paint(view.history, { losses: view.losses, method, lam, tau });
    features.teacher.paint(view.features.teacher, examples, look, whole);
    features.student.paint(view.features.student, examples, look, "student");
  };
  return { el, paint };
}
