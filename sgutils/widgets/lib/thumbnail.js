// A small grey image in the colours of the theme.

import { attr, html, newId, svg } from "./dom.js";

// A grey image in the colour of the text, light where its bytes are 0: `show(pixels)` changes it.
export function thumbnail(pixels, side, size) {
  const id = newId();
  const image = svg("image", { width: 1, height: 1, preserveAspectRatio: "none" });
  const node = svg(
    "svg",
    { viewBox: "0 0 1 1", width: size, height: size, class: "sg-photo", "aria-hidden": true },
    svg("mask", { id }, image),
    svg("rect", { class: "sg-tile", width: 1, height: 1, rx: 0.06 }),
    svg("rect", { class: "sg-shade", width: 1, height: 1, mask: `url(#${id})` }),
  );
  let shown = null;
  node.show = (next) => {
    if (next === shown) return;
    shown = next;
    attr(image, { href: greyImage(next, side) });
  };
  if (pixels) node.show(pixels);
  return node;
}

function greyImage(pixels, side) {
  const canvas = html("canvas", { width: side, height: side });
  const context = canvas.getContext("2d");
  const data = context.createImageData(side, side);
  pixels.forEach((value, i) => data.data.set([value, value, value, 255], 4 * i));
  context.putImageData(data, 0, 0);
  return canvas.toDataURL();
}
