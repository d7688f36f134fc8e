// The sliders of the method's own settings, the same in every explorable that has them.

import { LOGARITHM, slider } from "./controls.js";
import { fixed } from "./words.js";

export const lamSlider = (onInput) =>
  slider({ label: "λ weight", min: 0, max: 3, step: 0.05, say: (lam) => fixed(lam, 2), onInput });

export const tauSlider = (onInput) =>
  slider({ label: "τ temperature", min: 1, max: 10, step: 0.1, say: (tau) => fixed(tau, 1), onInput });

export const pLastSlider = (onInput) =>
  slider({ label: "p_L last survival", min: 0, max: 1, step: 0.01, say: (p) => fixed(p, 2), onInput });

export const seedSlider = (onInput) => slider({ label: "seed", min: 0, max: 99, step: 1, say: String, onInput });

// Logarithmic, from 0.001.
export const rateSlider = (max, onInput) =>
  slider({
    label: "learning rate",
    min: 0.001,
    max,
    step: 0.1,
    scale: LOGARITHM,
    say: learningRate,
    onInput: (lr) => onInput(Number(lr.toPrecision(2))),
  });

export const learningRate = (lr) => fixed(lr, lr < 0.01 ? 4 : 3);
