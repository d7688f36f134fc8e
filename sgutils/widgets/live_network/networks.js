// The two networks: what they are called, and what was recorded of them.

import { bytes, check } from "../lib/recording.js";

export const NETWORKS = ["self-guidance", "baseline"];

export const NAMES = { "self-guidance": "Self-Guidance", baseline: "trained plainly" };

export const COLORS = { "self-guidance": "sg-teacher", baseline: "sg-baseline" };

// What `sgutils.widgets.recorders.live_network` wrote; null where it is not that.
export function readNetworks(recording) {
  try {
    const { classes, survival, side, mean, std, test_images: testImages, wrong, images } = recording;
    check(survival.length <= 16 && survival.every((p) => typeof p === "number" && p >= 0 && p <= 1));
    check([mean, std].every(Number.isFinite) && std > 0 && testImages > 0 && images.length > 0);
    check(classes.every((name) => typeof name === "string"));
    const numbers = (values) => check(values.length === classes.length && values.every(Number.isFinite), values);
    return {
      classes,
      survival,
      side,
      mean,
      std,
      testImages,
      wrong: Object.fromEntries(NETWORKS.map((name) => [name, bytes(wrong[name], 2 ** survival.length + 1)])),
      images: images.map(({ label, pixels, whole }) => ({
        label: check(Number.isInteger(label) && label >= 0 && label < classes.length, label),
        pixels: bytes(pixels, side * side),
        whole: Object.fromEntries(NETWORKS.map((name) => [name, numbers(whole[name])])),
      })),
    };
  } catch {
    return null;
  }
}
