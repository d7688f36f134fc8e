// Reads what `book/_tools/record_trainer.py` wrote: the views of a training in the page, one after the other. Null where
// it is not that.

import { bytes, check } from "../lib/recording.js";
import { DATASETS } from "./datasets.js";

const METHODS = ["baseline", "stochastic-depth", "self-guidance", "without-backward-full"];
const STEPS = 32767; // of a coordinate, from the middle to the edge

export function readTraining(recording) {
  try {
    const { settings, epoch, labels, pixels, frames } = recording;
    const { side, classes } = DATASETS[settings.data];
    check(METHODS.includes(settings.method) && [settings.lam, settings.tau, epoch].every(Number.isFinite));
    check(labels.length > 0 && labels.length <= 500 && labels.every((label) => classes[label] !== undefined));
    check(frames.length > 1);
    const half = (side * side) / 2;
    const photos = bytes(pixels, labels.length * half);
    const history = frames.map(({ steps, teacher, student }) => [steps, teacher.error, student.error]);
    check(history.flat().every(Number.isFinite));
    const network = ({ gates, error, said }) => ({
      gates: check(gates.length > 0 && gates.length <= 64 && gates.every((gate) => gate >= 0 && gate <= 1), gates),
      error,
      said: [...bytes(said, labels.length)],
    });
    return {
      settings,
      labels,
      // Four bits a pixel became eight again.
      pixels: (i) =>
        Uint8Array.from({ length: 2 * half }, (_, k) => {
          const pair = photos[i * half + (k >> 1)];
          return 17 * (k % 2 ? pair & 15 : pair >> 4);
        }),
      views: frames.map(({ steps, losses, teacher, student, cka, map }, i) => {
        check(losses === null || Object.values(losses).every((value) => value === null || Number.isFinite(value)));
        check(cka === null || (cka >= 0 && cka <= 1));
        const places = new Int16Array(bytes(map, 8 * labels.length).buffer);
        return {
          steps,
          epoch: steps / epoch,
          losses,
          history: history.slice(0, i + 1),
          teacher: network(teacher),
          student: network(student),
          ckas: [cka],
          y: Float32Array.from(places, (place) => place / STEPS),
        };
      }),
    };
  } catch {
    return null;
  }
}
