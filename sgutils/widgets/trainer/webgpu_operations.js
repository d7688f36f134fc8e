// The operations of `passes.js` by the kernels of `shaders.js`.

import { TILE } from "./convolutions.js";
import { remainders } from "./passes.js";

// How many parts a weight gradient is summed in, so that all of a processor has work, and a batch norm's sums.
const PARTS = 512;
export const GROUPS = 64;
// What sliders set, behind the gates in `now`.
export const CONTROLS = ["lr", "momentum", "weight_decay", "nesterov", "lam", "tau"];

export function webgpuOperations(net, memory, run, batch) {
  const numbers = numbersOf(net, memory, run, batch);
  return { ...webgpuForward(net, memory, run, batch, numbers), ...webgpuBackward(net, memory, run, batch, numbers) };
}

// A number in single precision as a whole one of the same bits.
const bits = (value) => new Int32Array(Float32Array.of(value).buffer)[0];

// What kernels are told of a convolution and of the arrays around it.
function numbersOf(net, memory, run, batch) {
  const L = net.blocks.length;
  const gateOf = (conv, pass) => (conv.gate === null ? 0 : 1 + (pass === memory.passes.student ? 0 : L) + conv.gate);
  const control = Object.fromEntries(CONTROLS.map((name, i) => [name, 1 + 2 * L + i]));
  const pixelsOf = (side) => batch * side * side;
  const groupsOf = (pixels) => Math.min(GROUPS, Math.ceil(pixels / 64));
  const normOf = (conv, pass) => pass.convs[conv.index].norm;
  const yOf = (conv, pass) => pass.convs[conv.index].y;
  const windowsOf = ({ in: channels, out, kernel, stride, sideIn, sideOut }) => ({
    pixels: pixelsOf(sideOut),
    rows: sideOut,
    columns: sideOut,
    inputs: channels,
    channels: out,
    side: sideIn,
    step: stride,
    top: -(kernel >> 1),
    left: -(kernel >> 1),
    down: kernel,
    across: kernel,
  });
  const tiles = (rows, columns) => [Math.ceil(rows / TILE.rows), Math.ceil(columns / TILE.columns)];
  const normSums = (name, conv, more, ...buffers) => {
    const pixels = pixelsOf(conv.sideOut);
    run(
      name,
      { pixels, channels: conv.out, groups: groupsOf(pixels), ...more },
      [...buffers, memory.sums],
      [Math.ceil(conv.out / 16), groupsOf(pixels)],
    );
    return { channels: conv.out, pixels, groups: groupsOf(pixels) };
  };
  return { gateOf, control, pixelsOf, normOf, yOf, windowsOf, tiles, normSums };
}

function webgpuForward(net, memory, run, batch, numbers) {
  const { now, passes, labels, sums } = memory;
  const { parameters, statistics } = memory.arrays;
  const { control, gateOf, normOf, normSums, tiles, windowsOf, yOf } = numbers;
  return {
    clear: (map) => run.each("clear", map.length, {}, map),
    convolve(conv, input, pass) {
      const { in: channels, out, kernel, sideOut } = conv;
      const windows = windowsOf(conv);
      run(
        "windows",
        {
          ...windows,
          weight: conv.weight.offset,
          on_channel: channels * kernel * kernel,
          on_input: kernel * kernel,
          kernel,
          first_row: 0,
          first_column: 0,
          turn: 1,
          out_side: sideOut,
          out_step: 1,
          out_top: 0,
          out_left: 0,
          accumulate: 0,
        },
        [input, parameters, yOf(conv, pass)],
        tiles(windows.pixels, out),
      );
    },
    norm(conv, pass, { training, keep }) {
      const places = {
        gamma: conv.gamma.offset,
        beta: conv.beta.offset,
        mean: conv.mean.offset,
        variance: conv.variance.offset,
      };
      const counts = training
        ? normSums("moments", conv, { mean: places.mean }, yOf(conv, pass), statistics)
        : { channels: conv.out, pixels: 0, groups: 0 };
      run.each(
        "norm",
        conv.out,
        {
          ...counts,
          ...places,
          gate: gateOf(conv, pass),
          training: Number(training),
          keep: Number(keep),
          eps: bits(net.eps),
          momentum: bits(net.momentum),
        },
        sums,
        parameters,
        now,
        statistics,
        normOf(conv, pass),
      );
    },
    relu: (conv, pass, out) =>
      run.each("relu", out.length, { channels: conv.out }, yOf(conv, pass), normOf(conv, pass), out),
    join({ branch, shortcut }, pass, h, out, runs) {
      const last = branch.at(-1);
      run.each(
        "join",
        out.length,
        { channels: last.out, runs: Number(runs), bypass: Number(Boolean(shortcut)) },
        yOf(last, pass),
        normOf(last, pass),
        shortcut ? yOf(shortcut, pass) : h,
        normOf(shortcut ?? last, pass),
        out,
      );
    },
    classify({ classifier, features, classes }, pass, h) {
      run.each(
        "pool",
        pass.features.length,
        { channels: features, pixels: h.length / pass.features.length },
        h,
        pass.features,
      );
      run.each(
        "classify",
        pass.logits.length,
        { channels: features, classes, weight: classifier.weight.offset, bias: classifier.bias.offset },
        pass.features,
        parameters,
        pass.logits,
      );
    },
    objective({ student, teacher, backwardFull }) {
      run.each(
        "objective",
        batch,
        {
          classes: net.classes,
          student: Number(student),
          teacher: Number(teacher),
          learn_teacher: Number(backwardFull),
          lam: control.lam,
          tau: control.tau,
        },
        passes.student.logits,
        passes.teacher.logits,
        labels,
        now,
        passes.student.onLogits,
        passes.teacher.onLogits,
      );
    },
  };
}

