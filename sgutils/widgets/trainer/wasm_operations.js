// The operations of `passes.js` by the kernels of `kernels.c`.

const at = (place, array) => array.at + 4 * place.offset;
const part = (place, array) => array.view.subarray(place.offset, place.offset + place.length);

// How the rows of a map lie, which has a border of one pixel.
const inner = (size, channels) => ({
  image: (size + 2) ** 2 * channels,
  row: (size + 2) * channels,
  first: (size + 3) * channels,
});

// The parts of what `roomForPass` keeps of a batch norm.
const normOf = ({ index, out }, pass) => {
  const { at: from, view } = pass.convs[index].norm;
  const named = ["mean", "inverse", "scale", "bias"].map((name, i) => [
    name,
    { at: from + 4 * i * out, view: view.subarray(i * out, (i + 1) * out) },
  ]);
  return Object.fromEntries(named);
};

// The window of the first output pixel, and how windows lie: what `windows` and `outer_products` ask first.
const windowsOf = ({ in: channels, kernel, stride, sideIn }, input) => {
  const { image, row } = inner(sideIn, channels);
  return [
    input.at + 4 * (1 - (kernel >> 1)) * (row + channels),
    image,
    stride * row,
    stride * channels,
    kernel,
    row,
    kernel * channels,
  ];
};

// The first pixel of a map and how the others lie, or of every `step`-th from (y, x) on.
const pixelsOf = (size, channels, map, { y = 0, x = 0, step = 1 } = {}) => {
  const { image, row, first } = inner(size, channels);
  return [map.at + 4 * (first + y * row + x * channels), image, step * row, step * channels];
};

const sideOfLast = (net) => net.blocks.at(-1).branch.at(-1).sideOut;

export function wasmOperations(net, call, memory) {
  return { ...wasmForward(net, call, memory), ...wasmBackward(net, call, memory) };
}

function wasmForward(net, call, memory) {
  const { parameters, gradient, statistics, sums } = memory;
  return {
    // Weights in the order in which the kernels read them, again after every change; and their gradient back in its own.
    pack(training) {
      for (const { weight, in: channels, out, kernel, stride, index } of net.convs) {
        const { forward: panels, backward: others } = memory.convs[index];
        call.pack_forward(at(weight, parameters), panels.at, out, channels, kernel);
        if (!training) continue;
        for (const { y, x, panels: room } of others)
          call.pack_backward(at(weight, parameters), room.at, out, channels, kernel, y.last, x.last, stride);
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
      call.windows(
        ...windowsOf(conv, input),
        memory.convs[index].forward.at,
        out,
        y,
        ...steps,
        pass.images,
        sideOut,
        sideOut,
        0,
      );
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
      call.join(
        runs ? pass.convs[last.index].y.at : 0,
        own.scale.at,
        own.bias.at,
        bypass ? pass.convs[shortcut.index].y.at : h.at,
        bypass?.scale.at ?? 0,
        bypass?.bias.at ?? 0,
        out.at,
        pass.images,
        last.sideOut,
        last.out,
      );
    },
    classify({ classifier }, pass, h) {
      const { in: features, out: classes } = classifier;
      call.pool(h.at, pass.features.at, pass.images, sideOfLast(net), features);
      call.classify(
        pass.features.at,
        at(classifier.weight, parameters),
        at(classifier.bias, parameters),
        pass.logits.at,
        pass.images,
        features,
        classes,
      );
    },
  };
}

function wasmBackward(net, call, memory) {
  const { parameters, gradient, sums, factors, offsets } = memory;
  return {
    classifyBackward({ classifier }, pass, d) {
      const { in: features, out: classes } = classifier;
      call.classify_backward(
        pass.onLogits.at,
        pass.features.at,
        at(classifier.weight, parameters),
        at(classifier.weight, gradient),
        at(classifier.bias, gradient),
        pass.onFeatures.at,
        pass.images,
        features,
        classes,
      );
      call.pool_backward(pass.onFeatures.at, d.at, pass.images, sideOfLast(net), features);
    },
    throughRelu: ({ sideOut, out: channels }, pass, d, out) =>
      call.through_relu(d.at, out.at, pass.images, sideOut, channels),
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
        const [inverse, scale, sum, products] = [
          own.inverse.view[c],
          own.scale.view[c],
          sums.view[c],
          sums.view[out + c],
        ];
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
      call.outer_products(
        ...windowsOf(conv, input),
        ...pixelsOf(sideOut, out, d),
        out,
        memory.convs[index].onWeight.at,
        pass.images,
        sideOut,
        sideOut,
        offsets.at,
      );
    },
    dataGradient({ in: channels, out, stride, sideIn, sideOut, index }, d, onInput, pass, accumulate) {
      for (const { y, x, panels } of memory.convs[index].backward) {
        const [first, image, row, column] = pixelsOf(sideOut, out, d, { y: y.from, x: x.from });
        call.windows(
          first,
          image,
          row,
          column,
          y.taps,
          row,
          x.taps * out,
          panels.at,
          channels,
          ...pixelsOf(sideIn, channels, onInput, { y: y.remainder, x: x.remainder, step: stride }),
          pass.images,
          Math.ceil((sideIn - y.remainder) / stride),
          Math.ceil((sideIn - x.remainder) / stride),
          accumulate ? 1 : 0,
        );
      }
    },
  };
}
