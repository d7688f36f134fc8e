// Exact t-SNE (van der Maaten and Hinton 2008) on typed arrays: affinities by perplexity, its gradient, its steps.
// Points are rows: x holds n rows of d numbers, y n rows of 2, p n rows of n.

import { randomNumbers } from "./math.js";

// A cold start pulls neighbours together this much harder than they are alike, so that groups form before they settle.
export const EXAGGERATION = 12;

const [COARSEST, MOST_SEARCHES] = [1e-5, 60];

// p_ij, symmetric, of sum 1: row by row a Gaussian as wide as it takes to have `perplexity` effective neighbours.
export function affinities(x, n, d, perplexity) {
  const p = squaredDistances(x, n, d);
  const goal = Math.log(perplexity);
  let beta = 1 / mean(p); // a row starts from the width of the one before
  for (let i = 0; i < n; i += 1) {
    const row = p.subarray(i * n, (i + 1) * n);
    beta = widthOf(row, i, goal, beta);
  }
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const both = (p[i * n + j] + p[j * n + i]) / (2 * n);
      p[i * n + j] = both;
      p[j * n + i] = both;
    }
  }
  return p;
}

// Turns a row of squared distances into probabilities p_j|i of the wished entropy; returns the width that did it.
function widthOf(row, i, goal, start) {
  const n = row.length;
  let nearest = Infinity;
  for (let j = 0; j < n; j += 1) if (j !== i && row[j] < nearest) nearest = row[j];
  let [low, high, beta, total] = [0, Infinity, start, 1];
  for (let search = 0; search < MOST_SEARCHES; search += 1) {
    const weights = weightsAt(beta, row, i, nearest);
    total = weights.total;
    const tooMuch = Math.log(total) + beta * weights.mean - goal;
    if (Math.abs(tooMuch) < COARSEST) break;
    if (tooMuch > 0) low = beta;
    else high = beta;
    // Newton's step in log(beta), where the entropy falls by beta^2 times the variance; halving where that leaves the bounds.
    const next = beta * Math.exp(tooMuch / (beta * beta * weights.variance));
    if (next > low && next < high) beta = next;
    else beta = high === Infinity ? beta * 2 : (low + high) / 2;
  }
  for (let j = 0; j < n; j += 1) row[j] = j === i ? 0 : Math.exp(-beta * (row[j] - nearest)) / total;
  return beta;
}

// The sum of a row's weights at a width, and mean and variance of the distances under them.
function weightsAt(beta, row, i, nearest) {
  let [total, weighted, squared] = [0, 0, 0];
  for (let j = 0; j < row.length; j += 1) {
    if (j === i) continue;
    const further = row[j] - nearest;
    const weight = Math.exp(-beta * further);
    total += weight;
    weighted += weight * further;
    squared += weight * further * further;
  }
  const average = weighted / total;
  return { total, mean: average, variance: squared / total - average * average };
}

function squaredDistances(x, n, d) {
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) {
      let total = 0;
      for (let k = 0; k < d; k += 1) {
        const apart = x[i * d + k] - x[j * d + k];
        total += apart * apart;
      }
      distances[i * n + j] = total;
      distances[j * n + i] = total;
    }
  }
  return distances;
}

function mean(values) {
  return values.reduce((total, value) => total + value, 0) / values.length || 1;
}

// d KL(P || Q) / d y, n rows of 2; with p exaggerated where that is not 1. One pass over the pairs: attraction, and
// repulsion whose common factor 1/Z is known at the end. Plain variables, because lists of them cost time here.
export function mapGradient(p, y, n, exaggeration = 1, { gradient, repulsion } = gradientSpace(n)) {
  gradient.fill(0);
  repulsion.fill(0);
  let z = 0;
  for (let i = 1; i < n; i += 1) {
    const row = i * n;
    const yi = y[2 * i];
    const zi = y[2 * i + 1];
    let pullX = 0;
    let pullY = 0;
    let pushX = 0;
    let pushY = 0;
    for (let j = 0; j < i; j += 1) {
      const dx = yi - y[2 * j];
      const dy = zi - y[2 * j + 1];
      const q = 1 / (1 + dx * dx + dy * dy);
      const pull = p[row + j] * q;
      const push = q * q;
      z += 2 * q;
      pullX += pull * dx;
      pullY += pull * dy;
      pushX += push * dx;
      pushY += push * dy;
      gradient[2 * j] -= pull * dx;
      gradient[2 * j + 1] -= pull * dy;
      repulsion[2 * j] -= push * dx;
      repulsion[2 * j + 1] -= push * dy;
    }
    gradient[2 * i] += pullX;
    gradient[2 * i + 1] += pullY;
    repulsion[2 * i] += pushX;
    repulsion[2 * i + 1] += pushY;
  }
  for (let k = 0; k < 2 * n; k += 1) gradient[k] = 4 * (exaggeration * gradient[k] - repulsion[k] / z);
  return gradient;
}

function gradientSpace(n) {
  return { gradient: new Float64Array(2 * n), repulsion: new Float64Array(2 * n) };
}

// KL(P || Q) in nats, what the steps make small.
export function mapDivergence(p, y, n) {
  let [z, value] = [0, 0];
  const closeness = (i, j) => 1 / (1 + (y[2 * i] - y[2 * j]) ** 2 + (y[2 * i + 1] - y[2 * j + 1]) ** 2);
  for (let i = 0; i < n; i += 1) for (let j = 0; j < i; j += 1) z += 2 * closeness(i, j);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const both = p[i * n + j];
      if (both > 0) value += 2 * both * Math.log((both * z) / closeness(i, j));
    }
  }
  return value;
}

// A tiny cloud around 0, the same for the same seed.
export function coldStart(n, seed) {
  const random = randomNumbers(seed);
  const y = new Float64Array(2 * n);
  for (let i = 0; i < n; i += 1) {
    const [radius, angle] = [1e-2 * Math.sqrt(-2 * Math.log(1 - random())), 2 * Math.PI * random()];
    y[2 * i] = radius * Math.cos(angle);
    y[2 * i + 1] = radius * Math.sin(angle);
  }
  return y;
}

// A map that moves: from `y`, at rest. step(p, exaggeration) moves every point once.
export function movingMap(y, n) {
  const [velocity, gains, space] = [new Float64Array(2 * n), new Float64Array(2 * n).fill(1), gradientSpace(n)];
  return {
    y,
    step(p, exaggeration = 1) {
      const gradient = mapGradient(p, y, n, exaggeration, space);
      // Exaggerated attraction allows shorter steps only (Belkina et al. 2019).
      const [momentum, rate] = exaggeration === 1 ? [0.8, n] : [0.5, n / exaggeration];
      for (let k = 0; k < 2 * n; k += 1) {
        // Steps grow where they keep their direction, and shrink where they turn.
        gains[k] = Math.max(0.01, gradient[k] * velocity[k] < 0 ? gains[k] + 0.2 : gains[k] * 0.8);
        velocity[k] = momentum * velocity[k] - rate * gains[k] * gradient[k];
        y[k] += velocity[k];
      }
      for (const axis of [0, 1]) {
        let middle = 0;
        for (let i = 0; i < n; i += 1) middle += y[2 * i + axis] / n;
        for (let i = 0; i < n; i += 1) y[2 * i + axis] -= middle;
      }
    },
  };
}
