// What the playground shows of a network: its errors, its answers over the plane or on digits, its features.

import { predicted, softmaxInto } from "../lib/methods.js";
import { REACH } from "./datasets.js";
import { createPass, forward } from "./network.js";

// Runs a network on examples; one pass is made for all calls and grows when it must.
export function createReader(net) {
  let [pass, room] = [null, 0];
  return (x, count, gates) => {
    if (count > room) [pass, room] = [createPass(net.shape, count), count];
    forward(net, pass, x, count, gates);
    return pass;
  };
}

// The share of examples that the network with these gates gets wrong.
export function errorOf(read, { x, y }, classes, gates) {
  const { logits } = read(x, y.length, gates);
  let wrong = 0;
  for (let n = 0; n < y.length; n += 1) if (predicted(logits, n, classes) !== y[n]) wrong += 1;
  return wrong / y.length;
}

// The middles of side x side tiles over the plane, row by row from the top.
export function planeGrid(side) {
  const x = new Float64Array(2 * side * side);
  for (let i = 0; i < side * side; i += 1) {
    x[2 * i] = REACH * ((2 * (i % side) + 1) / side - 1);
    x[2 * i + 1] = REACH * (1 - (2 * Math.floor(i / side) + 1) / side);
  }
  return x;
}

// Class probabilities on each example of x.
export function probabilities(read, x, count, classes, gates) {
  const { logits } = read(x, count, gates);
  const all = new Float32Array(count * classes);
  const p = new Float64Array(classes);
  for (let n = 0; n < count; n += 1) {
    softmaxInto(p, logits, n, classes, 1);
    all.set(p, n * classes);
  }
  return all;
}

// The class that is predicted for each example of x.
export function predictions(read, x, count, classes, gates) {
  const { logits } = read(x, count, gates);
  return Uint8Array.from({ length: count }, (_, n) => predicted(logits, n, classes));
}

// Penultimate features of each example of x, one after the other.
export function featuresOf(read, x, count, width, gates) {
  return read(x, count, gates)
    .states.at(-1)
    .slice(0, count * width);
}

// The plane in which features spread most (their two first principal components), as a function to places in it: their
// middle is 0, and one unit is one standard deviation along the first. It is turned so that the mean of class 0 lies to
// the left and that of class 1 not below, or the picture would flip and spin from one step to the next.
export function principalPlane(features, labels, width) {
  const count = labels.length;
  const mean = new Float64Array(width);
  for (let i = 0; i < count * width; i += 1) mean[i % width] += features[i] / count;
  const covariance = Array.from({ length: width }, (_, a) =>
    Float64Array.from({ length: width }, (_, b) => {
      let total = 0;
      for (let n = 0; n < count; n += 1)
        total += (features[n * width + a] - mean[a]) * (features[n * width + b] - mean[b]);
      return total / count;
    }),
  );
  const { values, vectors } = symmetricEigen(covariance);
  const [first, second] = values
    .map((value, i) => [value, i])
    .sort((one, other) => other[0] - one[0])
    .map(([, i]) => i);
  const unit = Math.sqrt(Math.max(values[first], 1e-12));
  const flat = (all) => {
    const places = new Float32Array(2 * (all.length / width));
    for (let n = 0; n < all.length / width; n += 1) {
      for (let i = 0; i < width; i += 1) {
        const from = (all[n * width + i] - mean[i]) / unit;
        places[2 * n] += from * vectors[first][i];
        places[2 * n + 1] += from * vectors[second][i];
      }
    }
    return places;
  };
  const [zero, one] = [0, 1].map((k) => meanPlace(flat(features), labels, k));
  const turn = Math.PI - Math.atan2(zero[1], zero[0]);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const flip = one[0] * sin + one[1] * cos < 0 ? -1 : 1;
  return (all) => {
    const places = flat(all);
    for (let n = 0; n < places.length; n += 2) {
      const [a, b] = [places[n], places[n + 1]];
      places[n] = a * cos - b * sin;
      places[n + 1] = flip * (a * sin + b * cos);
    }
    return places;
  };
}

function meanPlace(places, labels, k) {
  const total = [0, 0];
  labels.forEach((label, n) => {
    if (label === k) [total[0], total[1]] = [total[0] + places[2 * n], total[1] + places[2 * n + 1]];
  });
  return total;
}

// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations; the matrix is used up.
export function symmetricEigen(matrix) {
  const size = matrix.length;
  const vectors = matrix.map((_, i) => Float64Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 12; sweep += 1) {
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) {
        if (Math.abs(matrix[p][q]) < 1e-14) continue;
        rotate(matrix, vectors, p, q);
      }
    }
  }
  return { values: matrix.map((row, i) => row[i]), vectors };
}

// Turns axes p and q until the matrix has a 0 where they meet.
function rotate(matrix, vectors, p, q) {
  const angle = 0.5 * Math.atan2(2 * matrix[p][q], matrix[q][q] - matrix[p][p]);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const mix = (one, other) => {
    for (let i = 0; i < one.length; i += 1) {
      [one[i], other[i]] = [cos * one[i] - sin * other[i], sin * one[i] + cos * other[i]];
    }
  };
  mix(matrix[p], matrix[q]);
  for (const row of matrix) [row[p], row[q]] = [cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]];
  mix(vectors[p], vectors[q]);
}
