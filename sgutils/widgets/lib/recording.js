// Reading recordings: what is not as it should be throws, and the reader of the whole makes null of it.

export function bytes(content, length) {
  const text = atob(content);
  check(text.length === length);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function check(holds, value) {
  if (!holds) throw new Error("not a recording");
  return value;
}
