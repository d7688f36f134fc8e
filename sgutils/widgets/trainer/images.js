// What the page trains on, by name: { side, classes, train: { x, y }, test: { x, y }, pixels }. x is normalised as sgutils
// does it, to zero mean and a standard deviation of 1 over the training images; `pixels(i)` is a test image as it was.

import digits from "../lib/digits.json";
import { DATASETS } from "./datasets.js";

// `bytes` is the file that `images.py` makes; the digits are here already.
export function readImages(name, bytes) {
  const { side, train: count, test: tests } = DATASETS[name];
  const size = side * side;
  const parts = name === "digits" ? [digits.train, digits.test].map(fromText) : fromBytes(bytes, [count, tests], size);
  const [mean, std] = meanAndStd(parts[0].pixels);
  const [train, test] = parts.map(({ pixels, y }) => ({
    x: Float32Array.from(pixels, (value) => (value - mean) / std),
    y,
  }));
  return {
    ...DATASETS[name],
    mean,
    std,
    train,
    test,
    pixels: (i) => parts[1].pixels.subarray(i * size, (i + 1) * size),
  };
}

function fromBytes(bytes, counts, size) {
  if (bytes.length !== (counts[0] + counts[1]) * (1 + size)) throw new Error("the images are damaged");
  let from = 0;
  const take = (length) => {
    from += length;
    return bytes.subarray(from - length, from);
  };
  return counts.map((count) => ({ y: take(count), pixels: take(count * size) }));
}

// One letter a pixel, a for paper to q for ink (16), and one figure a label.
function fromText({ pixels, labels }) {
  return {
    y: Uint8Array.from(labels, Number),
    pixels: Uint8Array.from(pixels, (letter) => Math.round(((letter.charCodeAt(0) - 97) * 255) / 16)),
  };
}

function meanAndStd(values) {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt((squares - sum * mean) / (values.length - 1))];
}
