// The whole idea in one picture: a network, a student drawn from it, their two predictions for an image, the pull of the
// one on the other, and the label's on both. Every prediction was recorded from a trained network.

import {
  attr,
  button,
  choice,
  each,
  fixed,
  formula,
  frame,
  html,
  painter,
  percent,
  picture,
  reducedMotion,
  svg,
  switchRow,
  text,
  thumbnail,
  tryThis,
} from "../lib/dom.js";
import { crossEntropy, distillationKl, randomNumbers, sampleGates, softmax, sum } from "../lib/math.js";
import { flag, gateString, openState, wholeNumber } from "../lib/state.js";
import manifest from "./overview.json";
import { readRecording } from "./recording.js";

// A student is on show for so long, and a pulse takes so long from the image to the prediction (milliseconds).
const [SHOW, PULSE] = [3600, 1300];

const READERS = { image: wholeNumber(0, 1000), gates: gateString, playing: flag };

function render({ model, el }) {
  const recording = readRecording(model.get("recording"));
  if (recording === null) {
    frame(
      el,
      "overview",
      html("p", {}, "This picture needs its recording of a trained network, and there is none here."),
    );
    return () => {};
  }
  const random = randomNumbers(6);
  const imageOf = () => state.get("image") % recording.images.length;

  // `gates` is the student in the row; the prediction follows when the pulse has arrived with `arrived`.
  let [gates, byHand] = [sampleGates(recording.survival, random), false];
  let [arrived, begun, ticking, timer, seen] = [gates, null, null, null, true];
  const show = (next, { at = "once", hand = false } = {}) => {
    [gates, byHand] = [next, hand];
    cancelAnimationFrame(ticking);
    [begun, ticking] = [null, null];
    if (at === "pulse" && !reducedMotion()) ticking = requestAnimationFrame(tick);
    else arrived = gates;
    repaint();
  };
  const tick = (now) => {
    begun ??= now;
    const way = (now - begun) / PULSE;
    scene.pulse(Math.min(1, way));
    if (way < 1) {
      ticking = requestAnimationFrame(tick);
    } else {
      [ticking, arrived] = [null, gates];
      repaint();
    }
  };
  const draw = () => show(sampleGates(recording.survival, random), { at: "pulse" });
  const schedule = () => {
    clearTimeout(timer);
    if (playing() && seen) timer = setTimeout(() => (draw(), schedule()), SHOW);
  };
  // Where motion is unwelcome it starts by hand only.
  let started = !reducedMotion();
  const playing = () => started && state.get("playing");
  const play = (on) => {
    started = on;
    if (on) draw();
    tell({ playing: on });
    schedule();
  };

  const scene = scenePicture(recording, (l) => {
    play(false);
    keep(
      gates.map((gate, i) => (i === l ? 1 - gate : gate)),
      { hand: true },
    );
  });
  // `state` hears of the student on show when a hand does something, not while the picture plays on: `known` is what it
  // last held, and only another one comes from outside.
  let known = null;
  const tell = (changes) => {
    known = gates.join("");
    state.set({ ...changes, gates: known });
  };
  const keep = (next, how) => {
    show(next, how);
    tell({});
  };
  const follow = () => {
    const shared = state.get("gates");
    if (shared === known) return;
    known = shared;
    if (shared.length === gates.length) show([...shared].map(Number));
  };
  const another = button("Draw another student", () => {
    keep(sampleGates(recording.survival, random), { at: "pulse" });
    schedule();
  });
  another.classList.add("sg-main");
  const pause = button("Pause", () => play(!playing()));
  const images = choice({
    label: "image",
    options: recording.images.map((image, i) => [
      i,
      recording.classes[image.label],
      thumbnail(image.pixels, recording.side, 34),
    ]),
    onChange: (i) => tell({ image: i }),
  });

  const root = frame(
    el,
    "overview",
    scene.el,
    html("div", { class: "sg-controls" }, html("div", { class: "sg-buttons" }, another, pause), images.el),
    tryThis(
      "click a block of the student to run it or skip it, and see how far its prediction falls from the teacher’s.",
    ),
  );

  const [repaint, stop] = painter(root, () => {
    text(pause, playing() ? "Pause" : "Play");
    images.show(imageOf());
    scene.paint(recording.images[imageOf()], { gates, arrived, byHand });
  });
  const state = openState(model, manifest.state, READERS, () => {
    follow();
    schedule();
    repaint();
  });
  follow();
  // Nothing moves where nobody looks.
  const watcher = new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting;
    schedule();
  });
  watcher.observe(root);
  if (playing()) show(gates, { at: "pulse" });
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(ticking);
    watcher.disconnect();
    stop();
    state.close();
  };
}

