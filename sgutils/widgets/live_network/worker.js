// The networks in a worker of the page, run by ONNX Runtime Web (wasm, one thread: no host need send special headers).
// In come { id, ask, ... }, out go { id, answer } or { id, failed }, and { progress } while files come.

import { unzipped } from "../lib/files.js";

const RUNTIME = ["onnxruntime/ort.wasm.bundle.min.mjs", "onnxruntime/ort-wasm-simd-threaded.wasm.gz"];

let [ort, known, testSet] = [null, null, null];
const sessions = {};

const answers = {
  // `about` is what the recording says of the networks: names, survival, side, mean, std.
  async load({ root, about }) {
    known = about;
    const files = [
      ...RUNTIME,
      ...known.networks.map((name) => `_static/networks/${name}.onnx`),
      "_static/networks/test-set.gz",
    ];
    const [script, wasm, ...data] = await fetchAll(files.map((file) => new URL(file, root)));
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    ort = await import(url);
    URL.revokeObjectURL(url);
    Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: await unzipped(wasm) });
    testSet = await unzipped(data.pop());
    for (const name of known.networks) {
      sessions[name] = await ort.InferenceSession.create(data.shift(), { executionProviders: ["wasm"] });
    }
    return testSet.length / (1 + known.side ** 2);
  },

  async logits({ network, gates, pixels }) {
    return [...(await run(network, gates, pixels))];
  },

  async wrong({ network, gates, start, count }) {
    const [size, images] = [known.side ** 2, testSet.length / (1 + known.side ** 2)];
    const from = images + start * size;
    const logits = await run(network, gates, testSet.subarray(from, from + count * size));
    const classes = logits.length / count;
    let wrong = 0;
    for (let i = 0; i < count; i += 1) {
      const own = logits.subarray(i * classes, (i + 1) * classes);
      if (own.indexOf(Math.max(...own)) !== testSet[start + i]) wrong += 1;
    }
    return wrong;
  },
};

async function run(network, gates, pixels) {
  const images = Float32Array.from(pixels, (value) => (value - known.mean) / known.std);
  const values = Float32Array.from(gates === "p" ? known.survival : gates, Number);
  const { logits } = await sessions[network].run({
    images: new ort.Tensor("float32", images, [pixels.length / known.side ** 2, 1, known.side, known.side]),
    gates: new ort.Tensor("float32", values, [values.length]),
  });
  return logits.data;
}

// All files at once, telling how far they have come by the sizes that the server announces, where it does.
async function fetchAll(urls) {
  const responses = await Promise.all(urls.map((url) => fetch(url)));
  for (const { ok, status, url } of responses) if (!ok) throw new Error(`${url} answered ${status}`);
  const sizes = responses.map(({ headers }) => Number(headers.get("content-length")));
  const total = sizes.every((size) => size > 0) ? sizes.reduce((a, b) => a + b) : null;
  let come = 0;
  return Promise.all(
    responses.map(async ({ body }) => {
      const [reader, parts] = [body.getReader(), []];
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        parts.push(next.value);
        come += next.value.length;
        // What a server packs for the way is longer when it is unpacked than it said.
        if (total !== null) postMessage({ progress: Math.min(1, come / total) });
      }
      return new Uint8Array(await new Blob(parts).arrayBuffer());
    }),
  );
}

// One after another: a session answers one question at a time.
let last = Promise.resolve();
self.onmessage = ({ data }) => {
  last = last.then(async () => {
    try {
      postMessage({ id: data.id, answer: await answers[data.ask](data) });
    } catch (error) {
      postMessage({ id: data.id, failed: error.message ?? String(error) });
    }
  });
};
