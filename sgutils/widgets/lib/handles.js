// What can be taken hold of in a picture, by pointer and by keyboard.

import { attr } from "./dom.js";

// Follows the pointer once it is pressed on a node: `onMove(x, y)` in the picture's own units.
export function draggable(node, drawing, onMove) {
  node.classList.add("sg-movable");
  const at = (event) => {
    const matrix = drawing.getScreenCTM();
    onMove((event.clientX - matrix.e) / matrix.a, (event.clientY - matrix.f) / matrix.d);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    at(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) at(event);
  });
}

// Makes a node a handle for pointer and keyboard: `onKey(dx, dy)` gets arrow keys as steps (y up), ten at once with
// Shift or the page keys.
export function handle(node, drawing, { onMove, onKey }) {
  attr(node, { tabindex: 0 });
  draggable(node, drawing, onMove);
  node.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const times = event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1;
    onKey(step[0] * times, step[1] * times);
  });
}

// By how much a key moves a thing to the right and up.
export const KEYS = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  PageUp: [0, 10],
  PageDown: [0, -10],
  End: [0, 1000],
  Home: [0, -1000],
};