function scenePicture(recording, onToggle) {
  const { el, svg: drawing, size, width } = picture({ handles: true });
  const blocks = recording.survival.length;
  const wires = Object.fromEntries(
    ["teacher", "student"].map((net) => [net, svg("path", { class: `sg-line sg-wire-${net} sg-${net}` })]),
  );
  const photo = thumbnail(null, recording.side, 1);
  const label = svg("text", { class: "sg-label sg-strong" });
  const bonds = svg("g");
  const bond = svg("text", { class: "sg-small sg-soft sg-mid sg-halo" }, "the same weights");
  const titles = { teacher: svg("text"), student: svg("text") };
  titles.teacher.append(svg("tspan", { class: "sg-teacher sg-strong" }, "Teacher: "), "the whole network");
  const weighted = svg("tspan", {}, ", blocks weighted by ", ...formula("p_l"));
  titles.teacher.append(weighted);
  const drawn = svg("tspan");
  titles.student.append(svg("tspan", { class: "sg-student sg-strong" }, "Student: "), drawn);
  const full = svg("g", { class: "sg-teacher" });
  const sub = switchRow({ name: (l) => `block ${l + 1} of the student`, onToggle });
  sub.node.classList.add("sg-student");
  const pulses = Object.fromEntries(
    ["teacher", "student"].map((net) => [
      net,
      svg("circle", { class: `sg-pulse sg-fill sg-${net}`, r: 5, visibility: "hidden" }),
    ]),
  );
  const pull = svg(
    "g",
    { class: "sg-distill sg-pull" },
    svg("path", { class: "sg-line" }),
    svg("path", { class: "sg-head" }),
    svg("text", { class: "sg-halo sg-strong sg-distill" }),
  );
  const [chart, goal] = [svg("g"), svg("rect", { class: "sg-line sg-label sg-goal" })];
  const losses = svg("text", { class: "sg-small sg-end" });
  drawing.append(
    ...Object.values(wires),
    photo,
    label,
    bonds,
    bond,
    titles.teacher,
    titles.student,
    full,
    sub.node,
    ...Object.values(pulses),
    pull,
    goal,
    chart,
    losses,
  );

  const paint = (image, { gates, arrived, byHand }) => {
    const across = width();
    const place = across >= 600 ? wideLayout(across) : narrowLayout(across);
    size(across, place.height);
    const { left, right, teacherY, studentY } = place;
    const pitch = (right - left) / blocks;
    const middle = (l) => left + pitch * (l + 0.5);
    const side = Math.min(28, pitch - 8);
    attr(wires.teacher, { d: place.wire(teacherY, 0) });
    attr(wires.student, { d: place.wire(studentY, 1) });
    photo.show(image.pixels);
    attr(photo, { x: place.photo.x, y: place.photo.y, width: place.photo.side, height: place.photo.side });
    attr(text(label, `label: ${recording.classes[image.label]}`), { ...place.label });
    attr(titles.teacher, { x: left - 4, y: teacherY - 30 });
    const roomy = across >= 820;
    attr(weighted, { display: roomy ? null : "none" });
    attr(titles.student, { x: left - 4, y: studentY - 30 });
    const how = byHand ? ", by hand" : right - left > 270 ? ", drawn at random" : ", at random";
    text(drawn, `${sum(gates)} of ${blocks} blocks${right - left > 210 ? how : ""}`);
    each(
      full,
      recording.survival,
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
      recording.survival,
      () => svg("line", { class: "sg-bond" }),
      (node, _, l) =>
        attr(node, {
          x1: middle(l),
          x2: middle(l),
          y1: teacherY + side / 2 + 3,
          y2: studentY - 44,
        }),
    );
    attr(bond, {
      x: left + (right - left) * (place.pull.anchor === "end" ? 0.3 : 0.5),
      y: (teacherY + studentY) / 2 - 8,
    });
    sub.paint(gates, (l) => ({ x: middle(l), y: studentY, side, pitch }));

    const [teacher, student] = [image.teacher, image.students(arrived)];
    const kl = distillationKl(student, teacher, 1);
    paintPull(kl, place.pull);
    const p = { teacher: softmax(teacher), student: softmax(student) };
    paintChart(p, image.label, place.chart);
    const best = (net) => recording.classes[p[net].indexOf(Math.max(...p[net]))];
    losses.replaceChildren(
      svg("tspan", { class: "sg-label sg-strong" }, across < 280 ? "CE" : "cross-entropy"),
      roomy ? " with the label: " : ": ",
      svg("tspan", { class: "sg-teacher sg-strong" }, `teacher ${fixed(crossEntropy(teacher, image.label), 2)}`),
      ", ",
      svg("tspan", { class: "sg-student sg-strong" }, `student ${fixed(crossEntropy(student, image.label), 2)}`),
    );
    attr(losses, { x: across, y: place.chart.y + recording.classes.length * place.chart.pitch + 16 });
    attr(drawing, {
      "aria-label":
        `An image of class ${recording.classes[image.label]}. The teacher says ${best("teacher")}, ${percent(Math.max(...p.teacher))}; ` +
        `a student with ${sum(arrived)} of ${blocks} blocks says ${best("student")}, ${percent(Math.max(...p.student))}; the KL between them is ${fixed(kl, 2)}.`,
    });
  };

  const paintPull = (kl, { x, from, to, anchor, short }) => {
    const [line, head, value] = pull.childNodes;
    const thick = Math.min(9, 1.5 + 3.5 * Math.sqrt(kl));
    const tip = to + (from > to ? 1 : -1) * 4;
    const neck = tip + (from > to ? 1 : -1) * (8 + thick);
    attr(line, { d: `M${x},${from}V${neck}`, style: `stroke-width: ${thick.toFixed(1)}px` });
    attr(head, { d: `M${x},${tip}L${x - 5 - thick},${neck}H${x + 5 + thick}Z` });
    const beside = x + (anchor === "end" ? -14 - thick / 2 : 14 + thick / 2);
    attr(text(value, `${short ? "" : "pull: "}KL ${fixed(kl, 2)}`), {
      x: beside,
      y: (from + to) / 2 - (anchor === "end" ? 8 : 0),
      "text-anchor": anchor,
    });
  };

  // Two bars a class; the outline is where the label pulls both.
  const paintChart = (p, labelled, { x, y, pitch, width: room }) => {
    const names = 80;
    const scale = room - names - 44;
    const tops = Object.fromEntries(["teacher", "student"].map((net) => [net, p[net].indexOf(Math.max(...p[net]))]));
    attr(goal, { x: x + names - 2.5, y: y + labelled * pitch - 0.5, width: scale + 5, height: pitch, rx: 4 });
    each(
      chart,
      recording.classes,
      () =>
        svg(
          "g",
          {},
          svg("text", { class: "sg-end" }),
          ...["teacher", "student"].flatMap((net) => [
            svg("rect", { class: `sg-fill sg-share sg-${net}` }),
            svg("text", { class: `sg-tiny sg-${net} sg-strong` }),
          ]),
        ),
      (node, name, k) => {
        const [said, ...bars] = node.childNodes;
        const top = y + k * pitch;
        attr(text(said, name), {
          x: x + names - 8,
          y: top + pitch / 2 + 4,
          class: k === labelled ? "sg-end sg-label sg-strong" : "sg-end sg-soft",
        });
        ["teacher", "student"].forEach((net, i) => {
          const [bar, value] = [bars[2 * i], bars[2 * i + 1]];
          const thick = (pitch - 6) / 2;
          attr(bar, {
            x: x + names,
            y: top + 2 + i * (thick + 1),
            height: thick,
            width: Math.max(1, p[net][k] * scale),
          });
          attr(text(value, tops[net] === k ? percent(p[net][k]) : ""), {
            x: x + names + (k === labelled ? scale + 8 : p[net][k] * scale + 5),
            y: top + 2 + i * (thick + 1) + thick / 2 + 4,
          });
        });
      },
    );
  };

  const pulse = (way) => {
    if (!wires.teacher.hasAttribute("d")) return; // not painted yet
    for (const [net, dot] of Object.entries(pulses)) {
      const path = wires[net];
      const at = path.getPointAtLength(way * path.getTotalLength());
      attr(dot, { cx: at.x.toFixed(1), cy: at.y.toFixed(1), visibility: way > 0 && way < 1 ? null : "hidden" });
    }
  };
  return { el, paint, pulse };
}

