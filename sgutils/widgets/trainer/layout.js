// A network of `networks.json` laid out for images of one size: where each tensor stands in the flat arrays of all
// parameters and of all running statistics, and the side of the image before and after each convolution.

// A convolution is { weight, gamma, beta, mean, variance } (places in the arrays; the last four are of the batch norm behind
// it) with { in, out, kernel, stride, sideIn, sideOut, gate } (the block whose gate weighs it, or null); a block is
// { branch: [convolution, ...], shortcut: convolution or null }; `tensors` names every place as `sgutils` does.
export function layout(network, side) {
  const counts = { parameters: 0, statistics: 0 };
  const tensors = [];
  const place = (kind, name, shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor = { kind, name, shape, offset: counts[kind], length };
    counts[kind] += length;
    tensors.push(tensor);
    return tensor;
  };
  const convs = [];
  const convolution = (given, sideIn) => {
    const { conv, norm, in: channels, out, kernel, stride } = given;
    const made = {
      ...given,
      index: convs.length,
      gate: null,
      sideIn,
      sideOut: Math.floor((sideIn - 1) / stride) + 1,
      weight: place("parameters", `${conv}.weight`, [out, channels, kernel, kernel]),
      gamma: place("parameters", `${norm}.weight`, [out]),
      beta: place("parameters", `${norm}.bias`, [out]),
      mean: place("statistics", `${norm}.running_mean`, [out]),
      variance: place("statistics", `${norm}.running_var`, [out]),
    };
    convs.push(made);
    return made;
  };
  const stem = convolution(network.stem, side);
  let at = stem.sideOut;
  const blocks = network.blocks.map(({ branch, shortcut }, l) => {
    let inside = at;
    const path = branch.map((given) => {
      const made = convolution(given, inside);
      inside = made.sideOut;
      return made;
    });
    const block = { branch: path, shortcut: shortcut && convolution(shortcut, at) };
    path.at(-1).gate = l; // its batch norm is the one that the block's gate weighs
    at = inside;
    return block;
  });
  const { name, in: features, out: classes } = network.classifier;
  const classifier = {
    in: features,
    out: classes,
    weight: place("parameters", `${name}.weight`, [classes, features]),
    bias: place("parameters", `${name}.bias`, [classes]),
  };
  return {
    convs,
    stem,
    blocks,
    classifier,
    tensors,
    side,
    features,
    classes,
    eps: network.eps,
    momentum: network.momentum,
    ...counts,
  };
}
