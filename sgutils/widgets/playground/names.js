// How the playground names its settings.

import { isGuided } from "../lib/methods.js";
import { learningRate } from "../lib/settings.js";
import { fixed } from "../lib/words.js";

// All settings of a network in one line.
export function settingsWords({ method, lam, tau, p_last, depth, lr, seed }) {
  const guidance = isGuided(method) ? `λ ${fixed(lam, 2)}, τ ${fixed(tau, 1)}, ` : "";
  const blocks = `${depth} ${depth === 1 ? "block" : "blocks"}`;
  return `${guidance}p_L ${fixed(p_last, 2)}, ${blocks}, learning rate ${learningRate(lr)}, seed ${seed}`;
}
