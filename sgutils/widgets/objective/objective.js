// The objective (Eq. 5) as a tug of war: two predictions over three classes, and what each term pulls them towards.

import {
  attr,
  button,
  choice,
  each,
  fixed,
  formula,
  frame,
  handle,
  html,
  painter,
  percent,
  picture,
  presets,
  reducedMotion,
  select,
  slider,
  svg,
  text,
  tryThis,
} from "../lib/dom.js";
import { clamp, norm, selfGuidance, softmax, sum } from "../lib/math.js";
import { flag, number, numbers, oneOf, openState, wholeNumber } from "../lib/state.js";
import {
  arrowAlong,
  boundariesOf,
  cornersOf,
  curve,
  distance,
  join,
  logitsAt,
  nameCorners,
  placeIn,
  radiiOf,
  unit,
} from "../lib/triangle.js";
import manifest from "./objective.json";

const CLASSES = ["pullover", "dress", "coat"];
const NETS = ["student", "teacher"];
// An arrow is one step of gradient descent of this size; a journey is many small ones.
const [ARROW_STEP, JOURNEY_STEP, JOURNEY_LENGTH, JOURNEY_SECONDS] = [1.5, 0.06, 400, 5];

const READERS = {
  lam: number(0, 3),
  tau: number(1, 10),
  label: wholeNumber(0, CLASSES.length - 1),
  student: numbers(CLASSES.length, -8, 8),
  teacher: numbers(CLASSES.length, -8, 8),
  detach_teacher: flag,
  kl_direction: oneOf(["teacher||student", "student||teacher"]),
};

function render({ model, el }) {
  const lam = slider({
    label: "λ weight",
    min: 0,
    max: 3,
    step: 0.05,
    say: (value) => fixed(value, 2),
    onInput: (value) => state.set({ lam: value }),
  });
  const tau = slider({
    label: "τ temperature",
    min: 1,
    max: 10,
    step: 0.1,
    say: (value) => fixed(value, 1),
    onInput: (value) => state.set({ tau: value }),
  });
  const label = select({
    label: "label",
    options: CLASSES.map((name, k) => [k, name]),
    onChange: (value) => state.set({ label: value }),
  });
  const detach = choice({
    label: "teacher in the KL",
    options: [
      [true, "detached"],
      [false, "attached"],
    ],
    onChange: (value) => state.set({ detach_teacher: value }),
  });
  const direction = choice({
    label: "KL direction",
    options: [
      ["teacher||student", "teacher ‖ student"],
      ["student||teacher", "student ‖ teacher"],
    ],
    onChange: (value) => state.set({ kl_direction: value }),
  });
  const weights = presets({
    label: "Values of λ",
    options: [
      [0, "λ = 0: no pull"],
      [0.25, "λ = 0.25: the paper’s"],
      [3, "λ = 3: it blew up there"],
    ],
    onChoose: (value) => state.set({ lam: value }),
  });

  // While the two move, or once they have, the picture shows them `travelled` steps from where the state has them.
  let [travelled, started, ticking] = [0, null, null];
  const travel = (now) => {
    started ??= now;
    travelled = Math.min(JOURNEY_LENGTH, Math.ceil((JOURNEY_LENGTH * (now - started)) / (1000 * JOURNEY_SECONDS)));
    ticking = travelled < JOURNEY_LENGTH ? requestAnimationFrame(travel) : null;
    repaint();
  };
  const stay = () => {
    cancelAnimationFrame(ticking);
    [travelled, started, ticking] = [0, null, null];
  };
  const move = button("Let them move", () => {
    if (travelled > 0) stay();
    else if (reducedMotion()) travelled = JOURNEY_LENGTH;
    else ticking = requestAnimationFrame(travel);
    repaint();
  });
  move.classList.add("sg-main");

  const triangle = trianglePicture({
    onMove(net, logits) {
      stay();
      state.set({ [net]: logits });
    },
  });
  const terms = termPicture();
  const root = frame(
    el,
    "objective",
    html("div", { class: "sg-controls" }, lam.el, tau.el, label.el, detach.el),
    html("div", { class: "sg-controls" }, direction.el, weights.el, move),
    html("div", { class: "sg-columns" }, triangle.el, terms.el),
    tryThis(
      "let them move, then drag λ. At 0 each walks to the label alone; the larger λ, the closer the student keeps to the teacher.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    const settings = Object.fromEntries(Object.keys(READERS).map((key) => [key, state.get(key)]));
    lam.show(settings.lam);
    tau.show(settings.tau);
    label.show(settings.label);
    detach.show(settings.detach_teacher);
    direction.show(settings.kl_direction);
    weights.show((value) => Math.abs(value - settings.lam) < 1e-9);
    text(move, travelled > 0 ? "Put them back" : "Let them move");
    const path = journey(settings, travelled);
    const shown = { ...settings, ...path.at(-1) };
    triangle.paint(shown, path);
    terms.paint(shown);
  });
  const state = openState(model, manifest.state, READERS, repaint);
  return () => {
    stay();
    stop();
    state.close();
  };
}

