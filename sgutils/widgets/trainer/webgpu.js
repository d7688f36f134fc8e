// The engine on the graphics processor: the operations of `passes.js` by the kernels of `shaders.js`, through WebGPU.
// What it can do is what `wasmEngine` says.

import { PASSES } from "../lib/methods.js";
import { layout } from "./layout.js";
import { objective } from "./objective.js";
import { backwardPass, forwardPass, roomForGradients, roomForPass } from "./passes.js";
import { KERNELS, shader } from "./shaders.js";
import { ALONG, GROUP } from "./threads.js";
import { CONTROLS, GROUPS, partsOf, webgpuOperations } from "./webgpu_operations.js";

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
    const copy = device.createBuffer({
      size: sizes.reduce((a, b) => a + b),
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    let from = 0;
    buffers.forEach(({ gpu }, i) => {
      encoder.copyBufferToBuffer(gpu, 0, copy, from, sizes[i]);
      from += sizes[i];
    });
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const all = new Float32Array(copy.getMappedRange().slice(0));
    copy.destroy();
    return buffers.map(({ length }, i) =>
      all.subarray(sizes.slice(0, i).reduce((a, b) => a + b, 0) / 4).subarray(0, length),
    );
  }
  const set = (which, gates) => {
    passes[which].gates = gates;
    write(now, Float32Array.from(gates), gatesAt(which));
  };
  return {
    name: "webgpu",
    layout: net,
    batch,
    lost: device.lost,
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
        forwardPass(ops, net, passes[which], {
          training: true,
          keep: policy === "both" || which === "teacher" || !uses.teacher,
        });
      }
      ops.objective(uses);
      if (uses.student) backwardPass(ops, net, passes.student, scratch);
      if (uses.backwardFull) backwardPass(ops, net, passes.teacher, scratch);
      ops.descend();
      run.end();
      // The losses are for those who watch: they are worked out here, from the logits.
      const logits = await fetched(
        encoder,
        used.map((which) => passes[which].logits),
      );
      const made = Object.fromEntries(
        used.map((which, i) => [which, { logits: logits[i], onLogits: new Float32Array(logits[i].length) }]),
      );
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
      pipelines[name] ??= device.createComputePipeline({
        layout: "auto",
        compute: { module: device.createShaderModule({ code: shader(name), label: name }) },
      });
      const uniform = device.createBuffer({
        size: Math.ceil(values.length / 4) * 16,
        usage: GPUBufferUsage.UNIFORM,
        mappedAtCreation: true,
      });
      new Int32Array(uniform.getMappedRange()).set(values);
      uniform.unmap();
      known.set(
        key,
        device.createBindGroup({
          layout: pipelines[name].getBindGroupLayout(0),
          entries: [uniform, ...buffers.map(({ gpu }) => gpu)].map((buffer, binding) => ({
            binding,
            resource: { buffer },
          })),
        }),
      );
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
    arrays: {
      parameters: room(net.parameters),
      gradient: room(net.parameters),
      velocity: room(net.parameters),
      statistics: room(net.statistics),
    },
    now: room(1 + 2 * net.blocks.length + CONTROLS.length),
    labels: room(batch),
    passes,
    scratch: roomForGradients(net, { map }),
    sums: room(2 * GROUPS * widest),
    factors: room(3 * widest),
    parts: room(Math.max(...net.convs.map((conv) => partsOf(conv, batch).shares * conv.weight.length))),
  };
}
