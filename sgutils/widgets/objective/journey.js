// Where training leads: gradient descent with momentum on the weights that teacher and student share.

import { combined, gradientsOf, logitsOf, networkWith, stateOf } from "./network.js";

export const STEPS = 160;
const [RATE, MOMENTUM] = [0.06, 0.9];
// Logits beyond this have run away: the journey ends there.
export const LOST = 500;

// The places on the way, the first as the state has it: { net, student, teacher, largest, right }; fewer than `steps` + 1
// where the logits ran away.
export function journey(settings, steps) {
  const first = networkWith(settings);
  const path = [placeOf(first, settings.label)];
  let velocity = combined(first, -1, first);
  while (path.length <= steps && path.at(-1).largest < LOST) {
    const { net } = path.at(-1);
    const { ce, distill } = gradientsOf(net, settings);
    velocity = combined(combined(combined(velocity, MOMENTUM - 1, velocity), -RATE, ce), -RATE, distill);
    path.push(placeOf(combined(net, 1, velocity), settings.label));
  }
  return path;
}

export const isLost = (path) => !(path.at(-1).largest < LOST);

function placeOf(net, label) {
  return { net, student: logitsOf(net, label, "student"), teacher: logitsOf(net, label, "teacher"), ...stateOf(net) };
}

// The way that the predictions would go from a place, by one term of the objective alone or by both: a few points of it.
export function wayOf({ net }, gradient, label, name, points, reach) {
  return Array.from({ length: points }, (_, n) =>
    logitsOf(combined(net, (-reach * n) / (points - 1), gradient), label, name),
  );
}
