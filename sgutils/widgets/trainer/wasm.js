// The engine on the processor: the operations of `passes.js` by `kernels.c`, compiled to WebAssembly, in one thread.

import { PASSES } from "../lib/methods.js";
import kernels from "./kernels.json";
import { layout } from "./layout.js";
import { objective } from "./objective.js";
import { backwardPass, forwardPass, remainders, roomForGradients, roomForPass } from "./passes.js";

const PAGE = 65536;

// An engine for batches of `batch` images of `side` pixels:
//     write(kind, values), read(kind)      all numbers of "parameters", "statistics", "velocity" or "gradient", as `layout` has them
//     step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics })
//                                          one step of SGD on one batch; promises its losses. `student` and `teacher` are gates,
//                                          `statistics` says whose pass moves the running ones: "teacher" (what is deployed) or "both"
//     run(x, images, gates)                promises { logits, features } of any number of images, with running statistics
// Images are rows of numbers with the channel last; x is a Float32Array.
export async function wasmEngine(network, { side, batch }) {
  const bytes = Uint8Array.from(atob(kernels.wasm), (letter) => letter.charCodeAt(0));
  const { instance: { exports: call } } = await WebAssembly.instantiate(bytes);
  const net = layout(network, side);
  const memory = wasmMemory(net, call, batch);
  const { parameters, gradient, statistics, velocity, passes, scratch } = memory;
  const ops = wasmOperations(net, call, memory);

  // Images into the middle of their borders.
  const fill = (pass, x, images) => {
    const row = side * net.stem.in;
    for (let line = 0; line < images * side; line += 1) {
      const [n, i] = [Math.floor(line / side), line % side];
      pass.input.view.set(x.subarray(line * row, (line + 1) * row), ((n * (side + 2) + i + 1) * (side + 2) + 1) * net.stem.in);
    }
    pass.images = images;
  };
  const arrays = { parameters, gradient, statistics, velocity };
  return {
    name: "wasm", layout: net, batch,
    write: (kind, values) => arrays[kind].view.set(values),
    read: async (kind) => arrays[kind].view.slice(),
    async step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics: policy }) {
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
        forwardPass(ops, net, pass, { training: true, keep: policy === "both" || which === "teacher" || !uses.teacher });
        const rows = (array) => array.view.subarray(0, y.length * net.classes);
        made[which] = { logits: rows(pass.logits), onLogits: rows(pass.onLogits) };
      }
      const losses = objective(method, made, y, net.classes, { lam, tau });
      if (uses.student) backwardPass(ops, net, passes.student, scratch);
      if (uses.backwardFull) backwardPass(ops, net, passes.teacher, scratch);
      ops.unpack();
      call.descend(parameters.at, velocity.at, gradient.at, net.parameters, lr, momentum, weightDecay, nesterov ? 1 : 0);
      return losses;
    },
    async run(x, images, gates) {
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
    close() {},
  };
}

const at = (place, array) => array.at + 4 * place.offset;

