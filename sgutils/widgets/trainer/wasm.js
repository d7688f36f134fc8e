// The engine on the processor: `kernels.c`, compiled to WebAssembly, run over one network in one thread.
//
//     H_0 = ReLU(BN(stem(x)))        H_l = ReLU(g_l f_l(H_{l-1}) + shortcut_l(H_{l-1}))        logits = classifier(pool(H_L))
//
// A block whose gate is 0 is not computed, neither forward nor backward.

import kernels from "./kernels.json";
import { layout } from "./layout.js";
import { PASSES, objective } from "./objective.js";

const PAGE = 65536;

// An engine for up to `batch` images of `side` pixels; see `engine.js` for what every engine can do.
export async function wasmEngine(network, { side, batch }) {
  const bytes = Uint8Array.from(atob(kernels.wasm), (letter) => letter.charCodeAt(0));
  const { instance: { exports: call } } = await WebAssembly.instantiate(bytes);
  const net = layout(network, side);
  const memory = layOut(net, call, batch);
  const { parameters, gradient, velocity, statistics, passes } = memory;
  const floats = (place, array) => array.view.subarray(place.offset, place.offset + place.length);

  function forward(pass, images, gates, { training, keep }) {
    let h = pass.stem.out;
    convolve(net.stem, pass.input, pass, images);
    norm(net.stem, pass, images, training, keep);
    relu(net.stem, pass, h, images);
    pass.states = [h];
    net.blocks.forEach(({ branch, shortcut }, l) => {
      const buffers = pass.blocks[l];
      const runs = gates[l] !== 0;
      const last = branch.at(-1);
      if (runs || shortcut) {
        if (shortcut) {
          convolve(shortcut, h, pass, images);
          norm(shortcut, pass, images, training, keep);
        }
        if (runs) {
          let inside = h;
          branch.forEach((conv, i) => {
            convolve(conv, inside, pass, images);
            norm(conv, pass, images, training, keep, conv === last ? gates[l] : 1);
            if (conv !== last) relu(conv, pass, (inside = buffers.inside[i]), images);
          });
        }
        const [own, bypass] = [pass.convs[last.index], shortcut && pass.convs[shortcut.index]];
        call.join(runs ? own.y.at : 0, own.scale.at, own.bias.at, bypass ? bypass.y.at : h.at, bypass ? bypass.scale.at : 0,
          bypass ? bypass.bias.at : 0, buffers.out.at, images, last.sideOut, last.out);
        h = buffers.out;
      }
      pass.states.push(h);
    });
    call.pool(h.at, pass.features.at, images, net.blocks.at(-1).branch.at(-1).sideOut, net.features);
    call.classify(pass.features.at, at(net.classifier.weight, parameters), at(net.classifier.bias, parameters), pass.logits.at,
      images, net.features, net.classes);
  }

  function backward(pass, images, gates) {
    const { scratch } = memory;
    const final = net.blocks.at(-1).branch.at(-1);
    let d = scratch(final.sideOut, final.out).states[0];
    call.classify_backward(pass.onLogits.at, pass.features.at, at(net.classifier.weight, parameters), at(net.classifier.weight, gradient),
      at(net.classifier.bias, gradient), memory.onFeatures.at, images, net.features, net.classes);
    call.pool_backward(memory.onFeatures.at, d.at, images, final.sideOut, final.out);
    for (let l = net.blocks.length - 1; l >= 0; l -= 1) {
      const { branch, shortcut } = net.blocks[l];
      if (gates[l] === 0 && !shortcut) continue;
      const [first, last] = [branch[0], branch.at(-1)];
      const [from, to] = [pass.states[l], pass.states[l + 1]];
      call.through_relu(d.at, to.at, images, last.sideOut, last.out);
      let onInput = d; // what goes past the branch is the same gradient, unless the shape changes on the way
      if (shortcut) {
        onInput = scratch(first.sideIn, first.in).states[scratch(first.sideIn, first.in) === scratch(last.sideOut, last.out) ? 1 - d.index : 0];
        call.clear(onInput.at, onInput.length);
        const onShortcut = scratch(shortcut.sideOut, shortcut.out).inside[0];
        normBackward(shortcut, pass, d, onShortcut, images);
        weightGradient(shortcut, from, onShortcut, images);
        dataGradient(shortcut, onShortcut, onInput, images, true);
      }
      if (gates[l] !== 0) {
        let turn = 0;
        let g = scratch(last.sideOut, last.out).inside[turn];
        normBackward(last, pass, d, g, images, gates[l]);
        for (let i = branch.length - 1; i >= 0; i -= 1) {
          const conv = branch[i];
          const input = i === 0 ? from : pass.blocks[l].inside[i - 1];
          weightGradient(conv, input, g, images);
          if (i === 0) {
            dataGradient(conv, g, onInput, images, true);
          } else {
            const before = branch[i - 1];
            turn = 1 - turn;
            const next = scratch(before.sideOut, before.out).inside[turn];
            dataGradient(conv, g, next, images, false);
            call.through_relu(next.at, input.at, images, before.sideOut, before.out);
            normBackward(before, pass, next, next, images);
            g = next;
          }
        }
      }
      d = onInput;
    }
    const { stem } = net;
    call.through_relu(d.at, pass.states[0].at, images, stem.sideOut, stem.out);
    normBackward(stem, pass, d, d, images);
    weightGradient(stem, pass.input, d, images);
  }

  function convolve(conv, input, pass, images) {
    const { in: channels, out, kernel, stride, sideIn, sideOut, index } = conv;
    const [row, rowOut] = [(sideIn + 2) * channels, (sideOut + 2) * out];
    const margin = 1 - (kernel >> 1);
    call.windows(input.at + 4 * margin * (row + channels), (sideIn + 2) * row, stride * row, stride * channels, kernel, row, kernel * channels,
      memory.convs[index].forward.at, out, pass.convs[index].y.at + 4 * (rowOut + out), (sideOut + 2) * rowOut, rowOut, out,
      images, sideOut, sideOut, 0);
  }

  // The statistics of a batch norm, as the scale and bias with which they and the gate act; running ones follow if `keep`.
  function norm(conv, pass, images, training, keep, gate = 1) {
    const { out, sideOut, index } = conv;
    const own = pass.convs[index];
    const [gamma, beta] = [floats(conv.gamma, parameters), floats(conv.beta, parameters)];
    const [mean, variance] = [floats(conv.mean, statistics), floats(conv.variance, statistics)];
    const pixels = images * sideOut * sideOut;
    if (training) call.moments(own.y.at, at(conv.mean, statistics), memory.sums.at, images, sideOut, out);
    const sums = memory.sums.view;
    for (let c = 0; c < out; c += 1) {
      let [m, v] = [mean[c], variance[c]];
      if (training) {
        const apart = sums[c] / pixels;
        v = Math.max(0, sums[out + c] / pixels - apart * apart);
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
  }

  function relu(conv, pass, out, images) {
    const own = pass.convs[conv.index];
    call.normalize(own.y.at, own.scale.at, own.bias.at, out.at, images, conv.sideOut, conv.out);
  }

  // From the gradient `d` after a batch norm (and a gate) to the one before it, and the gradients of its own parameters.
  function normBackward(conv, pass, d, out, images, gate = 1) {
    const { out: channels, sideOut, index } = conv;
    const own = pass.convs[index];
    const [onD, onY, rest] = memory.factors;
    const [onGamma, onBeta] = [floats(conv.gamma, gradient), floats(conv.beta, gradient)];
    const pixels = images * sideOut * sideOut;
    call.norm_sums(d.at, own.y.at, own.mean.at, memory.sums.at, images, sideOut, channels);
    const sums = memory.sums.view;
    for (let c = 0; c < channels; c += 1) {
      const [inverse, scale] = [own.inverse.view[c], own.scale.view[c]]; // the gate is in the scale
      onGamma[c] += gate * inverse * sums[channels + c];
      onBeta[c] += gate * sums[c];
      onD.view[c] = scale;
      onY.view[c] = (-scale * inverse * inverse * sums[channels + c]) / pixels;
      rest.view[c] = (-scale * sums[c]) / pixels;
    }
    call.norm_backward(d.at, own.y.at, own.mean.at, onD.at, onY.at, rest.at, out.at, images, sideOut, channels);
  }

  function weightGradient(conv, input, d, images) {
    const { in: channels, out, kernel, stride, sideIn, sideOut, index } = conv;
    const [row, rowOut] = [(sideIn + 2) * channels, (sideOut + 2) * out];
    const margin = 1 - (kernel >> 1);
    call.outer_products(input.at + 4 * margin * (row + channels), (sideIn + 2) * row, stride * row, stride * channels, kernel, row, kernel * channels,
      d.at + 4 * (rowOut + out), (sideOut + 2) * rowOut, rowOut, out, out, memory.convs[index].onWeight.at, images, sideOut, sideOut, memory.offsets.at);
  }

  // As a convolution again: of the input's pixels, those of each remainder modulo the stride meet the same weights.
  function dataGradient(conv, d, onInput, images, accumulate) {
    const { in: channels, out, stride, sideIn, sideOut, index } = conv;
    const [row, rowOut] = [(sideIn + 2) * channels, (sideOut + 2) * out];
    for (const { y, x, panels } of memory.convs[index].backward) {
      call.windows(d.at + 4 * ((1 + y.from) * rowOut + (1 + x.from) * out), (sideOut + 2) * rowOut, rowOut, out, y.taps, rowOut, x.taps * out,
        panels.at, channels, onInput.at + 4 * ((1 + y.remainder) * row + (1 + x.remainder) * channels), (sideIn + 2) * row, stride * row, stride * channels,
        images, Math.ceil((sideIn - y.remainder) / stride), Math.ceil((sideIn - x.remainder) / stride), accumulate ? 1 : 0);
    }
  }

  // Weights in the order in which the kernels read them; again after every change.
  function pack({ training }) {
    for (const { weight, in: channels, out, kernel, stride, index } of net.convs) {
      const { forward, backward } = memory.convs[index];
      call.pack_forward(at(weight, parameters), forward.at, out, channels, kernel);
      if (training) for (const { y, x, panels } of backward) call.pack_backward(at(weight, parameters), panels.at, out, channels, kernel, y.last, x.last, stride);
    }
  }

  function fill(pass, x, images) {
    const channels = net.stem.in;
    for (let n = 0; n < images; n += 1) {
      for (let i = 0; i < side; i += 1) {
        const from = (n * side + i) * side * channels;
        pass.input.view.set(x.subarray(from, from + side * channels), ((n * (side + 2) + i + 1) * (side + 2) + 1) * channels);
      }
    }
  }

  return {
    name: "wasm", layout: net, batch,
    arrays: { parameters: parameters.view, gradient: gradient.view, statistics: statistics.view, velocity: velocity.view },
    write(name, values) {
      this.arrays[name].set(values);
    },
    async read(name) {
      return this.arrays[name].slice();
    },
    async step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics: policy }) {
      const uses = PASSES[method];
      const images = y.length;
      pack({ training: true });
      gradient.view.fill(0);
      for (const { onWeight } of memory.convs) onWeight.view.fill(0);
      const gates = { student, teacher };
      const made = {};
      for (const which of ["student", "teacher"]) { // the student first, as in sgutils: the last one's statistics weigh most
        if (!uses[which]) continue;
        const pass = passes[which];
        fill(pass, x, images);
        forward(pass, images, gates[which], { training: true, keep: policy === "both" || which === "teacher" || !uses.teacher });
        made[which] = { logits: pass.logits.view.subarray(0, images * net.classes), onLogits: pass.onLogits.view.subarray(0, images * net.classes) };
      }
      const losses = objective(method, made, y, net.classes, { lam, tau });
      if (uses.student) backward(passes.student, images, student);
      if (uses.backwardFull) backward(passes.teacher, images, teacher);
      for (const { weight, in: channels, out, kernel, index } of net.convs) {
        call.add_unpacked(memory.convs[index].onWeight.at, at(weight, gradient), out, channels, kernel);
      }
      if (lr > 0) call.descend(parameters.at, velocity.at, gradient.at, net.parameters, lr, momentum, weightDecay, nesterov ? 1 : 0);
      return losses;
    },
    async run(x, images, gates) {
      const [logits, features] = [new Float32Array(images * net.classes), new Float32Array(images * net.features)];
      const pass = passes.teacher;
      const size = side * side * net.stem.in;
      pack({ training: false });
      for (let from = 0; from < images; from += batch) {
        const count = Math.min(batch, images - from);
        fill(pass, x.subarray(from * size, (from + count) * size), count);
        forward(pass, count, gates, { training: false, keep: false });
        logits.set(pass.logits.view.subarray(0, count * net.classes), from * net.classes);
        features.set(pass.features.view.subarray(0, count * net.features), from * net.features);
      }
      return { logits, features };
    },
    close() {},
  };
}

