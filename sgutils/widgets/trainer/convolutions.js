// The convolutions of training on a graphics processor, in WGSL: products of windows with weights, forward and backward.
// Images lie as (image, row, column, channel). What stays the same from step to step is in `u`, one number a field.

import { each } from "./threads.js";

const [ROWS, COLUMNS, DEEP] = [64, 16, 16]; // of a tile of sums, and how many of their terms are at hand at once
export const TILE = { rows: ROWS, columns: COLUMNS };

// The place, in images of side x side, of entry k of the window at a pixel (image, row, column), or -1 in the border.
const WINDOW = `
fn pixel(p: i32) -> vec3i {
  let size = u.rows * u.columns;
  return vec3i(p / size, (p % size) / u.columns, p % u.columns);
}
fn entry(at: vec3i, k: i32) -> i32 {
  let tap = k / u.inputs;
  let row = at.y * u.step + u.top + tap / u.across;
  let column = at.z * u.step + u.left + tap % u.across;
  if (row < 0 || column < 0 || row >= u.side || column >= u.side) { return -1; }
  return ((at.x * u.side + row) * u.side + column) * u.inputs + k % u.inputs;
}`;
const WINDOWS = "pixels rows columns inputs channels side step top left down across";

// A tile of sums of products, 4 x 4 of them a thread.
const PRODUCTS = `
var<workgroup> a: array<f32, ${ROWS * DEEP}>;
var<workgroup> b: array<f32, ${COLUMNS * DEEP}>;
fn add(sums: ptr<function, array<vec4f, 4>>, row: i32, column: i32) {
  for (var k = 0; k < ${DEEP}; k += 1) {
    let at = k * ${COLUMNS} + column;
    let right = vec4f(b[at], b[at + 1], b[at + 2], b[at + 3]);
    for (var r = 0; r < 4; r += 1) { (*sums)[r] += a[k * ${ROWS} + row + r] * right; }
  }
}`;
const GROUPS =
  "@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32)";

// As in `shaders.js`: name: [fields of u, buffers, code]
export const CONVOLUTIONS = {
  // y[pixel][n] (+)= sum over k of window[pixel][k] * w[n][k]. For a data gradient, `in` and `out` of the weights are exchanged
  // and their rows and columns are taken from the last to the first.
  windows: [
    `${WINDOWS} weight on_channel on_input kernel first_row first_column turn out_side out_step out_top out_left accumulate`,
    { x: "f32", w: "f32", y: "*f32" },
    `${WINDOW}${PRODUCTS}
fn weight(n: i32, k: i32) -> f32 {
  let tap = k / u.inputs;
  let place = (u.first_row + u.turn * (tap / u.across)) * u.kernel + u.first_column + u.turn * (tap % u.across);
  return w[u.weight + n * u.on_channel + (k % u.inputs) * u.on_input + place];
}
${GROUPS} {
  let thread = i32(index);
  let first = i32(group.x) * ${ROWS};
  let channel = i32(group.y) * ${COLUMNS};
  let deep = u.down * u.across * u.inputs;
  let own = pixel(first + thread);
  let row = (thread / 4) * 4;
  let column = (thread % 4) * 4;
  var sums = array<vec4f, 4>();
  for (var from_k = 0; from_k < deep; from_k += ${DEEP}) {
    for (var k = 0; k < ${DEEP}; k += 1) {
      var value = 0.0;
      if (first + thread < u.pixels && from_k + k < deep) {
        let at = entry(own, from_k + k);
        if (at >= 0) { value = x[at]; }
      }
      a[k * ${ROWS} + thread] = value;
    }
    for (var i = thread; i < ${COLUMNS * DEEP}; i += 64) {
      let n = channel + i % ${COLUMNS};
      let k = from_k + i / ${COLUMNS};
      var value = 0.0;
      if (n < u.channels && k < deep) { value = weight(n, k); }
      b[i] = value;
    }
    workgroupBarrier();
    add(&sums, row, column);
    workgroupBarrier();
  }
  for (var r = 0; r < 4; r += 1) {
    if (first + row + r >= u.pixels) { break; }
    let at = pixel(first + row + r);
    let to = ((at.x * u.out_side + at.y * u.out_step + u.out_top) * u.out_side + at.z * u.out_step + u.out_left) * u.channels;
    for (var n = 0; n < 4; n += 1) {
      let c = channel + column + n;
      if (c >= u.channels) { break; }
      var value = sums[r][n];
      if (u.accumulate == 1) { value += y[to + c]; }
      y[to + c] = value;
    }
  }
}`,
  ],
  // parts[z][k][n] = sum over a share of the pixels of window[pixel][k] * d[pixel][n].
  products: [
    `${WINDOWS} share`,
    { x: "f32", d: "f32", parts: "*f32" },
    `${WINDOW}${PRODUCTS}
${GROUPS} {
  let thread = i32(index);
  let first = i32(group.x) * ${ROWS};
  let channel = i32(group.y) * ${COLUMNS};
  let deep = u.down * u.across * u.inputs;
  let row = (thread / 4) * 4;
  let column = (thread % 4) * 4;
  let end = min(u.pixels, (i32(group.z) + 1) * u.share);
  var sums = array<vec4f, 4>();
  for (var p = i32(group.z) * u.share; p < end; p += ${DEEP}) {
    for (var k = 0; k < ${DEEP}; k += 1) {
      var value = 0.0;
      if (first + thread < deep && p + k < end) {
        let at = entry(pixel(p + k), first + thread);
        if (at >= 0) { value = x[at]; }
      }
      a[k * ${ROWS} + thread] = value;
    }
    for (var i = thread; i < ${COLUMNS * DEEP}; i += 64) {
      let n = channel + i % ${COLUMNS};
      let k = p + i / ${COLUMNS};
      var value = 0.0;
      if (n < u.channels && k < end) { value = d[k * u.channels + n]; }
      b[i] = value;
    }
    workgroupBarrier();
    add(&sums, row, column);
    workgroupBarrier();
  }
  for (var r = 0; r < 4; r += 1) {
    if (first + row + r >= deep) { break; }
    for (var n = 0; n < 4; n += 1) {
      let c = channel + column + n;
      if (c < u.channels) { parts[(i32(group.z) * deep + first + row + r) * u.channels + c] = sums[r][n]; }
    }
  }
}`,
  ],
  gather: [
    "count channels inputs taps shares weight",
    { parts: "f32", gradient: "*f32" },
    each(`
  let n = i % u.channels;
  let k = i / u.channels;
  var sum = 0.0;
  for (var z = 0; z < u.shares; z += 1) { sum += parts[z * u.count + i]; }
  gradient[u.weight + (n * u.inputs + k % u.inputs) * u.taps + k / u.inputs] += sum;`),
  ],
};
