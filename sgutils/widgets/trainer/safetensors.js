// The safetensors format: eight bytes that say how long the header is, the header as JSON, then all numbers.

// A file of tensors { name, shape, values } in single precision; `metadata` holds texts.
export function safetensors(tensors, metadata) {
  const header = { __metadata__: metadata };
  let from = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [from, from + 4 * values.length] };
    from += 4 * values.length;
  }
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8)); // numbers begin at a multiple of 8
  const file = new Uint8Array(8 + head.length + from);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  let at = 8 + head.length;
  for (const { values } of tensors) {
    const view = new DataView(file.buffer, at, 4 * values.length);
    values.forEach((value, i) => {
      view.setFloat32(4 * i, value, true);
    });
    at += 4 * values.length;
  }
  return file;
}
