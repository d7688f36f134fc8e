// A journey in steps that a picture shows moving: played, halted, taken on or put back.

import { reducedMotion } from "./preferences.js";

// The whole of it takes `seconds`; where motion is unwelcome its end comes at once. `repaint()` says that `at()` changed.
export function traveller({ steps, seconds, repaint }) {
  let [at, started, ticking] = [0, null, null];
  const move = (now) => {
    started ??= now - (1000 * seconds * at) / steps;
    at = Math.min(steps, Math.ceil((steps * (now - started)) / (1000 * seconds)));
    ticking = at < steps ? requestAnimationFrame(move) : null;
    repaint();
  };
  const halt = () => {
    cancelAnimationFrame(ticking);
    [started, ticking] = [null, null];
  };
  return {
    at: () => at,
    isMoving: () => ticking !== null,
    isThere: () => at === steps,
    go() {
      if (reducedMotion()) at = steps;
      else ticking = requestAnimationFrame(move);
      repaint();
    },
    halt() {
      halt();
      repaint();
    },
    // Some steps further, at once.
    skip(more) {
      halt();
      at = Math.min(steps, at + more);
      repaint();
    },
    // To where the journey begins.
    back() {
      halt();
      at = 0;
      repaint();
    },
    stop: halt,
  };
}
