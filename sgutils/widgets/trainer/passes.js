// One pass through a gated network and back, in the terms of an engine's operations (`wasm.js`, `webgpu.js`):
//
//     H_0 = ReLU(BN(stem(x)))        H_l = ReLU(g_l f_l(H_{l-1}) + shortcut_l(H_{l-1}))        logits = classifier(pool(H_L))
//
// A block whose gate is 0 is not computed, neither forward nor backward.

// Room for a pass over a batch: `map(side, channels)` and `room(length)` make an engine's own kind of array.
export function roomForPass(net, batch, { map, room }) {
  return {
    input: map(net.side, net.stem.in),
    stem: map(net.stem.sideOut, net.stem.out),
    // Of each convolution what it gives, and of the batch norm behind it the mean, 1 / deviation, scale and bias.
    convs: net.convs.map(({ sideOut, out }) => ({ y: map(sideOut, out), norm: room(4 * out) })),
    blocks: net.blocks.map(({ branch }) => ({
      inside: branch.slice(0, -1).map(({ sideOut, out }) => map(sideOut, out)),
      out: map(branch.at(-1).sideOut, branch.at(-1).out),
    })),
    features: room(batch * net.features),
    logits: room(batch * net.classes),
    onFeatures: room(batch * net.features),
    onLogits: room(batch * net.classes),
    gates: null,
    images: batch,
    states: [], // which array is H_l: a block that is not run hands its input on
  };
}

// Room for gradients on their way back, by shape: two on the way along the blocks, two inside a branch.
export function roomForGradients(net, { map }) {
  const shapes = new Map();
  const of = (side, channels) => {
    const key = `${side}x${channels}`;
    if (!shapes.has(key))
      shapes.set(key, {
        along: [map(side, channels), map(side, channels)],
        inside: [map(side, channels), map(side, channels)],
      });
    return shapes.get(key);
  };
  for (const { sideOut, out } of net.convs) of(sideOut, out);
  return of;
}

// `mode` is { training, keep }: whether batch norm takes the batch's statistics, and whether the running ones follow.
export function forwardPass(ops, net, pass, mode) {
  ops.convolve(net.stem, pass.input, pass);
  ops.norm(net.stem, pass, mode);
  ops.relu(net.stem, pass, pass.stem);
  let h = pass.stem;
  pass.states = [h];
  net.blocks.forEach((block, l) => {
    const { branch, shortcut } = block;
    const { inside, out } = pass.blocks[l];
    const runs = pass.gates[l] !== 0;
    if (shortcut) {
      ops.convolve(shortcut, h, pass);
      ops.norm(shortcut, pass, mode);
    }
    if (runs) {
      branch.forEach((conv, i) => {
        ops.convolve(conv, i === 0 ? h : inside[i - 1], pass);
        ops.norm(conv, pass, mode);
        if (i < inside.length) ops.relu(conv, pass, inside[i]);
      });
    }
    if (runs || shortcut) {
      ops.join(block, pass, h, out, runs);
      h = out;
    }
    pass.states.push(h);
  });
  ops.classify(net, pass, h);
}

// Adds the gradient of the loss, which `onLogits` of the pass starts from, to the parameters'.
export function backwardPass(ops, net, pass, scratch) {
  const final = net.blocks.at(-1).branch.at(-1);
  let d = scratch(final.sideOut, final.out).along[0];
  ops.classifyBackward(net, pass, d);
  for (let l = net.blocks.length - 1; l >= 0; l -= 1) {
    const { branch, shortcut } = net.blocks[l];
    const runs = pass.gates[l] !== 0;
    if (!runs && !shortcut) continue;
    const [first, last] = [branch[0], branch.at(-1)];
    const [from, to] = [pass.states[l], pass.states[l + 1]];
    ops.throughRelu(last, pass, d, to);
    // Past the branch goes the same gradient, unless a shortcut changes it.
    const onInput = shortcut ? scratch(first.sideIn, first.in).along.find((room) => room !== d) : d;
    if (shortcut) {
      const g = scratch(shortcut.sideOut, shortcut.out).inside[0];
      ops.normBackward(shortcut, pass, d, g);
      ops.weightGradient(shortcut, from, g, pass);
      ops.clear(onInput);
      ops.dataGradient(shortcut, g, onInput, pass, true);
    }
    if (runs) {
      let turn = 0;
      let g = scratch(last.sideOut, last.out).inside[turn];
      ops.normBackward(last, pass, d, g);
      for (let i = branch.length - 1; i > 0; i -= 1) {
        const [conv, before, input] = [branch[i], branch[i - 1], pass.blocks[l].inside[i - 1]];
        ops.weightGradient(conv, input, g, pass);
        turn = 1 - turn;
        const next = scratch(before.sideOut, before.out).inside[turn];
        ops.dataGradient(conv, g, next, pass, false);
        ops.throughRelu(before, pass, next, input);
        ops.normBackward(before, pass, next, next);
        g = next;
      }
      ops.weightGradient(first, from, g, pass);
      ops.dataGradient(first, g, onInput, pass, true);
    }
    d = onInput;
  }
  ops.throughRelu(net.stem, pass, d, pass.states[0]);
  ops.normBackward(net.stem, pass, d, d);
  ops.weightGradient(net.stem, pass.input, d, pass); // nothing flows back into the images
}

// Along one axis of a data gradient: the input's places s * i + remainder meet the kernel's entries last, last - s, ... over
// as many gradients (`taps`) from place i + from on. So it is a convolution again, with other weights for each remainder.
export function remainders({ kernel, stride }) {
  const margin = kernel >> 1;
  return Array.from({ length: stride }, (_, remainder) => {
    let last = kernel - 1;
    while (last >= 0 && (remainder + margin - last) % stride !== 0) last -= 1;
    return { remainder, last, taps: Math.floor(last / stride) + 1, from: (remainder + margin - last) / stride };
  }).filter(({ last }) => last >= 0);
}
