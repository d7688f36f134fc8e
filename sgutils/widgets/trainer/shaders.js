// The arithmetic of training on a graphics processor, in WGSL: what `kernels.c` does, one entry point a kernel.
// Images lie as (image, row, column, channel). What stays the same from step to step is in `u`, one number a field; gates
// and what sliders set are in `now`, at places that `u` names.

import { CONVOLUTIONS } from "./convolutions.js";
import { each } from "./threads.js";

const LANES = 16;

// Sums over pixels of two numbers a channel: 16 channels and as many lanes of pixels a group, `u.groups` groups a channel.
const channelSums = (value) => `
var<workgroup> part: array<vec2f, ${16 * LANES}>;
@compute @workgroup_size(${16 * LANES}) fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let thread = i32(index);
  let c = i32(group.x) * 16 + thread % 16;
  var sum = vec2f();
  if (c < u.channels) {
    for (var p = i32(group.y) * ${LANES} + thread / 16; p < u.pixels; p += u.groups * ${LANES}) {
      let i = p * u.channels + c;
      sum += ${value};
    }
  }
  part[thread] = sum;
  workgroupBarrier();
  if (thread < 16 && c < u.channels) {
    for (var lane = 1; lane < ${LANES}; lane += 1) { sum += part[thread + 16 * lane]; }
    sums[i32(group.y) * u.channels + c] = sum;
  }
}
`;
const allSums = `
  var sum = vec2f();
  for (var group = 0; group < u.groups; group += 1) { sum += sums[group * u.channels + i]; }
  let mean = sum / f32(u.pixels);`;

const NORM_BACKWARD = (to) =>
  each(`
  let c = i % u.channels;
  ${to}[i] = d[i] * factors[c] + (y[i] - norm[c]) * factors[u.channels + c] + factors[2 * u.channels + c];`);

