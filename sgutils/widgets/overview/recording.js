// Reads what `sgutils.widgets.recorders.overview` wrote; null where it is not that.

import { bytes, check } from "../lib/recording.js";

export function readRecording(recording) {
  try {
    const { classes, survival, side, step, images } = recording;
    const read = images.map(({ label, pixels, teacher, students }) => {
      const logits = (content, count) => {
        const values = bytes(content, count * classes.length);
        return (n) => [...values.subarray(n * classes.length, (n + 1) * classes.length)].map((below) => -below * step);
      };
      const studentLogits = logits(students, 2 ** survival.length);
      return {
        label: check(Number.isInteger(label) && label >= 0 && label < classes.length, label),
        pixels: bytes(pixels, side * side),
        teacher: logits(teacher, 1)(0),
        students: (gates) => studentLogits(gates.reduce((number, gate) => 2 * number + gate, 0)),
      };
    });
    check(read.length > 0 && step > 0 && classes.every((name) => typeof name === "string"));
    check(survival.every((p) => typeof p === "number" && p >= 0 && p <= 1));
    return { classes, survival, side, images: read };
  } catch {
    return null;
  }
}