function objectiveOf({ student, teacher, label, lam, tau, detach_teacher: detachTeacher, kl_direction: klDirection }) {
  return selfGuidance(student, teacher, label, { lam, tau, detachTeacher, direction: klDirection });
}

const step = (logits, gradient, size) => logits.map((z, k) => z - size * gradient[k]);
const both = (gradient) => gradient.ce.map((g, k) => g + gradient.distill[k]);

// Where gradient descent on the two logit vectors leads, step by step.
function journey(settings, steps) {
  const path = [{ student: settings.student, teacher: settings.teacher }];
  while (path.length <= steps) {
    const { onStudent, onTeacher } = objectiveOf({ ...settings, ...path.at(-1) });
    path.push({
      student: step(path.at(-1).student, both(onStudent), JOURNEY_STEP),
      teacher: step(path.at(-1).teacher, both(onTeacher), JOURNEY_STEP),
    });
  }
  return path;
}

// Every prediction over three classes is a point of a triangle whose corners are the classes.
function trianglePicture({ onMove }) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  let corners = [];
  const place = (p) => placeIn(corners, p);
  const [boundaries, edge] = ["sg-axis", "sg-outline"].map((name) => svg("path", { class: `sg-line ${name}` }));
  const [names, trails, softened, link, arrows] = [
    svg("g"),
    svg("g"),
    svg("g"),
    svg("path", { class: "sg-line sg-distill sg-link" }),
    svg("g"),
  ];
  const goal = svg("circle", { class: "sg-line sg-label", r: 9 });
  const softName = svg("text", { class: "sg-small sg-halo sg-mid" });
  const points = Object.fromEntries(
    NETS.map((net) => [
      net,
      svg(
        "g",
        { class: `sg-${net}`, role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 },
        svg("circle", { class: "sg-grip", r: 20 }),
        svg("circle", { class: "sg-fill", r: 8 }),
        svg("text", { class: `sg-strong sg-halo sg-mid sg-${net}` }, net),
      ),
    ]),
  );
  drawing.append(
    boundaries,
    edge,
    names,
    goal,
    trails,
    link,
    softened,
    arrows,
    softName,
    points.teacher,
    points.student,
  );

  const position = {};
  for (const net of NETS) {
    handle(points[net], drawing, {
      onMove: (x, y) => onMove(net, logitsAt(x, y, corners)),
      onKey: (dx, dy) => onMove(net, logitsAt(position[net][0] + 4 * dx, position[net][1] - 4 * dy, corners)),
    });
  }

  const paint = (shown, path) => {
    const across = width();
    corners = cornersOf(across);
    size(across, corners[0][1] + 30);
    attr(edge, { d: `M${corners.map(join).join("L")}Z` });
    attr(boundaries, { d: boundariesOf(corners) });
    nameCorners(names, corners, CLASSES, shown.label, across);
    attr(goal, { cx: corners[shown.label][0], cy: corners[shown.label][1] });

    const { onStudent, onTeacher } = objectiveOf(shown);
    const pulls = { student: onStudent, teacher: onTeacher };
    each(
      trails,
      NETS,
      (net) => svg("path", { class: `sg-line sg-trail sg-${net}` }),
      (node, net) => attr(node, { d: curve(path.map((at) => place(softmax(at[net])))) }),
    );

    // What the KL compares: the predictions at temperature tau, on the way from each point to the middle.
    const cooled = NETS.map((net) => place(softmax(shown[net], shown.tau)));
    each(
      softened,
      NETS,
      (net) =>
        svg(
          "g",
          { class: `sg-${net}` },
          svg("path", { class: "sg-line sg-soften" }),
          svg("circle", { class: "sg-hollow", r: 4.5 }),
        ),
      (node, net, i) => {
        const way = Array.from({ length: 13 }, (_, n) => place(softmax(shown[net], shown.tau ** (n / 12))));
        attr(node.firstChild, { d: curve(way) });
        attr(node.lastChild, { cx: cooled[i][0].toFixed(1), cy: cooled[i][1].toFixed(1) });
      },
    );
    attr(link, { d: `M${join(cooled[0])}L${join(cooled[1])}` });
    const apart = distance(...cooled);
    // Beside the line between them, away from the label, where the arrows go.
    const middle = [0, 1].map((axis) => (cooled[0][axis] + cooled[1][axis]) / 2);
    const along = unit([cooled[1][0] - cooled[0][0], cooled[1][1] - cooled[0][1]]);
    const beside = [along[1], -along[0]];
    const side =
      beside[0] * (corners[shown.label][0] - middle[0]) + beside[1] * (corners[shown.label][1] - middle[1]) > 0
        ? -1
        : 1;
    attr(text(softName, apart > 70 && shown.tau > 1.05 ? `at τ = ${fixed(shown.tau, 1)}` : ""), {
      x: clamp(middle[0] + side * beside[0] * 40, 34, across - 34),
      y: middle[1] + side * beside[1] * 14 + 4,
    });

    const kinds = NETS.flatMap((net) => [
      { net, role: "label", name: "CE", gradient: pulls[net].ce },
      { net, role: "distill", name: "KL", gradient: pulls[net].distill },
      // Where only one of the two pulls, it is the sum.
      {
        net,
        role: "sum",
        name: "",
        gradient: norm(pulls[net].distill) > 1e-3 ? both(pulls[net]) : pulls[net].ce.map(() => 0),
      },
    ]);
    const going = Object.fromEntries(
      NETS.map((net) => [net, place(softmax(step(shown[net], both(pulls[net]), ARROW_STEP)))]),
    );
    each(
      arrows,
      kinds,
      ({ role }) =>
        svg(
          "g",
          { class: `sg-arrow sg-${role}` },
          svg("path", { class: "sg-line" }),
          svg("path", { class: "sg-head" }),
          svg("text", { class: "sg-small sg-mid sg-halo" }),
        ),
      (node, { net, name, gradient }) => {
        const way = Array.from({ length: 13 }, (_, n) =>
          place(softmax(step(shown[net], gradient, (ARROW_STEP * n) / 12))),
        );
        const [shaft, head, tip] = arrowAlong(way);
        attr(node.childNodes[0], { d: shaft });
        attr(node.childNodes[1], { d: head });
        const end = way.at(-1);
        const [dx, dy] = unit([tip[0] - end[0], tip[1] - end[1]]);
        // Where the head of the sum is in the way, the name stands on the other side of its arrow.
        const turn = dy * (going[net][0] - end[0]) - dx * (going[net][1] - end[1]) > 0 ? -15 : 15;
        const at =
          distance(tip, going[net]) < 16 && distance(end, going[net]) > 3
            ? [end[0] + turn * dy, end[1] - turn * dx]
            : tip;
        attr(text(node.childNodes[2], distance(way[0], end) > 26 ? name : ""), { x: at[0], y: at[1] + 4 });
      },
    );

    const named = {};
    for (const net of NETS) {
      const p = softmax(shown[net]);
      const [x, y] = (position[net] = place(p));
      // The name stands where the point is not going.
      const away = unit([x - going[net][0], y - going[net][1]]);
      attr(points[net], {
        transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        "aria-label": `${net}’s prediction`,
        "aria-valuenow": Math.round(100 * p[shown.label]),
        "aria-valuetext": said(p),
      });
      const dx = clamp(away[0] * 40, 30 - x, across - 30 - x);
      named[net] = [dx, away[1] * 19 + 4 + (Math.abs(away[0]) > 0.8 ? 0 : Math.sign(away[1]) * 4)];
    }
    // The student lies on top: where its name would cover the teacher's, that one moves up.
    const gap = [0, 1].map(
      (axis) => position.teacher[axis] + named.teacher[axis] - position.student[axis] - named.student[axis],
    );
    if (Math.abs(gap[0]) < 56 && Math.abs(gap[1]) < 17) named.teacher[1] -= 17 + gap[1];
    const [ring] = radiiOf([position.teacher, position.student], 8);
    attr(points.teacher.querySelector(".sg-fill"), { r: ring.toFixed(1) });
    for (const net of NETS) attr(points[net].lastChild, { x: named[net][0], y: named[net][1] });
    attr(drawing, {
      "aria-label":
        `Predictions in a triangle of three classes, label ${CLASSES[shown.label]}. Student: ${said(softmax(shown.student))}. ` +
        `Teacher: ${said(softmax(shown.teacher))}.`,
    });
  };
  return { el, paint };
}

// The sum of Eq. 5, term by term.
function termPicture() {
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

const said = (p) => p.map((share, k) => `${CLASSES[k]} ${percent(share)}`).join(", ");

export default { render };