// name: [fields of u, buffers (type, and * where they are written), code]
export const KERNELS = {
  ...CONVOLUTIONS,
  moments: [
    "pixels channels groups mean",
    { y: "f32", statistics: "f32", sums: "*vec2f" },
    `
fn both(value: f32) -> vec2f { return vec2f(value, value * value); }
${channelSums("both(y[i] - statistics[u.mean + c])")}`,
  ],
  // norm: mean, 1 / deviation, scale and bias of each channel; the gate is in the last two.
  norm: [
    "count channels groups pixels gamma beta mean variance gate training keep eps momentum",
    { sums: "vec2f", parameters: "f32", now: "f32", statistics: "*f32", norm: "*f32" },
    each(`
  var middle = statistics[u.mean + i];
  var spread = statistics[u.variance + i];
  if (u.training == 1) {
    ${allSums}
    let old = vec2f(middle, spread);
    spread = max(0.0, mean.y - mean.x * mean.x);
    middle += mean.x;
    if (u.keep == 1) {
      let much = bitcast<f32>(u.momentum);
      statistics[u.mean + i] = old.x + much * (middle - old.x);
      statistics[u.variance + i] = old.y + much * (spread * f32(u.pixels) / f32(u.pixels - 1) - old.y);
    }
  }
  let inverse = 1.0 / sqrt(spread + bitcast<f32>(u.eps));
  let scale = now[u.gate] * parameters[u.gamma + i] * inverse;
  norm[i] = middle;
  norm[u.channels + i] = inverse;
  norm[2 * u.channels + i] = scale;
  norm[3 * u.channels + i] = now[u.gate] * parameters[u.beta + i] - middle * scale;`),
  ],
  relu: [
    "count channels",
    { y: "f32", norm: "f32", out: "*f32" },
    each(`
  let c = i % u.channels;
  out[i] = max(0.0, y[i] * norm[2 * u.channels + c] + norm[3 * u.channels + c]);`),
  ],
  join: [
    "count channels runs bypass",
    { y: "f32", norm: "f32", s: "f32", s_norm: "f32", out: "*f32" },
    each(`
  let c = i % u.channels;
  var sum = s[i];
  if (u.bypass == 1) { sum = sum * s_norm[2 * u.channels + c] + s_norm[3 * u.channels + c]; }
  if (u.runs == 1) { sum += y[i] * norm[2 * u.channels + c] + norm[3 * u.channels + c]; }
  out[i] = max(0.0, sum);`),
  ],
  through_relu: ["count", { out: "f32", d: "*f32" }, each("if (out[i] <= 0.0) { d[i] = 0.0; }")],
  norm_sums: [
    "pixels channels groups",
    { d: "f32", y: "f32", norm: "f32", sums: "*vec2f" },
    channelSums("d[i] * vec2f(1.0, y[i] - norm[c])"),
  ],
  // factors: what the gradient before a batch norm takes of the one after it, of (y - mean), and what is left.
  norm_factors: [
    "count channels groups pixels gamma beta gate",
    { sums: "vec2f", norm: "f32", now: "f32", gradient: "*f32", factors: "*f32" },
    each(`
  ${allSums}
  let inverse = norm[u.channels + i];
  let scale = norm[2 * u.channels + i];
  gradient[u.gamma + i] += now[u.gate] * inverse * sum.y;
  gradient[u.beta + i] += now[u.gate] * sum.x;
  factors[i] = scale;
  factors[u.channels + i] = -scale * inverse * inverse * mean.y;
  factors[2 * u.channels + i] = -scale * mean.x;`),
  ],
  norm_backward: [
    "count channels",
    { d: "f32", y: "f32", norm: "f32", factors: "f32", before: "*f32" },
    NORM_BACKWARD("before"),
  ],
  norm_backward_here: ["count channels", { d: "*f32", y: "f32", norm: "f32", factors: "f32" }, NORM_BACKWARD("d")],
  pool: [
    "count channels pixels",
    { h: "f32", features: "*f32" },
    each(`
  let from_image = (i / u.channels) * u.pixels * u.channels + i % u.channels;
  var sum = 0.0;
  for (var p = 0; p < u.pixels; p += 1) { sum += h[from_image + p * u.channels]; }
  features[i] = sum / f32(u.pixels);`),
  ],
  classify: [
    "count channels classes weight bias",
    { features: "f32", parameters: "f32", logits: "*f32" },
    each(`
  let k = i % u.classes;
  var sum = parameters[u.bias + k];
  for (var c = 0; c < u.channels; c += 1) { sum += features[(i / u.classes) * u.channels + c] * parameters[u.weight + k * u.channels + c]; }
  logits[i] = sum;`),
  ],
  // One thread an image: softmax minus the label's one for each cross-entropy, lam tau (p_S - p_T) at tau for the distillation.
  objective: [
    "count classes student teacher learn_teacher lam tau",
    { logits: "f32", guide: "f32", y: "u32", now: "f32", on_logits: "*f32", on_guide: "*f32" },
    each(`
  let at = i * u.classes;
  let share = 1.0 / f32(u.count);
  let tau = now[u.tau];
  var top = vec2f(logits[at], guide[at]);
  for (var k = 1; k < u.classes; k += 1) { top = max(top, vec2f(logits[at + k], guide[at + k])); }
  var whole = vec2f();
  var softer = vec2f();
  for (var k = 0; k < u.classes; k += 1) {
    let below = vec2f(logits[at + k], guide[at + k]) - top;
    whole += exp(below);
    softer += exp(below / tau);
  }
  for (var k = 0; k < u.classes; k += 1) {
    let below = vec2f(logits[at + k], guide[at + k]) - top;
    let p = exp(below) / whole - f32(u32(k) == y[i]);
    let soft = exp(below / tau) / softer;
    on_logits[at + k] = share * (p.x + f32(u.teacher) * now[u.lam] * tau * (soft.x - soft.y));
    on_guide[at + k] = share * f32(u.learn_teacher) * p.y;
  }`),
  ],
  classify_weights: [
    "count images channels classes weight bias",
    { on_logits: "f32", features: "f32", gradient: "*f32" },
    each(`
  let weights = u.classes * u.channels;
  var sum = 0.0;
  for (var n = 0; n < u.images; n += 1) {
    if (i < weights) { sum += on_logits[n * u.classes + i / u.channels] * features[n * u.channels + i % u.channels]; }
    else { sum += on_logits[n * u.classes + i - weights]; }
  }
  if (i < weights) { gradient[u.weight + i] += sum; } else { gradient[u.bias + i - weights] += sum; }`),
  ],
  pool_backward: [
    "count channels pixels classes weight",
    { on_logits: "f32", parameters: "f32", d: "*f32" },
    each(`
  let n = i / (u.pixels * u.channels);
  var sum = 0.0;
  for (var k = 0; k < u.classes; k += 1) { sum += on_logits[n * u.classes + k] * parameters[u.weight + k * u.channels + i % u.channels]; }
  d[i] = sum / f32(u.pixels);`),
  ],
  clear: ["count", { d: "*f32" }, each("d[i] = 0.0;")],
  // As torch.optim.SGD.
  descend: [
    "count lr momentum weight_decay nesterov",
    { gradient: "f32", now: "f32", parameters: "*f32", velocity: "*f32" },
    each(`
  let g = gradient[i] + now[u.weight_decay] * parameters[i];
  let v = now[u.momentum] * velocity[i] + g;
  velocity[i] = v;
  parameters[i] -= now[u.lr] * select(v, g + now[u.momentum] * v, now[u.nesterov] > 0.0);`),
  ],
};

// A kernel's whole text.
export function shader(name) {
  const [fields, buffers, code] = KERNELS[name];
  const struct = `struct Numbers { ${fields
    .split(" ")
    .map((field) => `${field}: i32`)
    .join(", ")} }
@group(0) @binding(0) var<uniform> u: Numbers;
`;
  const bindings = Object.entries(buffers).map(
    ([buffer, type], i) =>
      `@group(0) @binding(${i + 1}) var<storage, ${type[0] === "*" ? "read_write" : "read"}> ${buffer}: array<${type.replace("*", "")}>;
`,
  );
  return struct + bindings.join("") + code;
}
