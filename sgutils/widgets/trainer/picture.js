// What is painted of a training: the errors, the blocks of teacher and student, the terms of the loss, and one image.

import { cloud, paintLegend } from "../lib/cloud.js";
import { attr, each, html, picture, svg, text } from "../lib/dom.js";
import { KEYS } from "../lib/handles.js";
import { clamp } from "../lib/math.js";
import { switchRow } from "../lib/switches.js";
import { thumbnail } from "../lib/thumbnail.js";
import { fixed, percent, words } from "../lib/words.js";

const LINE = 14; // from one name to the next

// Test errors over steps, of one training or of two. The root spreads small errors apart.
export function errorCurves() {
  const { el, svg: drawing, size, width } = picture();
  const title = svg("text", { class: "sg-small sg-soft", y: 10 });
  const [ticks, axis, lines, names] = [svg("g"), svg("path", { class: "sg-axis" }), svg("g"), svg("g")];
  const end = svg("text", { class: "sg-small sg-soft sg-end" });
  drawing.append(title, ticks, axis, lines, names, end);
  // `trainings` are { history, method, letter }.
  const paint = ({ steps, epoch }, trainings) => {
    const across = width();
    const two = trainings.length > 1;
    const [left, right, top, bottom] = [26, across - (two ? 126 : 112), 20, 150];
    size(across, bottom + 20);
    const last = Math.max(20, ...trainings.map(({ history }) => history.at(-1)[0]));
    const x = (step) => left + (step / last) * (right - left);
    const y = (share) => bottom - Math.sqrt(share) * (bottom - top);
    const make = () =>
      svg("g", {}, svg("path", { class: "sg-axis" }), svg("text", { class: "sg-small sg-soft sg-end" }));
    each(ticks, [0, 0.05, 0.2, 0.5, 1], make, (node, share) => {
      attr(node.firstChild, { d: `M${left},${y(share).toFixed(1)}H${right}` });
      attr(text(node.lastChild, fixed(100 * share, 0)), { x: left - 6, y: y(share) + 4 });
    });
    attr(axis, { d: `M${left},${bottom}H${right}` });
    const drawn = trainings.flatMap(curvesOf);
    each(
      lines,
      drawn,
      () => svg("path"),
      (node, { role, letter, points }) => {
        const places = points.map(([step, share]) => `${x(step).toFixed(1)},${y(share).toFixed(1)}`);
        attr(node, {
          class: `sg-line sg-${role}${letter === "B" ? " sg-dashed" : ""}`,
          d: `M${places.join("L")}${places.length === 1 ? "h0.1" : ""}`,
        });
      },
    );
    // Where ends come close, their names part, below the title.
    const named = [...drawn].sort((a, b) => b.now - a.now);
    const at = apart(
      named.map(({ now }) => y(now)),
      LINE,
      top,
    );
    each(
      names,
      named,
      () => svg("text"),
      (node, { called, role, now }, i) =>
        attr(text(node, `${called} ${percent(now, 1)}`), {
          x: right + 6,
          y: at[i] + 4,
          class: `sg-small sg-strong sg-${role}`,
        }),
    );
    text(title, `test error, %; ${two ? "A solid, B dashed" : "students: mean of four"}`);
    text(end, `step ${steps.toLocaleString("en")}, epoch ${fixed(epoch, 1)}`);
    attr(end, { x: right, y: bottom + 15 });
    const said = drawn.map(({ called, now }) => `${called} ${percent(now, 1)}`).join(", ");
    attr(drawing, { "aria-label": `Test error after ${steps} steps: ${said}; students on average.` });
  };
  return { el, paint };
}

function curvesOf({ history, method, letter }) {
  const full = method === "baseline" ? "baseline" : "teacher";
  return [
    [1, full, full === "baseline" ? "plain" : "teacher"],
    [2, "student", "students"],
  ].map(([i, role, name]) => ({
    role,
    letter,
    called: letter ? `${name} ${letter}` : name,
    points: history.map((row) => [row[0], row[i]]),
    now: history.at(-1)[i],
  }));
}

