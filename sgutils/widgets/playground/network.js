// The playground's network: the book's gated residual network, of vectors instead of images.
//
//     H_0 = ReLU(stem(x))        H_l = ReLU(g_l f_l(H_{l-1}) + H_{l-1})        logits = classifier(H_L)
//
// with f_l(H) = W_2 ReLU(W_1 H + c_1) + c_2. The gates g make it the teacher (p), a student (zeros and ones) or the plain
// network (ones); a block whose gate is 0 is not computed. Arrays hold one example after the other, weights one output
// after the other, as in PyTorch, with which `tests/explorables/test_playground_mathematics.py` compares all of it.

// shape: { inputs, width, blocks, classes }. All parameters stand in one array, in the order of the formulas above.
export function createNetwork(shape, random) {
  const net = layersIn(shape, new Float64Array(parameterCount(shape)));
  // He's scale keeps the signal's size through a ReLU; small branches keep the sum over all blocks from growing.
  const fill = ({ weight }, inputs, gain) => {
    const scale = gain * Math.sqrt(2 / inputs);
    for (let i = 0; i < weight.length; i += 1) weight[i] = scale * normal(random);
  };
  fill(net.stem, shape.inputs, 1);
  for (const { first, second } of net.blocks) {
    fill(first, shape.width, 1);
    fill(second, shape.width, 1 / Math.sqrt(shape.blocks));
  }
  fill(net.classifier, shape.width, 0.5);
  return net;
}

// The layers as views of one array: of the parameters, or of anything that goes with them (gradients, momentum).
export function layersIn(shape, values) {
  let from = 0;
  const take = (length) => {
    from += length;
    return values.subarray(from - length, from);
  };
  const layer = (inputs, outputs) => ({ weight: take(inputs * outputs), bias: take(outputs) });
  const { inputs, width, blocks, classes } = shape;
  return {
    shape,
    values,
    stem: layer(inputs, width),
    blocks: Array.from({ length: blocks }, () => ({ first: layer(width, width), second: layer(width, width) })),
    classifier: layer(width, classes),
  };
}

export function parameterCount({ inputs, width, blocks, classes }) {
  return (inputs + 1) * width + blocks * 2 * (width + 1) * width + (width + 1) * classes;
}

// Room for what a pass over up to `count` examples remembers, so that training makes no garbage.
export function createPass({ width, blocks, classes }, count) {
  const room = () => new Float64Array(count * width);
  return {
    own: Array.from({ length: blocks + 1 }, room), // where H_0 ... H_L may be written, ...
    states: [], // ... and which array is H_l: a block that is not run hands its input on
    hidden: Array.from({ length: blocks }, room),
    logits: new Float64Array(count * classes),
    onLogits: new Float64Array(count * classes), // the gradient of the loss on them
    scratch: [room(), room(), room()],
  };
}

// Leaves logits and features (`pass.states.at(-1)`) of the first `count` examples of x in the pass.
export function forward(net, pass, x, count, gates) {
  const { inputs, width, classes } = net.shape;
  linear(net.stem, x, count, inputs, width, pass.own[0]);
  rectify(pass.own[0], count * width);
  pass.states[0] = pass.own[0];
  net.blocks.forEach(({ first, second }, l) => {
    const [below, hidden, above] = [pass.states[l], pass.hidden[l], pass.own[l + 1]];
    pass.states[l + 1] = gates[l] === 0 ? below : above;
    if (gates[l] === 0) return;
    linear(first, below, count, width, width, hidden);
    rectify(hidden, count * width);
    linear(second, hidden, count, width, width, above);
    for (let i = 0; i < count * width; i += 1) above[i] = Math.max(0, gates[l] * above[i] + below[i]);
  });
  linear(net.classifier, pass.states.at(-1), count, width, classes, pass.logits);
}

// Adds to `gradients` (layers like the network's) what follows from `pass.onLogits`.
export function backward(net, pass, x, count, gates, gradients) {
  const { inputs, width, classes } = net.shape;
  const [onState, onHidden, onBranch] = pass.scratch;
  onState.fill(0);
  linearBackward(
    net.classifier,
    gradients.classifier,
    pass.states.at(-1),
    count,
    width,
    classes,
    pass.onLogits,
    onState,
  );
  for (let l = net.blocks.length - 1; l >= 0; l -= 1) {
    if (gates[l] === 0) continue;
    const [block, gradient] = [net.blocks[l], gradients.blocks[l]];
    stopWhereZero(onState, pass.states[l + 1], count * width);
    for (let i = 0; i < count * width; i += 1) onBranch[i] = gates[l] * onState[i];
    onHidden.fill(0);
    linearBackward(block.second, gradient.second, pass.hidden[l], count, width, width, onBranch, onHidden);
    stopWhereZero(onHidden, pass.hidden[l], count * width);
    // What reaches the block's input comes through the branch and, already there, around it.
    linearBackward(block.first, gradient.first, pass.states[l], count, width, width, onHidden, onState);
  }
  stopWhereZero(onState, pass.states[0], count * width);
  linearBackward(net.stem, gradients.stem, x, count, inputs, width, onState, null);
}

function linear({ weight, bias }, input, count, inputs, outputs, output) {
  for (let n = 0, row = 0, out = 0; n < count; n += 1, row += inputs) {
    for (let j = 0, w = 0; j < outputs; j += 1, out += 1) {
      let value = bias[j];
      for (let i = 0; i < inputs; i += 1, w += 1) value += weight[w] * input[row + i];
      output[out] = value;
    }
  }
}

function linearBackward({ weight }, gradient, input, count, inputs, outputs, onOutput, onInput) {
  const { weight: onWeight, bias: onBias } = gradient;
  for (let n = 0, row = 0, out = 0; n < count; n += 1, row += inputs) {
    for (let j = 0, w = 0; j < outputs; j += 1, out += 1, w += inputs) {
      const slope = onOutput[out];
      if (slope === 0) continue;
      onBias[j] += slope;
      for (let i = 0; i < inputs; i += 1) onWeight[w + i] += slope * input[row + i];
      if (onInput === null) continue;
      for (let i = 0; i < inputs; i += 1) onInput[row + i] += slope * weight[w + i];
    }
  }
}

function rectify(values, length) {
  for (let i = 0; i < length; i += 1) if (values[i] < 0) values[i] = 0;
}

function stopWhereZero(slopes, values, length) {
  for (let i = 0; i < length; i += 1) if (values[i] <= 0) slopes[i] = 0;
}

// A draw from the standard normal distribution (Box and Muller).
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
