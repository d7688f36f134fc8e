// The engine on the graphics processor: the operations of `passes.js` by the kernels of `shaders.js`, through WebGPU.
// What it can do is what `wasmEngine` says.

import { PASSES } from "../lib/methods.js";
import { layout } from "./layout.js";
import { objective } from "./objective.js";
import { backwardPass, forwardPass, remainders, roomForGradients, roomForPass } from "./passes.js";
import { ALONG, GROUP, KERNELS, TILE, shader } from "./shaders.js";

// How many parts a weight gradient is summed in, so that all of a processor has work, and a batch norm's sums.
const [PARTS, GROUPS] = [512, 64];
const CONTROLS = ["lr", "momentum", "weight_decay", "nesterov", "lam", "tau"];

// The engine, or null where the browser or the machine has no WebGPU.
export async function webgpuEngine(network, { side, batch }) {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return null;
  const device = await adapter.requestDevice();
  const net = layout(network, side);
  const memory = webgpuMemory(net, device, batch);
  const { now, passes, scratch, labels, arrays } = memory;
  const run = dispatcher(device);
  const ops = webgpuOperations(net, memory, run, batch);
  const L = net.blocks.length;
  const gatesAt = (which) => 1 + (which === "student" ? 0 : L);
  const write = (buffer, values, from = 0) => device.queue.writeBuffer(buffer.gpu, 4 * from, values);
  write(now, Float32Array.of(1));

  // Copies of buffers as numbers.
  async function fetched(encoder, buffers) {
    const sizes = buffers.map(({ length }) => 4 * length);
    const copy = device.createBuffer({ size: sizes.reduce((a, b) => a + b), usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    let from = 0;
    buffers.forEach(({ gpu }, i) => {
      encoder.copyBufferToBuffer(gpu, 0, copy, from, sizes[i]);
      from += sizes[i];
    });
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const all = new Float32Array(copy.getMappedRange().slice(0));
    copy.destroy();
    return buffers.map(({ length }, i) => all.subarray(sizes.slice(0, i).reduce((a, b) => a + b, 0) / 4).subarray(0, length));
  }
  const set = (which, gates) => {
    passes[which].gates = gates;
    write(now, Float32Array.from(gates), gatesAt(which));
  };
  return {
    name: "webgpu", layout: net, batch, lost: device.lost,
    write: (kind, values) => write(arrays[kind], Float32Array.from(values)),
    read: async (kind) => (await fetched(device.createCommandEncoder(), [arrays[kind]]))[0].slice(),
    // Batches are whole here: y has `batch` labels.
    async step({ x, y, method, student, teacher, lam, tau, lr, momentum, weightDecay, nesterov, statistics: policy }) {
      const uses = PASSES[method];
      write(passes.student.input, x);
      write(labels, Uint32Array.from(y));
      write(now, Float32Array.of(lr, momentum, weightDecay, nesterov ? 1 : 0, lam, tau), 1 + 2 * L);
      const used = ["student", "teacher"].filter((which) => uses[which]);
      set("student", student);
      set("teacher", teacher);
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(arrays.gradient.gpu);
      run.begin(encoder);
      for (const which of used) {
        forwardPass(ops, net, passes[which], { training: true, keep: policy === "both" || which === "teacher" || !uses.teacher });
      }
      ops.objective(uses);
      if (uses.student) backwardPass(ops, net, passes.student, scratch);
      if (uses.backwardFull) backwardPass(ops, net, passes.teacher, scratch);
      ops.descend();
      run.end();
      // The losses are for those who watch: they are worked out here, from the logits.
      const logits = await fetched(encoder, used.map((which) => passes[which].logits));
      const made = Object.fromEntries(used.map((which, i) => [which, { logits: logits[i], onLogits: new Float32Array(logits[i].length) }]));
      return objective(method, made, y, net.classes, { lam, tau });
    },
    async run(x, images, gates) {
      const [logits, features] = [new Float32Array(images * net.classes), new Float32Array(images * net.features)];
      const size = side * side * net.stem.in;
      const pass = passes.teacher;
      set("teacher", gates);
      for (let from = 0; from < images; from += batch) {
        const count = Math.min(batch, images - from);
        write(pass.input, x.subarray(from * size, (from + count) * size));
        const encoder = device.createCommandEncoder();
        run.begin(encoder);
        forwardPass(ops, net, pass, { training: false, keep: false });
        run.end();
        const [some, more] = await fetched(encoder, [pass.logits, pass.features]);
        logits.set(some.subarray(0, count * net.classes), from * net.classes);
        features.set(more.subarray(0, count * net.features), from * net.features);
      }
      return { logits, features };
    },
    close: () => device.destroy(),
  };
}

// Runs a kernel with its numbers and buffers; what it needs for that is made once and kept.
function dispatcher(device) {
  const [pipelines, known] = [{}, new Map()];
  let pass = null;
  const run = (name, numbers, buffers, [x, y = 1, z = 1]) => {
    const values = KERNELS[name][0].split(" ").map((field) => numbers[field]);
    const key = [name, ...values, ...buffers.map(({ id }) => id)].join();
    if (!known.has(key)) {
      pipelines[name] ??= device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code: shader(name), label: name }) } });
      const uniform = device.createBuffer({ size: Math.ceil(values.length / 4) * 16, usage: GPUBufferUsage.UNIFORM, mappedAtCreation: true });
      new Int32Array(uniform.getMappedRange()).set(values);
      uniform.unmap();
      known.set(key, device.createBindGroup({
        layout: pipelines[name].getBindGroupLayout(0),
        entries: [uniform, ...buffers.map(({ gpu }) => gpu)].map((buffer, binding) => ({ binding, resource: { buffer } })),
      }));
    }
    pass.setPipeline(pipelines[name]);
    pass.setBindGroup(0, known.get(key));
    pass.dispatchWorkgroups(x, y, z);
  };
  return Object.assign(run, {
    // A thread for each of `count` numbers.
    each(name, count, numbers, ...buffers) {
      const groups = Math.ceil(count / GROUP);
      run(name, { count, ...numbers }, buffers, [Math.min(groups, ALONG), Math.ceil(groups / ALONG)]);
    },
    begin(encoder) {
      pass = encoder.beginComputePass();
    },
    end() {
      pass.end();
    },
  });
}