function webgpuBackward(net, memory, run, batch, numbers) {
  const { now, sums, factors, parts } = memory;
  const { parameters, gradient, velocity } = memory.arrays;
  const { control, gateOf, normOf, normSums, tiles, windowsOf, yOf } = numbers;
  return {
    classifyBackward({ classifier, features, classes }, pass, d) {
      const places = { channels: features, classes, weight: classifier.weight.offset, bias: classifier.bias.offset };
      run.each(
        "classify_weights",
        classes * (features + 1),
        { images: batch, ...places },
        pass.onLogits,
        pass.features,
        gradient,
      );
      run.each(
        "pool_backward",
        d.length,
        { pixels: d.length / pass.features.length, ...places },
        pass.onLogits,
        parameters,
        d,
      );
    },
    throughRelu: (_conv, _pass, d, out) => run.each("through_relu", d.length, {}, out, d),
    normBackward(conv, pass, d, before) {
      const counts = normSums("norm_sums", conv, {}, d, yOf(conv, pass), normOf(conv, pass));
      run.each(
        "norm_factors",
        conv.out,
        { ...counts, gamma: conv.gamma.offset, beta: conv.beta.offset, gate: gateOf(conv, pass) },
        sums,
        normOf(conv, pass),
        now,
        gradient,
        factors,
      );
      const buffers = [d, yOf(conv, pass), normOf(conv, pass), factors];
      if (before === d) run.each("norm_backward_here", d.length, { channels: conv.out }, ...buffers);
      else run.each("norm_backward", d.length, { channels: conv.out }, ...buffers, before);
    },
    weightGradient(conv, input, d) {
      const { in: channels, out, kernel } = conv;
      const windows = windowsOf(conv);
      const { deep, shares, share } = partsOf(conv, batch);
      run("products", { ...windows, share }, [input, d, parts], [...tiles(deep, out), shares]);
      run.each(
        "gather",
        deep * out,
        { channels: out, inputs: channels, taps: kernel * kernel, shares, weight: conv.weight.offset },
        parts,
        gradient,
      );
    },
    dataGradient(conv, d, onInput, _pass, accumulate) {
      const { in: channels, out, kernel, stride, sideIn, sideOut } = conv;
      for (const y of remainders(conv)) {
        for (const x of remainders(conv)) {
          const [rows, columns] = [y, x].map(({ remainder }) => Math.ceil((sideIn - remainder) / stride));
          run(
            "windows",
            {
              pixels: batch * rows * columns,
              rows,
              columns,
              inputs: out,
              channels,
              side: sideOut,
              step: 1,
              top: y.from,
              left: x.from,
              down: y.taps,
              across: x.taps,
              weight: conv.weight.offset,
              on_channel: kernel * kernel,
              on_input: channels * kernel * kernel,
              kernel,
              first_row: y.last,
              first_column: x.last,
              turn: -stride,
              out_side: sideIn,
              out_step: stride,
              out_top: y.remainder,
              out_left: x.remainder,
              accumulate: Number(accumulate),
            },
            [d, parameters, onInput],
            tiles(batch * rows * columns, channels),
          );
        }
      }
    },
    descend: () => run.each("descend", net.parameters, control, gradient, now, parameters, velocity),
  };
}

// The pixels of a weight gradient's sum are shared among enough groups that the processor has work for all its parts.
export function partsOf({ in: channels, out, kernel, sideOut }, batch) {
  const [deep, pixels] = [kernel * kernel * channels, batch * sideOut * sideOut];
  const shares = Math.max(
    1,
    Math.min(Math.ceil(pixels / 64), Math.floor(PARTS / (Math.ceil(deep / TILE.rows) * Math.ceil(out / TILE.columns)))),
  );
  const share = Math.ceil(pixels / shares);
  return { deep, share, shares: Math.ceil(pixels / share) };
}