// Image left, network in the middle, predictions right; in a book's column with fewer words.
function wideLayout(across) {
  const short = across < 820;
  const [photo, teacherY, studentY] = [short ? 88 : 116, 62, 196];
  const left = photo + (short ? 40 : 52);
  const chartWidth = short ? 250 : Math.min(360, across * 0.36);
  const right = across - chartWidth - (short ? 88 : 126);
  const middle = (teacherY + studentY) / 2;
  const chart = { x: across - chartWidth, y: 4, pitch: 25, width: chartWidth };
  return {
    height: 276,
    left,
    right,
    teacherY,
    studentY,
    chart,
    short,
    photo: { x: 0, y: middle - photo / 2, side: photo },
    label: { x: short ? 0 : photo / 2, y: middle + photo / 2 + 20, "text-anchor": short ? "start" : "middle" },
    wire: (y) => `M${photo},${middle}C${photo + 30},${middle} ${left - 42},${y} ${left - 6},${y}H${chart.x}`,
    pull: { x: right + (short ? 14 : 22), from: studentY - 14, to: teacherY + 14, anchor: "start", short },
  };
}

// The same from top to bottom.
function narrowLayout(across) {
  const [photo, teacherY, studentY] = [72, 126, 222];
  const [left, right] = [20, across - 44];
  const chart = { x: 0, y: 254, pitch: 24, width: across };
  return {
    height: chart.y + 10 * chart.pitch + 24,
    left,
    right,
    teacherY,
    studentY,
    chart,
    short: false,
    photo: { x: 0, y: 0, side: photo },
    label: { x: photo + 14, y: 40, "text-anchor": "start" },
    wire(y, inner) {
      const [down, out] = [inner ? 4 : 10, inner ? across - 10 : across - 4];
      return `M${down},${photo}V${y - 8}Q${down},${y} ${down + 8},${y}H${out - 8}Q${out},${y} ${out},${y + 8}V${chart.y - 4}`;
    },
    pull: { x: across - 26, from: studentY - 8, to: teacherY + 8, anchor: "end", short: across < 280 },
  };
}

export default { render };