// The operations of `passes.js`. Maps have a border of one pixel; `inner(size, channels)` is how its rows lie.
function wasmOperations(net, call, memory) {
  const { parameters, gradient, statistics, sums, factors, offsets } = memory;
  const inner = (size, channels) => ({ image: (size + 2) ** 2 * channels, row: (size + 2) * channels, first: (size + 3) * channels });
  const part = (place, array) => array.view.subarray(place.offset, place.offset + place.length);
  const normOf = ({ index, out }, pass) => {
    const { at: from, view } = pass.convs[index].norm;
    const named = ["mean", "inverse", "scale", "bias"].map((name, i) => [name, { at: from + 4 * i * out, view: view.subarray(i * out, (i + 1) * out) }]);
    return Object.fromEntries(named);
  };
  // The window of the first output pixel, and how windows lie: what `windows` and `outer_products` ask first.
  const windowsOf = ({ in: channels, kernel, stride, sideIn }, input) => {
    const { image, row } = inner(sideIn, channels);
    return [input.at + 4 * (1 - (kernel >> 1)) * (row + channels), image, stride * row, stride * channels, kernel, row, kernel * channels];
  };
  const pixelsOf = (size, channels, map, { y = 0, x = 0, step = 1 } = {}) => {
    const { image, row, first } = inner(size, channels);
    return [map.at + 4 * (first + y * row + x * channels), image, step * row, step * channels];
  };
  return {
    // Weights in the order in which the kernels read them, again after every change; and their gradient back in its own.
    pack(training) {
      for (const { weight, in: channels, out, kernel, stride, index } of net.convs) {
        const { forward: panels, backward: others } = memory.convs[index];
        call.pack_forward(at(weight, parameters), panels.at, out, channels, kernel);
        if (!training) continue;
        for (const { y, x, panels: room } of others) call.pack_backward(at(weight, parameters), room.at, out, channels, kernel, y.last, x.last, stride);
      }
    },
    unpack() {
      for (const { weight, in: channels, out, kernel, index } of net.convs) {
        call.add_unpacked(memory.convs[index].onWeight.at, at(weight, gradient), out, channels, kernel);
      }
    },
    clear: (map) => call.clear(map.at, map.length),
    convolve(conv, input, pass) {
      const { out, sideOut, index } = conv;
      const [y, ...steps] = pixelsOf(sideOut, out, pass.convs[index].y);
      call.windows(...windowsOf(conv, input), memory.convs[index].forward.at, out, y, ...steps, pass.images, sideOut, sideOut, 0);
    },
    // The statistics of a batch norm, as the scale and bias with which they and the gate act.
    norm(conv, pass, { training, keep }) {
      const { out, sideOut, index } = conv;
      const own = normOf(conv, pass);
      const gate = conv.gate === null ? 1 : pass.gates[conv.gate];
      const [gamma, beta] = [part(conv.gamma, parameters), part(conv.beta, parameters)];
      const [mean, variance] = [part(conv.mean, statistics), part(conv.variance, statistics)];
      const pixels = pass.images * sideOut * sideOut;
      if (training) call.moments(pass.convs[index].y.at, at(conv.mean, statistics), sums.at, pass.images, sideOut, out);
      for (let c = 0; c < out; c += 1) {
        let [m, v] = [mean[c], variance[c]];
        if (training) {
          const apart = sums.view[c] / pixels;
          v = Math.max(0, sums.view[out + c] / pixels - apart * apart);
          m += apart;
          if (keep) {
            mean[c] += net.momentum * (m - mean[c]);
            variance[c] += net.momentum * (v * (pixels / (pixels - 1)) - variance[c]);
          }
        }
        own.mean.view[c] = m;
        own.inverse.view[c] = 1 / Math.sqrt(v + net.eps);
        own.scale.view[c] = gate * gamma[c] * own.inverse.view[c];
        own.bias.view[c] = gate * beta[c] - m * own.scale.view[c];
      }
    },
    relu(conv, pass, out) {
      const { scale, bias } = normOf(conv, pass);
      call.normalize(pass.convs[conv.index].y.at, scale.at, bias.at, out.at, pass.images, conv.sideOut, conv.out);
    },
    join({ branch, shortcut }, pass, h, out, runs) {
      const last = branch.at(-1);
      const own = normOf(last, pass);
      const bypass = shortcut ? normOf(shortcut, pass) : null;
      call.join(runs ? pass.convs[last.index].y.at : 0, own.scale.at, own.bias.at, bypass ? pass.convs[shortcut.index].y.at : h.at,
        bypass?.scale.at ?? 0, bypass?.bias.at ?? 0, out.at, pass.images, last.sideOut, last.out);
    },
    classify({ classifier }, pass, h) {
      const { in: features, out: classes } = classifier;
      call.pool(h.at, pass.features.at, pass.images, sideOfLast(net), features);
      call.classify(pass.features.at, at(classifier.weight, parameters), at(classifier.bias, parameters), pass.logits.at, pass.images, features, classes);
    },
    classifyBackward({ classifier }, pass, d) {
      const { in: features, out: classes } = classifier;
      call.classify_backward(pass.onLogits.at, pass.features.at, at(classifier.weight, parameters), at(classifier.weight, gradient),
        at(classifier.bias, gradient), pass.onFeatures.at, pass.images, features, classes);
      call.pool_backward(pass.onFeatures.at, d.at, pass.images, sideOfLast(net), features);
    },
    throughRelu: ({ sideOut, out: channels }, pass, d, out) => call.through_relu(d.at, out.at, pass.images, sideOut, channels),
    // From the gradient after a batch norm (and its gate) to the one before it, and the gradients of its own parameters.
    normBackward(conv, pass, d, before) {
      const { out, sideOut, index } = conv;
      const own = normOf(conv, pass);
      const gate = conv.gate === null ? 1 : pass.gates[conv.gate];
      const [onD, onY, rest] = factors;
      const [onGamma, onBeta] = [part(conv.gamma, gradient), part(conv.beta, gradient)];
      const pixels = pass.images * sideOut * sideOut;
      const y = pass.convs[index].y.at;
      call.norm_sums(d.at, y, own.mean.at, sums.at, pass.images, sideOut, out);
      for (let c = 0; c < out; c += 1) {
        const [inverse, scale, sum, products] = [own.inverse.view[c], own.scale.view[c], sums.view[c], sums.view[out + c]];
        onGamma[c] += gate * inverse * products;
        onBeta[c] += gate * sum;
        onD.view[c] = scale; // the gate is in it
        onY.view[c] = (-scale * inverse * inverse * products) / pixels;
        rest.view[c] = (-scale * sum) / pixels;
      }
      call.norm_backward(d.at, y, own.mean.at, onD.at, onY.at, rest.at, before.at, pass.images, sideOut, out);
    },
    weightGradient(conv, input, d, pass) {
      const { out, sideOut, index } = conv;
      call.outer_products(...windowsOf(conv, input), ...pixelsOf(sideOut, out, d), out, memory.convs[index].onWeight.at,
        pass.images, sideOut, sideOut, offsets.at);
    },
    dataGradient({ in: channels, out, stride, sideIn, sideOut, index }, d, onInput, pass, accumulate) {
      for (const { y, x, panels } of memory.convs[index].backward) {
        const [first, image, row, column] = pixelsOf(sideOut, out, d, { y: y.from, x: x.from });
        call.windows(first, image, row, column, y.taps, row, x.taps * out, panels.at, channels,
          ...pixelsOf(sideIn, channels, onInput, { y: y.remainder, x: x.remainder, step: stride }), pass.images,
          Math.ceil((sideIn - y.remainder) / stride), Math.ceil((sideIn - x.remainder) / stride), accumulate ? 1 : 0);
      }
    },
  };
}

