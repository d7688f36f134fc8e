// Which engine runs, and what a training starts from and ends with: weights by the names of `sgutils`.

import { randomNumbers } from "../lib/math.js";
import { wasmEngine } from "./wasm.js";
import { webgpuEngine } from "./webgpu.js";

const MAKERS = { wasm: wasmEngine, webgpu: webgpuEngine };
const TRIALS = 6; // steps that are timed, after two that are not

// The engine by name; by "auto" the faster of the two, if the graphics processor's first losses are those of the processor.
export async function createEngine(name, network, size) {
  if (name !== "auto") {
    const engine = await MAKERS[name](network, size);
    if (engine === null) throw new Error("this browser offers no WebGPU");
    return engine;
  }
  const wasm = await wasmEngine(network, size);
  const webgpu = await webgpuEngine(network, size).catch(() => null);
  if (webgpu === null) return wasm;
  const trials = [];
  for (const engine of [wasm, webgpu]) trials.push(await tried(engine, network, size).catch(() => ({ losses: [NaN] })));
  const [here, there] = trials;
  const alike = here.losses.every((loss, i) => Math.abs(loss - there.losses[i]) < 0.01 * loss);
  const [chosen, other] = alike && there.seconds < here.seconds ? [webgpu, wasm] : [wasm, webgpu];
  other.close();
  return chosen;
}

// A few steps on noise: their first losses, and how long the later ones took.
async function tried(engine, network, { side, batch }) {
  const random = randomNumbers(1);
  await engine.write("parameters", firstParameters(engine.layout, network, 1));
  await engine.write("statistics", firstStatistics(engine.layout));
  const gates = network.blocks.map(() => 1);
  const x = Float32Array.from({ length: batch * side * side * network.stem.in }, () => 2 * random() - 1);
  const y = Uint8Array.from({ length: batch }, () => Math.floor(random() * network.classifier.out));
  const settings = { method: "baseline", lam: 0, tau: 1, lr: 0.01, momentum: 0, weightDecay: 0, nesterov: false };
  const losses = [];
  let began = 0;
  for (let step = 0; step < 2 + TRIALS; step += 1) {
    if (step === 2) began = performance.now();
    const { total } = await engine.step({ ...settings, x, y, student: gates, teacher: gates, statistics: "teacher" });
    if (step < 2) losses.push(total);
  }
  const seconds = (performance.now() - began) / 1000;
  await engine.write("velocity", new Float32Array(engine.layout.parameters));
  return { losses, seconds };
}

// First weights, drawn as sgutils draws them.
export function firstParameters(layout, network, seed) {
  const random = randomNumbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = new Float32Array(layout.parameters);
  const fill = ({ offset, length }, draw) => {
    for (let i = offset; i < offset + length; i += 1) values[i] = draw();
  };
  for (const { weight, gamma, std } of layout.convs) {
    fill(weight, () => std * normal());
    fill(gamma, () => 1);
  }
  const { bound } = network.classifier;
  for (const place of [layout.classifier.weight, layout.classifier.bias]) fill(place, () => bound * (2 * random() - 1));
  return values;
}

export function firstStatistics(layout) {
  const values = new Float32Array(layout.statistics);
  for (const { variance } of layout.convs) values.fill(1, variance.offset, variance.offset + variance.length);
  return values;
}

// All tensors of a network as a list of { name, shape, values }.
export async function tensorsOf(engine) {
  const all = { parameters: await engine.read("parameters"), statistics: await engine.read("statistics") };
  return engine.layout.tensors.map(({ kind, name, shape, offset, length }) => ({
    name,
    shape,
    values: all[kind].subarray(offset, offset + length),
  }));
}
