// A small grey image that can be drawn upon, by mouse, finger or keyboard.

import { button, choice } from "../lib/controls.js";
import { attr, html, svg } from "../lib/dom.js";
import { thumbnail } from "../lib/thumbnail.js";

// What the pen leaves around its middle: full, then half.
const PEN = [
  [0, 0, 255],
  [1, 0, 255],
  [0, 1, 255],
  [1, 1, 255],
  [-1, 0, 110],
  [0, -1, 110],
  [2, 0, 110],
  [0, 2, 110],
  [-1, 1, 110],
  [1, -1, 110],
  [2, 1, 110],
  [1, 2, 110],
];

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };

// `onDraw(pixels)` gets a new image at every stroke. Nothing can be drawn before `open()`.
export function drawingPad({ side, onDraw }) {
  const photo = thumbnail(null, side, 1);
  attr(photo, { width: "100%", height: "100%" });
  const pen = svg("rect", { class: "sg-live-pen", width: 2 / side, height: 2 / side, visibility: "hidden" });
  photo.append(pen);
  const sheet = html("div", { class: "sg-live-sheet", role: "img" }, photo);
  const tools = html("div", { class: "sg-live-tools" });
  let [pixels, rubbing, at, before] = [null, false, [13, 13], null];

  const dab = (x, y) => {
    for (const [dx, dy, strength] of PEN) {
      const [column, row] = [x + dx, y + dy];
      if (column < 0 || row < 0 || column >= side || row >= side) continue;
      const i = row * side + column;
      pixels[i] = rubbing ? (strength === 255 ? 0 : pixels[i]) : Math.max(pixels[i], strength);
    }
  };
  // A line from where the pen was: fast hands skip pixels.
  const stroke = (x, y) => {
    pixels = pixels.slice();
    const [fromX, fromY] = before ?? [x, y];
    const steps = Math.max(1, Math.abs(x - fromX), Math.abs(y - fromY));
    for (let i = 0; i <= steps; i += 1)
      dab(Math.round(fromX + ((x - fromX) * i) / steps), Math.round(fromY + ((y - fromY) * i) / steps));
    before = [x, y];
    onDraw(pixels);
  };
  const spot = ({ clientX, clientY }) => {
    const box = sheet.getBoundingClientRect();
    return [
      Math.floor(((clientX - box.left) / box.width) * side),
      Math.floor(((clientY - box.top) / box.height) * side),
    ];
  };
  const showPen = (seen) => attr(pen, { x: at[0] / side, y: at[1] / side, visibility: seen ? null : "hidden" });

  const pens = choice({
    label: "pen",
    options: [
      [false, "draw"],
      [true, "erase"],
    ],
    onChange(value) {
      rubbing = value;
    },
  });
  pens.show(false);

  const open = () => {
    if (tools.childNodes.length) return;
    tools.append(
      pens.el,
      button("Clear", () => onDraw(new Uint8Array(side * side))),
    );
    attr(sheet, { role: "application", tabindex: 0, class: "sg-live-sheet sg-live-open" });
    sheet.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      sheet.setPointerCapture(event.pointerId);
      before = null;
      stroke(...spot(event));
    });
    sheet.addEventListener("pointermove", (event) => {
      if (sheet.hasPointerCapture(event.pointerId)) stroke(...spot(event));
    });
    sheet.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key in ARROWS) at = at.map((value, i) => Math.min(side - 2, Math.max(0, value + ARROWS[event.key][i])));
      else if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      // With Shift the pen stays down while it moves.
      if (!(event.key in ARROWS) || event.shiftKey) {
        before = null;
        stroke(...at);
      }
      showPen(true);
    });
    sheet.addEventListener("blur", () => showPen(false));
  };

  return {
    sheet,
    tools,
    open,
    show(next, words) {
      pixels = next;
      photo.show(next);
      attr(sheet, {
        "aria-label": tools.childNodes.length ? `${words}; the arrow keys move a pen, Space draws` : words,
      });
    },
  };
}

// A drawing as text for an address: half a byte a pixel, in base64.
export function packed(pixels) {
  let content = "";
  for (let i = 0; i < pixels.length; i += 2)
    content += String.fromCharCode(16 * Math.round(pixels[i] / 17) + Math.round(pixels[i + 1] / 17));
  return btoa(content);
}

// Back again; undefined where its number of pixels is another.
export function unpacked(text, count) {
  try {
    const content = atob(text);
    if (content.length !== count / 2) return undefined;
    return Uint8Array.from({ length: count }, (_, i) => 17 * ((content.charCodeAt(i >> 1) >> (i % 2 ? 0 : 4)) & 15));
  } catch {
    return undefined;
  }
}