function webgpuOperations(net, memory, run, batch) {
  const { now, arrays: { parameters, gradient, statistics, velocity }, passes, labels, sums, factors, parts } = memory;
  const L = net.blocks.length;
  const gateOf = (conv, pass) => (conv.gate === null ? 0 : 1 + (pass === passes.student ? 0 : L) + conv.gate);
  const control = Object.fromEntries(CONTROLS.map((name, i) => [name, 1 + 2 * L + i]));
  const bits = (value) => new Int32Array(Float32Array.of(value).buffer)[0];
  const pixelsOf = (side) => batch * side * side;
  const groupsOf = (pixels) => Math.min(GROUPS, Math.ceil(pixels / 64));
  const normOf = (conv, pass) => pass.convs[conv.index].norm;
  const yOf = (conv, pass) => pass.convs[conv.index].y;
  const windowsOf = ({ in: channels, out, kernel, stride, sideIn, sideOut }) => ({
    pixels: pixelsOf(sideOut), rows: sideOut, columns: sideOut, inputs: channels, channels: out, side: sideIn, step: stride,
    top: -(kernel >> 1), left: -(kernel >> 1), down: kernel, across: kernel,
  });
  const tiles = (rows, columns) => [Math.ceil(rows / TILE.rows), Math.ceil(columns / TILE.columns)];
  const normSums = (name, conv, more, ...buffers) => {
    const pixels = pixelsOf(conv.sideOut);
    run(name, { pixels, channels: conv.out, groups: groupsOf(pixels), ...more }, [...buffers, sums], [Math.ceil(conv.out / 16), groupsOf(pixels)]);
    return { channels: conv.out, pixels, groups: groupsOf(pixels) };
  };
  return {
    clear: (map) => run.each("clear", map.length, {}, map),
    convolve(conv, input, pass) {
      const { in: channels, out, kernel, sideOut } = conv;
      const windows = windowsOf(conv);
      run("windows", { ...windows, weight: conv.weight.offset, on_channel: channels * kernel * kernel, on_input: kernel * kernel, kernel, first_row: 0, first_column: 0,
        turn: 1, out_side: sideOut, out_step: 1, out_top: 0, out_left: 0, accumulate: 0 }, [input, parameters, yOf(conv, pass)], tiles(windows.pixels, out));
    },
    norm(conv, pass, { training, keep }) {
      const places = { gamma: conv.gamma.offset, beta: conv.beta.offset, mean: conv.mean.offset, variance: conv.variance.offset };
      const counts = training ? normSums("moments", conv, { mean: places.mean }, yOf(conv, pass), statistics) : { channels: conv.out, pixels: 0, groups: 0 };
      run.each("norm", conv.out, { ...counts, ...places, gate: gateOf(conv, pass), training: Number(training), keep: Number(keep), eps: bits(net.eps), momentum: bits(net.momentum) },
        sums, parameters, now, statistics, normOf(conv, pass));
    },
    relu: (conv, pass, out) => run.each("relu", out.length, { channels: conv.out }, yOf(conv, pass), normOf(conv, pass), out),
    join({ branch, shortcut }, pass, h, out, runs) {
      const last = branch.at(-1);
      run.each("join", out.length, { channels: last.out, runs: Number(runs), bypass: Number(Boolean(shortcut)) }, yOf(last, pass), normOf(last, pass),
        shortcut ? yOf(shortcut, pass) : h, normOf(shortcut ?? last, pass), out);
    },
    classify({ classifier, features, classes }, pass, h) {
      run.each("pool", pass.features.length, { channels: features, pixels: h.length / pass.features.length }, h, pass.features);
      run.each("classify", pass.logits.length, { channels: features, classes, weight: classifier.weight.offset, bias: classifier.bias.offset },
        pass.features, parameters, pass.logits);
    },
    objective({ student, teacher, backwardFull }) {
      run.each("objective", batch, { classes: net.classes, student: Number(student), teacher: Number(teacher), learn_teacher: Number(backwardFull), lam: control.lam, tau: control.tau },
        passes.student.logits, passes.teacher.logits, labels, now, passes.student.onLogits, passes.teacher.onLogits);
    },
    classifyBackward({ classifier, features, classes }, pass, d) {
      const places = { channels: features, classes, weight: classifier.weight.offset, bias: classifier.bias.offset };
      run.each("classify_weights", classes * (features + 1), { images: batch, ...places }, pass.onLogits, pass.features, gradient);
      run.each("pool_backward", d.length, { pixels: d.length / pass.features.length, ...places }, pass.onLogits, parameters, d);
    },
    throughRelu: (conv, pass, d, out) => run.each("through_relu", d.length, {}, out, d),
    normBackward(conv, pass, d, before) {
      const counts = normSums("norm_sums", conv, {}, d, yOf(conv, pass), normOf(conv, pass));
      run.each("norm_factors", conv.out, { ...counts, gamma: conv.gamma.offset, beta: conv.beta.offset, gate: gateOf(conv, pass) },
        sums, normOf(conv, pass), now, gradient, factors);
      const buffers = [d, yOf(conv, pass), normOf(conv, pass), factors];
      if (before === d) run.each("norm_backward_here", d.length, { channels: conv.out }, ...buffers);
      else run.each("norm_backward", d.length, { channels: conv.out }, ...buffers, before);
    },
    weightGradient(conv, input, d) {
      const { in: channels, out, kernel } = conv;
      const windows = windowsOf(conv);
      const { deep, shares, share } = partsOf(conv, batch);
      run("products", { ...windows, share }, [input, d, parts], [...tiles(deep, out), shares]);
      run.each("gather", deep * out, { channels: out, inputs: channels, taps: kernel * kernel, shares, weight: conv.weight.offset }, parts, gradient);
    },
    dataGradient(conv, d, onInput, pass, accumulate) {
      const { in: channels, out, kernel, stride, sideIn, sideOut } = conv;
      for (const y of remainders(conv)) {
        for (const x of remainders(conv)) {
          const [rows, columns] = [y, x].map(({ remainder }) => Math.ceil((sideIn - remainder) / stride));
          run("windows", { pixels: batch * rows * columns, rows, columns, inputs: out, channels, side: sideOut, step: 1, top: y.from, left: x.from, down: y.taps, across: x.taps,
            weight: conv.weight.offset, on_channel: kernel * kernel, on_input: channels * kernel * kernel, kernel, first_row: y.last, first_column: x.last, turn: -stride,
            out_side: sideIn, out_step: stride, out_top: y.remainder, out_left: x.remainder, accumulate: Number(accumulate) },
          [d, parameters, onInput], tiles(batch * rows * columns, channels));
        }
      }
    },
    descend: () => run.each("descend", net.parameters, control, gradient, now, parameters, velocity),
  };
}

