// What a network answers: regions of the plane, or test digits.

import { html } from "../lib/dom.js";
import { mark } from "./canvas.js";

// Every tile in the colours of the classes, by their probabilities; then the test points.
export function paintPlane(context, size, answers, { classes, x, y, reach }, { inks, shares, paper, surface }, small) {
  const side = Math.sqrt(answers.length / classes);
  const tiles = html("canvas", { width: side, height: side });
  const image = new ImageData(side, side);
  for (let i = 0; i < side * side; i += 1) {
    let [red, green, blue, whole] = [0, 0, 0, 0];
    for (let k = 0; k < classes; k += 1) {
      const p = answers[i * classes + k] ** 2; // squared, the border between two classes is narrower
      whole += p;
      red += p * shares[k][0];
      green += p * shares[k][1];
      blue += p * shares[k][2];
    }
    const mixed = [red, green, blue].map((value, channel) => 0.52 * (value / whole) + 0.48 * paper[channel]);
    image.data.set([...mixed, 255], 4 * i);
  }
  tiles.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(tiles, 0, 0, size, size);
  if (small) return;
  const at = (value) => ((value / reach + 1) / 2) * size;
  const radius = Math.max(1.8, size / 95);
  for (let n = 0; n < y.length; n += 1) {
    mark(context, y[n], at(x[2 * n]), size - at(x[2 * n + 1]), radius);
    context.fillStyle = inks[y[n]];
    context.strokeStyle = surface;
    context.lineWidth = 1.6;
    context.stroke();
    context.fill();
  }
}

// Test digits; one that is read wrongly lies on the colour of the answer, which is written beside it.
export function paintDigits(context, size, answers, { x, y }, { inks, ink, line }, small) {
  const across = Math.sqrt(answers.length);
  const tile = size / across;
  answers.forEach((answer, n) => {
    const [left, top] = [(n % across) * tile, Math.floor(n / across) * tile];
    const wrong = answer !== y[n];
    context.fillStyle = wrong ? inks[answer] : line;
    context.globalAlpha = wrong ? (small ? 1 : 0.4) : 0.3;
    context.fillRect(left + 0.75, top + 0.75, tile - 1.5, tile - 1.5);
    context.globalAlpha = 1;
    if (small) return;
    const pixel = (tile - 4) / 8;
    context.fillStyle = ink;
    for (let i = 0; i < 64; i += 1) {
      const level = (x[64 * n + i] + 0.6) / 2; // as lib/datasets.js reads them
      if (level < 0.1) continue;
      context.globalAlpha = Math.min(1, level);
      context.fillRect(left + 2 + (i % 8) * pixel, top + 2 + Math.floor(i / 8) * pixel, pixel + 0.3, pixel + 0.3);
    }
    context.globalAlpha = 1;
    if (!wrong) return;
    context.font = `bold ${Math.max(9, tile * 0.42)}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.fillStyle = inks[answer];
    context.fillText(answer, left + tile - 2, top + tile - 3);
  });
}
