// The playground's data: two that are drawn in the plane, and handwritten digits.

import digits from "../lib/digits.json";
import { randomNumbers } from "../lib/math.js";
import { normal } from "./network.js";

const POINTS = 320; // for training, and as many for the test

// { inputs, classes, train: { x, y }, test: { x, y } }; x one example after the other, numbers of about unit size.
export function createData(name, seed) {
  if (name === "digits")
    return { inputs: 64, classes: 10, train: readDigits(digits.train), test: readDigits(digits.test) };
  const random = randomNumbers(8 * seed);
  const draw = name === "spirals" ? spiral : ring;
  const points = () => {
    const [x, y] = [new Float64Array(2 * POINTS), new Uint8Array(POINTS)];
    for (let n = 0; n < POINTS; n += 1) {
      y[n] = n % 3;
      x.set(draw(y[n], random), 2 * n);
    }
    return { x, y };
  };
  return { inputs: 2, classes: 3, train: points(), test: points() };
}

// The plane that is shown reaches so far from 0 in each direction.
export const REACH = 2;

// Three arms, each once around and a quarter.
function spiral(arm, random) {
  const along = Math.sqrt(0.03 + 0.97 * random());
  const angle = 2 * Math.PI * (arm / 3 + 1.25 * along) + 0.16 * normal(random);
  return [REACH * 0.9 * along * Math.cos(angle), REACH * 0.9 * along * Math.sin(angle)];
}

// Three rings, one around the other.
function ring(which, random) {
  const radius = 0.15 + 0.33 * which + 0.045 * normal(random);
  const angle = 2 * Math.PI * random();
  return [REACH * radius * Math.cos(angle), REACH * radius * Math.sin(angle)];
}

// One letter a pixel, a for paper to q for ink (16), and one figure a label.
function readDigits({ pixels, labels }) {
  return {
    x: Float64Array.from(pixels, (letter) => (letter.charCodeAt(0) - 97) / 8 - 0.6), // about centred, of about unit size
    y: Uint8Array.from(labels, Number),
  };
}