const at = (place, array) => array.at + 4 * place.offset;

// Room for everything, so that training makes no garbage: { at: address, view } each, zeros at first.
function layOut(net, call, batch) {
  let end = call.heap();
  const arrays = [];
  const room = (length, size = 4) => {
    end = (end + 15) & ~15;
    const array = { at: end, length, size };
    end += length * size;
    arrays.push(array);
    return array;
  };
  const map = (sideOf, channels) => room(batch * (sideOf + 2) ** 2 * channels);
  const widest = Math.max(...net.convs.map(({ out }) => out));
  const createPass = () => ({
    input: map(net.side, net.stem.in),
    stem: { out: map(net.stem.sideOut, net.stem.out) },
    convs: net.convs.map(({ sideOut, out }) => ({ y: map(sideOut, out), mean: room(out), inverse: room(out), scale: room(out), bias: room(out) })),
    blocks: net.blocks.map(({ branch }) => ({
      inside: branch.slice(0, -1).map(({ sideOut, out }) => map(sideOut, out)),
      out: map(branch.at(-1).sideOut, branch.at(-1).out),
    })),
    features: room(batch * net.features), logits: room(batch * net.classes), onLogits: room(batch * net.classes),
    states: [],
  });
  const shapes = new Map();
  for (const conv of net.convs) {
    // Nothing flows back into the image.
    for (const [size, depth] of [...(conv === net.stem ? [] : [[conv.sideIn, conv.in]]), [conv.sideOut, conv.out]]) {
      const key = `${size}x${depth}`;
      if (!shapes.has(key)) shapes.set(key, { states: [map(size, depth), map(size, depth)], inside: [map(size, depth), map(size, depth)] });
    }
  }
  for (const { states } of shapes.values()) states.forEach((state, index) => { state.index = index; });
  const memory = {
    parameters: room(net.parameters), gradient: room(net.parameters), velocity: room(net.parameters), statistics: room(net.statistics),
    convs: net.convs.map((conv) => ({
      forward: room(conv.weight.length), onWeight: room(conv.weight.length),
      backward: conv === net.stem ? [] : remainders(conv).flatMap((y) => remainders(conv).map((x) => ({ y, x, panels: room(y.taps * x.taps * conv.in * conv.out) }))),
    })),
    passes: { student: createPass(), teacher: createPass() },
    sums: room(2 * widest, 8), factors: [room(widest), room(widest), room(widest)],
    onFeatures: room(batch * net.features), offsets: room(2 * Math.max(256, net.side ** 2)),
    scratch: (size, depth) => shapes.get(`${size}x${depth}`),
  };
  const missing = end - call.memory.buffer.byteLength;
  if (missing > 0) call.memory.grow(Math.ceil(missing / PAGE));
  for (const array of arrays) array.view = new (array.size === 8 ? Float64Array : Float32Array)(call.memory.buffer, array.at, array.length);
  return memory;
}

// Along one axis: the input's places s * i + remainder meet the kernel's entries last, last - s, ... over as many gradients
// from place i + from on.
function remainders({ kernel, stride }) {
  const margin = kernel >> 1;
  return Array.from({ length: stride }, (_, remainder) => {
    let last = kernel - 1;
    while (last >= 0 && (remainder + margin - last) % stride !== 0) last -= 1;
    return { remainder, last, taps: Math.floor(last / stride) + 1, from: (remainder + margin - last) / stride };
  }).filter(({ last }) => last >= 0);
}