// Places from top to bottom, moved as little as keeps each this far from the next, and none above `first`: those that would
// touch share a middle.
export function apart(places, distance, first) {
  const groups = [];
  for (const place of places) {
    let group = { sum: place, count: 1 };
    const top = ({ sum, count }) => sum / count - ((count - 1) / 2) * distance;
    while (groups.length && top(group) < top(groups.at(-1)) + groups.at(-1).count * distance) {
      const { sum, count } = groups.pop();
      group = { sum: sum + group.sum, count: count + group.count };
    }
    groups.push(group);
  }
  return groups
    .flatMap(({ sum, count }) =>
      Array.from({ length: count }, (_, i) => sum / count + (i - (count - 1) / 2) * distance),
    )
    .map((place, i) => Math.max(place, first + i * distance));
}

// Two rows of blocks: the teacher's, shaded by p, and the student's, which can be switched where it is live.
export function gateRows({ onToggle }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const row = switchRow({ name: (l) => `block ${l + 1} of the student`, onToggle });
  const [whole, still] = [svg("g"), svg("g", { class: "sg-student" })];
  const said = { teacher: svg("text", { y: 15 }), student: svg("text", { y: 61 }) };
  drawing.append(said.teacher, whole, said.student, still, row.node);
  row.node.classList.add("sg-student");
  const paint = ({ teacher, student }, method, { live, byHand }) => {
    const across = width();
    size(across, 88);
    const blocks = teacher.gates.length;
    const pitch = Math.min(34, across / blocks);
    const side = Math.min(18, pitch - 3);
    const square = (l, y) => ({
      x: l * pitch + (pitch - side) / 2,
      y,
      width: side,
      height: side,
      rx: Math.min(5, side / 4),
    });
    const full = method === "baseline" ? "baseline" : "teacher";
    const ran = student.gates.filter((gate) => gate > 0).length;
    attr(
      text(
        said.teacher,
        `${full === "baseline" ? "Plain network, g = 1" : "Teacher, g = p"}: ${percent(teacher.error, 1)} wrong`,
      ),
      { class: `sg-strong sg-small sg-${full}` },
    );
    attr(
      text(
        said.student,
        `${byHand ? "By hand" : "Student"}, ${ran} of ${blocks} blocks: ${percent(student.error, 1)} wrong`,
      ),
      { class: "sg-strong sg-small sg-student" },
    );
    attr(whole, { class: `sg-${full}` });
    each(
      whole,
      teacher.gates,
      () => svg("rect", { class: "sg-whole" }),
      (node, gate, l) => attr(node, { ...square(l, 21), style: `--sg-shade: ${Math.round(100 * (gate - 0.12))}%` }),
    );
    each(
      still,
      live ? [] : student.gates,
      () => svg("rect"),
      (node, gate, l) => attr(node, { ...square(l, 67), class: gate > 0 ? "sg-ran" : "sg-missed" }),
    );
    row.paint(live ? student.gates : [], (l) => ({ x: (l + 0.5) * pitch, y: 76, side, pitch }));
    attr(drawing, { "aria-label": `The student runs ${ran} of ${blocks} blocks.` });
  };
  return { el, paint };
}

// The loss of the last mini-batch as the sum that its method minimises, as bars on one scale and as a formula.
export function lossTerms() {
  const { el, svg: drawing, size, width } = picture();
  const bars = svg("g");
  const sum = html("output", { class: "sg-terms" });
  drawing.append(bars);
  el.append(sum);
  const paint = (losses, { method, lam, tau }) => {
    const across = width();
    size(across, 16);
    const terms = losses ? termsOf(method, losses, lam * tau * tau) : [];
    const whole = Math.max(
      4,
      terms.reduce((total, { value }) => total + value, 0),
    );
    let from = 0;
    each(
      bars,
      terms,
      () => svg("rect", { y: 0, height: 14 }),
      (node, { role, value }) => {
        const wide = (value / whole) * across;
        attr(node, { class: `sg-fill sg-${role}`, x: from.toFixed(1), width: Math.max(0, wide - 1).toFixed(1) });
        from += wide;
      },
    );
    attr(drawing, { "aria-label": terms.length ? `Loss ${fixed(losses.total, 2)}` : "No loss before the first step" });
    const parts = terms.flatMap(({ role, name, value }, i) => [
      i ? " + " : "",
      html("span", { class: `sg-${role}` }, ...words(name), ` ${fixed(value, 2)}`),
    ]);
    sum.replaceChildren(
      ...(parts.length ? [`loss ${fixed(losses.total, 2)} = `, ...parts] : ["loss: after the first step"]),
    );
  };
  return { el, paint };
}