const sideOfLast = (net) => net.blocks.at(-1).branch.at(-1).sideOut;

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
  const panelsOf = (conv) => remainders(conv).flatMap((y) => remainders(conv).map((x) => ({ y, x, panels: room(y.taps * x.taps * conv.in * conv.out) })));
  const widest = Math.max(...net.convs.map(({ out }) => out));
  const memory = {
    parameters: room(net.parameters), gradient: room(net.parameters), velocity: room(net.parameters), statistics: room(net.statistics),
    convs: net.convs.map((conv) => ({
      forward: room(conv.weight.length), onWeight: room(conv.weight.length), backward: conv === net.stem ? [] : panelsOf(conv),
    })),
    passes: { student: roomForPass(net, batch, { map, room }), teacher: roomForPass(net, batch, { map, room }) },
    scratch: roomForGradients(net, { map }),
    sums: room(2 * widest, 8), factors: [room(widest), room(widest), room(widest)],
    offsets: room(2 * Math.max(128, net.side ** 2)), // of the pixels of a block of images
  };
  const missing = end - call.memory.buffer.byteLength;
  if (missing > 0) call.memory.grow(Math.ceil(missing / PAGE));
  for (const array of arrays) array.view = new (array.size === 8 ? Float64Array : Float32Array)(call.memory.buffer, array.at, array.length);
  return memory;
}
