// The two predictions in the triangle of the classes, and what pulls them.

import { attr, each, picture, svg, text } from "../lib/dom.js";
import { handle } from "../lib/handles.js";
import { clamp, norm, softmax } from "../lib/math.js";
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
import { fixed, percent } from "../lib/words.js";
import { ARROW_STEP, both, CLASSES, NETS, objectiveOf, step } from "./journey.js";

// Every prediction over three classes is a point of a triangle whose corners are the classes.
export function trianglePicture({ onMove }) {
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

const said = (p) => p.map((share, k) => `${CLASSES[k]} ${percent(share)}`).join(", ");