function termsOf(method, { ceStudent, ceTeacher, distill }, weight) {
  const all = {
    student: { role: "label", name: "CE_S", value: ceStudent },
    teacher: { role: "label", name: method === "baseline" ? "CE" : "CE_T", value: ceTeacher },
    distill: { role: "distill", name: "λτ² KL", value: weight * distill },
  };
  return {
    baseline: [all.teacher],
    "stochastic-depth": [all.student],
    "self-guidance": [all.student, all.teacher, all.distill],
    "without-backward-full": [all.student, all.distill],
  }[method];
}

// The map of one data set's images, how alike the two networks see them, and the image that was chosen with what they call it.
export function featureMap({ side, classes }, choose) {
  const { el: plot, svg: drawing, size, width } = picture();
  const group = svg("g");
  drawing.append(group);
  const paintCloud = cloud(group, { side, classes, choose });
  // By keyboard the map is a slider through its images.
  let [chosen, count] = [0, 1];
  attr(drawing, { role: "slider", tabindex: 0, "aria-valuemin": 1 });
  drawing.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    choose(clamp(chosen + step[0] + step[1], 0, count - 1));
  });
  const photo = thumbnail(null, side, 56);
  const lines = { label: html("b", { class: "sg-label" }), teacher: html("span"), student: html("span") };
  const legend = html("div", { class: "sg-marks-legend sg-name" });
  const words = html("output", {}, ...Object.values(lines));
  const alike = html("output", { class: "sg-trainer-alike" });
  const el = html("div", {}, legend, plot, alike, html("div", { class: "sg-trainer-image" }, photo, words));
  // `ckas` are of one training or of two.
  const paint = ({ y, teacher, student, ckas, labels, pixels, method }, image, byClass) => {
    const across = width();
    const down = Math.round(Math.min(340, Math.max(240, across * 0.72)));
    size(across, down);
    const full = method === "baseline" ? "baseline" : "teacher";
    const roles = [full, "student"];
    const names = [full === "baseline" ? "plain network" : "teacher", "student"];
    paintLegend(legend, names, roles, byClass);
    group.style.visibility = y ? "" : "hidden";
    if (y) paintCloud({ y, labels, roles, byClass, across, down, image, pixels: pixels(image) });
    text(alike, alikeWords(ckas));
    photo.show(pixels(image));
    text(lines.label, classes[labels[image]]);
    for (const [name, shown, network] of [
      ["teacher", names[0], teacher],
      ["student", names[1], student],
    ]) {
      const sure = network.sure ? `, ${percent(network.sure[image])}` : "";
      attr(text(lines[name], `${shown}: ${classes[network.said[image]]}${sure}`), {
        class: `sg-${name === "teacher" ? full : name}`,
      });
    }
    [chosen, count] = [image, labels.length];
    attr(drawing, {
      "aria-label": `t-SNE map of the features that ${names[0]} and student have of ${count} test images`,
      "aria-valuemax": count,
      "aria-valuenow": image + 1,
      "aria-valuetext": `image ${image + 1}: ${Object.values(lines)
        .map((line) => line.textContent)
        .join(", ")}`,
    });
  };
  return { el, paint };
}

function alikeWords(ckas) {
  const said = ckas.map((cka) => (cka === null ? "none" : fixed(cka, 2)));
  return `CKA of the two: ${said.length > 1 ? `A ${said[0]}, B ${said[1]}` : said[0]}`;
}
