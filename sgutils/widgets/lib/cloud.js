// Points of several networks on one map: a mark a point, a line between the marks of one image, the image on the pointer.

import { attr, each, html, svg, text } from "./dom.js";
import { thumbnail } from "./thumbnail.js";

// How far from a point the pointer still means it, the margin for what hangs over the edge, and the side of an image.
const [REACH, MARGIN, PHOTO] = [16, 16, 44];
const CAPTION = 76; // as wide as an image's name may be

// One mark a network: points of a path are dots or squares by the ends of their strokes; the hollow ones are drawn twice.
const MARKS = ["dot", "ring", "square"];

// `choose(i)` is called when image i is meant: { sure } when it was clicked or tapped, not only passed over; null when left.
export function cloud(group, { side, classes, choose }) {
  const drawing = group.ownerSVGElement;
  const lines = svg("path", { class: "sg-ties" });
  const marks = svg("g");
  const names = svg("g");
  const tie = svg("path", { class: "sg-tie" });
  const rings = svg("g");
  const photo = thumbnail(null, side, PHOTO);
  const frameOfPhoto = svg("rect", { class: "sg-photo-frame", width: PHOTO + 4, height: PHOTO + 4, rx: 4 });
  const caption = svg("text", { class: "sg-small sg-strong sg-halo" });
  group.append(lines, marks, names, tie, rings, frameOfPhoto, photo, caption);
  let at = null; // image -> places of its points, in the drawing

  const nearest = (event) => {
    if (!at) return null;
    // In the picture's own units, also on a slide, which is enlarged as a whole.
    const { a, d, e, f } = drawing.getScreenCTM();
    const [left, top] = [(event.clientX - e) / a, (event.clientY - f) / d];
    let [best, found] = [REACH ** 2, null];
    at.forEach((places, i) =>
      places.forEach(([x, y]) => {
        const apart = (x - left) ** 2 + (y - top) ** 2;
        if (apart < best) [best, found] = [apart, i];
      }),
    );
    return found;
  };
  drawing.addEventListener(
    "pointermove",
    (event) => event.pointerType === "mouse" && choose(nearest(event), { sure: false }),
  );
  drawing.addEventListener("pointerleave", () => choose(null, { sure: false }));
  drawing.addEventListener("click", (event) => {
    const i = nearest(event);
    if (i !== null) choose(i, { sure: true });
  });

  // `y` holds the points network by network, image by image; `roles` names the networks; `byClass` is what colours them.
  return function paint({ y, labels, roles, byClass, across, down, image, pixels }) {
    const place = fit(y, across, down);
    const count = labels.length;
    at = labels.map((_, i) => roles.map((__, k) => place(k * count + i)));
    attr(lines, {
      d: at.map((places) => `M${places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join("L")}`).join(""),
    });
    // Painted network by network; the full network's marks come last, on top.
    const groups = roles
      .flatMap((role, k) => classes.flatMap((_, c) => markPaths(k).map((part) => ({ role, k, c, part }))))
      .reverse();
    each(
      marks,
      groups,
      () => svg("path"),
      (node, { role, k, c, part }) =>
        attr(node, {
          class: `sg-marks sg-${part} ${byClass ? `sg-class-${c}` : `sg-${role}`}`,
          d:
            at
              .map((places, i) => (labels[i] === c ? `M${places[k][0].toFixed(1)},${places[k][1].toFixed(1)}h0` : ""))
              .join("") || "M0,0",
        }),
    );
    paintNames(labels, byClass, across, paintChosen(image, labels, roles, byClass, pixels, across));
  };

  // A class has its name in the middle of its points, unless something else is written there already.
  function paintNames(labels, byClass, across, photoAt) {
    const taken = [];
    each(
      names,
      classes,
      () => svg("text", { class: "sg-mid" }),
      (node, name, c) => {
        const own = at.filter((_, i) => labels[i] === c).map(([first]) => first);
        const [x, y] = own.length ? [0, 1].map((axis) => median(own.map((point) => point[axis]))) : [-1000, -1000];
        const near = own.filter((point) => Math.hypot(point[0] - x, point[1] - y) < 60).length;
        const [left, top] = [Math.min(across - 36, Math.max(36, x)), y - 12];
        const free =
          near > own.length / 2 &&
          taken.every(([a, b]) => Math.abs(a - left) > 68 || Math.abs(b - top) > 15) &&
          (Math.abs(left - photoAt[0]) > PHOTO / 2 + 36 || Math.abs(top - photoAt[1]) > PHOTO / 2 + 20);
        if (free) taken.push([left, top]);
        attr(text(node, name), {
          x: left.toFixed(1),
          y: top.toFixed(1),
          class: `sg-mid sg-halo sg-strong sg-name-of ${byClass ? `sg-class-${c}` : ""}`,
          visibility: free ? null : "hidden",
        });
      },
    );
  }

  // Returns where the image is.
  function paintChosen(image, labels, roles, byClass, pixels, across) {
    const places = at[image];
    attr(tie, { d: `M${places.map((point) => point.map((v) => v.toFixed(1)).join()).join("L")}` });
    each(
      rings,
      places,
      () => svg("circle", { r: 7, class: "sg-chosen" }),
      (node, [x, y], k) =>
        attr(node, {
          cx: x.toFixed(1),
          cy: y.toFixed(1),
          class: `sg-chosen ${byClass ? `sg-class-${labels[image]}` : `sg-${roles[k]}`}`,
        }),
    );
    const [x, y] = places[0];
    const right = x + PHOTO + 24 < across;
    const [left, top] = [right ? x + 14 : x - PHOTO - 14, Math.max(4, y - PHOTO - 10)];
    photo.show(pixels);
    attr(photo, { x: left.toFixed(1), y: top.toFixed(1) });
    attr(frameOfPhoto, { x: (left - 2).toFixed(1), y: (top - 2).toFixed(1) });
    const fits = right && left + CAPTION < across; // it may be longer than the image above it
    attr(text(caption, classes[labels[image]]), {
      x: (left + (fits ? 0 : PHOTO)).toFixed(1),
      y: (top + PHOTO + 15).toFixed(1),
      "text-anchor": fits ? "start" : "end",
    });
    return [left + PHOTO / 2, top + PHOTO / 2 + 8];
  }
}

