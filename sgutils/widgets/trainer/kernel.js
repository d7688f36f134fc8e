// PyTorch in the kernel in the place of the page's worker: the same messages, from and to `kernel.py`.

export function kernelWorker(model) {
  const lane = Math.random().toString(36).slice(2);
  const worker = {
    onmessage: null,
    postMessage: (wish) => model.send({ lane, wish }),
    terminate() {
      model.off("msg:custom", hear);
      worker.postMessage({ close: true });
    },
  };
  const hear = (message, buffers) => {
    if (message.lane !== lane) return;
    worker.onmessage?.({ data: unpacked(message.told, buffers) });
    if (message.told.frame) worker.postMessage({ seen: true });
  };
  model.on("msg:custom", hear);
  return worker;
}

// What came beside a message takes its place in it.
function unpacked(told, buffers) {
  const [bytes] = (buffers ?? []).map(({ buffer, byteOffset, byteLength }) =>
    buffer.slice(byteOffset, byteOffset + byteLength),
  );
  if (told.ready) {
    const count = told.ready.labels.length;
    const size = bytes.byteLength / count;
    return {
      ...told,
      ready: { ...told.ready, pixels: Array.from({ length: count }, (_, i) => new Uint8Array(bytes, i * size, size)) },
    };
  }
  if (told.look) return { ...told, look: { ...told.look, features: bytes ? new Float32Array(bytes) : null } };
  if (told.file) return { ...told, file: new Uint8Array(bytes) };
  if (told.frame?.losses) {
    // JSON has no NaN.
    const losses = Object.fromEntries(
      Object.entries(told.frame.losses).map(([name, value]) => [name, value ?? Number.NaN]),
    );
    return { ...told, frame: { ...told.frame, losses } };
  }
  return told;
}
