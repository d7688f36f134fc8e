// The engine on the processor: the operations of `passes.js` by `kernels.c`, compiled to WebAssembly, in one thread.

import { PASSES } from "../lib/methods.js";
import kernels from "./kernels.json";
import { layout } from "./layout.js";
import { objective } from "./objective.js";
import { backwardPass, forwardPass, remainders, roomForGradients, roomForPass } from "./passes.js";
import { wasmOperations } from "./wasm_operations.js";

const PAGE = 65536;

// An engine for batches of `batch` images of `side` pixels:
//     write(kind, values), read(kind)      all numbers of "parameters", "statistics", "velocity" or "gradient", as `layout` has them
//     step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics })
//                                          one step of SGD on one batch; its losses. `student` and `teacher` are gates,
//                                          `statistics` says whose pass moves the running ones: "teacher" (what is deployed) or "both"
//     run(x, images, gates)                { logits, features } of any number of images, with running statistics
// Images are rows of numbers with the channel last; x is a Float32Array.
export async function wasmEngine(network, { side, batch }) {
  const bytes = Uint8Array.from(atob(kernels.wasm), (letter) => letter.charCodeAt(0));
  const {
    instance: { exports: call },
  } = await WebAssembly.instantiate(bytes);
  const net = layout(network, side);
  const memory = wasmMemory(net, call, batch);
  const { parameters, gradient, statistics, velocity, passes, scratch } = memory;
  const ops = wasmOperations(net, call, memory);

  // Images into the middle of their borders.
  const fill = (pass, x, images) => {
    const row = side * net.stem.in;
    for (let line = 0; line < images * side; line += 1) {
      const [n, i] = [Math.floor(line / side), line % side];
      pass.input.view.set(
        x.subarray(line * row, (line + 1) * row),
        ((n * (side + 2) + i + 1) * (side + 2) + 1) * net.stem.in,
      );
    }
    pass.images = images;
  };
  const arrays = { parameters, gradient, statistics, velocity };
  return {
    name: "wasm",
    layout: net,
    batch,
    write: (kind, values) => arrays[kind].view.set(values),
    read: (kind) => arrays[kind].view.slice(),
    step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics: policy }) {
      const uses = PASSES[method];
      ops.pack(true);
      gradient.view.fill(0);
      for (const { onWeight } of memory.convs) onWeight.view.fill(0);
      const gates = { student, teacher };
      const made = {};
      // The student first, as in sgutils: the later pass weighs more in the running statistics.
      for (const which of ["student", "teacher"].filter((name) => uses[name])) {
        const pass = passes[which];
        fill(pass, x, y.length);
        pass.gates = gates[which];
        forwardPass(ops, net, pass, {
          training: true,
          keep: policy === "both" || which === "teacher" || !uses.teacher,
        });
        const rows = (array) => array.view.subarray(0, y.length * net.classes);
        made[which] = { logits: rows(pass.logits), onLogits: rows(pass.onLogits) };
      }
      const losses = objective(method, made, y, net.classes, { lam, tau });
      if (uses.student) backwardPass(ops, net, passes.student, scratch);
      if (uses.backwardFull) backwardPass(ops, net, passes.teacher, scratch);
      ops.unpack();
      call.descend(
        parameters.at,
        velocity.at,
        gradient.at,
        net.parameters,
        lr,
        momentum,
        weightDecay,
        nesterov ? 1 : 0,
      );
      return losses;
    },
    run(x, images, gates) {
      const [logits, features] = [new Float32Array(images * net.classes), new Float32Array(images * net.features)];
      const size = side * side * net.stem.in;
      const pass = passes.teacher;
      pass.gates = gates;
      ops.pack(false);
      for (let from = 0; from < images; from += batch) {
        const count = Math.min(batch, images - from);
        fill(pass, x.subarray(from * size, (from + count) * size), count);
        forwardPass(ops, net, pass, { training: false, keep: false });
        logits.set(pass.logits.view.subarray(0, count * net.classes), from * net.classes);
        features.set(pass.features.view.subarray(0, count * net.features), from * net.features);
      }
      return { logits, features };
    },
    close: () => undefined,
  };
}

// Room for everything, so that training makes no garbage: { at: address, view, length } each, zeros at first.
function wasmMemory(net, call, batch) {
  let end = call.heap();
  const arrays = [];
  const room = (length, size = 4) => {
    end = (end + 15) & ~15;
    const array = { at: end, length, size };
    end += length * size;
    arrays.push(array);
    return array;
  };
  const map = (size, channels) => room(batch * (size + 2) ** 2 * channels);
  const panelsOf = (conv) =>
    remainders(conv).flatMap((y) =>
      remainders(conv).map((x) => ({ y, x, panels: room(y.taps * x.taps * conv.in * conv.out) })),
    );
  const widest = Math.max(...net.convs.map(({ out }) => out));
  const memory = {
    parameters: room(net.parameters),
    gradient: room(net.parameters),
    velocity: room(net.parameters),
    statistics: room(net.statistics),
    convs: net.convs.map((conv) => ({
      forward: room(conv.weight.length),
      onWeight: room(conv.weight.length),
      backward: conv === net.stem ? [] : panelsOf(conv),
    })),
    passes: { student: roomForPass(net, batch, { map, room }), teacher: roomForPass(net, batch, { map, room }) },
    scratch: roomForGradients(net, { map }),
    sums: room(2 * widest, 8),
    factors: [room(widest), room(widest), room(widest)],
    offsets: room(2 * Math.max(128, net.side ** 2)), // of the pixels of a block of images
  };
  const missing = end - call.memory.buffer.byteLength;
  if (missing > 0) call.memory.grow(Math.ceil(missing / PAGE));
  for (const array of arrays)
    array.view = new (array.size === 8 ? Float64Array : Float32Array)(call.memory.buffer, array.at, array.length);
  return memory;
}
