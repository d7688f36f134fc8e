// Reads what `sgutils.widgets.recorders.feature_space` wrote; null where it is not that.

import { bytes, check } from "../lib/recording.js";

const MEASURES = ["error", "probe", "silhouette", "cka"];

export function readFeatures(recording) {
  try {
    const { classes, labels, side, images, components, epochs, students, methods } = recording;
    check(isText(...classes) && isText(...Object.values(students)) && classes.length > 1 && classes.length <= 10);
    check(
      labels.length > 10 && labels.every((label) => Number.isInteger(label) && label >= 0 && label < classes.length),
    );
    check(Number.isInteger(side) && side % 2 === 0 && Number.isInteger(components) && components > 0);
    check(
      epochs.length > 1 &&
        epochs.every((epoch, i) => Number.isInteger(epoch) && epoch >= 0 && !(epoch <= epochs[i - 1])),
    );
    const networks = 1 + Object.keys(students).length;
    const packed = bytes(images, (labels.length * side * side) / 2);
    const perNetwork = labels.length * components;
    const readState = ({ features, ...measures }) => {
      const steps = Int8Array.from(bytes(features, networks * perNetwork));
      for (const name of MEASURES)
        check(measures[name].length === networks && measures[name].flat().every(Number.isFinite));
      return { ...measures, features: (network) => steps.subarray(network * perNetwork, (network + 1) * perNetwork) };
    };
    return {
      classes,
      labels,
      side,
      components,
      epochs,
      students: Object.entries(students).map(([name, gates], i) => ({ name, gates, network: i + 1 })),
      methods: Object.fromEntries(
        ["self-guidance", "baseline"].map((method) => {
          check(methods[method].length === epochs.length);
          return [method, methods[method].map(readState)];
        }),
      ),
      // Four bits a pixel became eight again.
      pixels: (i) => {
        const half = (side * side) / 2;
        return Uint8Array.from(
          { length: side * side },
          (_, k) => 17 * (k % 2 ? packed[i * half + (k >> 1)] & 15 : packed[i * half + (k >> 1)] >> 4),
        );
      },
    };
  } catch {
    return null;
  }
}

function isText(...values) {
  return values.every((value) => typeof value === "string");
}