// The pixels of a weight gradient's sum are shared among so many groups that the processor has work for all its parts.
function partsOf({ in: channels, out, kernel, sideOut }, batch) {
  const [deep, pixels] = [kernel * kernel * channels, batch * sideOut * sideOut];
  const shares = Math.max(1, Math.min(Math.ceil(pixels / 64), Math.floor(PARTS / (Math.ceil(deep / TILE.rows) * Math.ceil(out / TILE.columns)))));
  const share = Math.ceil(pixels / shares);
  return { deep, share, shares: Math.ceil(pixels / share) };
}

// Buffers for everything, zeros at first: { id, gpu, length } each.
function webgpuMemory(net, device, batch) {
  let made = 0;
  const room = (length) => {
    made += 1;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return { id: made, length, gpu: device.createBuffer({ size: 4 * Math.max(4, length), usage }) };
  };
  const map = (side, channels) => room(batch * side * side * channels);
  const widest = Math.max(...net.convs.map(({ out }) => out));
  const passes = { student: roomForPass(net, batch, { map, room }), teacher: roomForPass(net, batch, { map, room }) };
  passes.teacher.input = passes.student.input;
  return {
    arrays: { parameters: room(net.parameters), gradient: room(net.parameters), velocity: room(net.parameters), statistics: room(net.statistics) },
    now: room(1 + 2 * net.blocks.length + CONTROLS.length), labels: room(batch),
    passes, scratch: roomForGradients(net, { map }),
    sums: room(2 * GROUPS * widest), factors: room(3 * widest),
    parts: room(Math.max(...net.convs.map((conv) => partsOf(conv, batch).shares * conv.weight.length))),
  };
}