// Which mark is which network's.
export function paintLegend(el, networks, roles, byClass) {
  each(
    el,
    networks,
    () => html("span", {}, svg("svg", { width: 14, height: 14, "aria-hidden": true }), html("b")),
    (node, name, k) => {
      each(
        node.firstChild,
        markPaths(k).reverse(),
        () => svg("path", { d: "M7,7h0" }),
        (path, part) =>
          attr(path, {
            class: `sg-marks sg-${part} ${byClass ? "sg-any" : `sg-${roles[k]}`}`,
          }),
      );
      text(node.lastChild, name);
    },
  );
}

// Which colour is which class's, also of those whose names find no room on the map.
export function paintClasses(el, classes, byClass) {
  attr(el, { style: byClass ? null : "visibility: hidden" }); // its room stays, so that nothing below it jumps
  each(
    el,
    classes,
    () =>
      html(
        "span",
        {},
        svg("svg", { width: 10, height: 10, "aria-hidden": true }, svg("path", { d: "M5,5h0" })),
        html("span"),
      ),
    (node, name, c) => {
      attr(node.firstChild.firstChild, { class: `sg-marks sg-class-${c}` });
      text(node.lastChild, name);
    },
  );
}

function markPaths(network) {
  const mark = MARKS[Math.min(network, MARKS.length - 1)];
  return mark === "dot" ? ["dot"] : [`${mark}-hole`, mark];
}

// From a map's own coordinates to the drawing's: all points in sight, one unit as long across as down.
function fit(y, across, down) {
  const [low, high] = [
    [Infinity, Infinity],
    [-Infinity, -Infinity],
  ];
  for (let k = 0; k < y.length; k += 1) {
    low[k % 2] = Math.min(low[k % 2], y[k]);
    high[k % 2] = Math.max(high[k % 2], y[k]);
  }
  const scale = Math.min(
    (across - 2 * MARGIN) / (high[0] - low[0] || 1),
    (down - 2 * MARGIN) / (high[1] - low[1] || 1),
  );
  return (i) => [
    across / 2 + (y[2 * i] - (low[0] + high[0]) / 2) * scale,
    down / 2 + (y[2 * i + 1] - (low[1] + high[1]) / 2) * scale,
  ];
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
