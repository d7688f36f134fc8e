// How alike two networks arrange the same images: linear CKA (Kornblith et al. 2019), as `sgutils.features.linear_cka` has it.

// From 0 to 1, of features a and b of the same n images, a row of numbers each; null where those of one network are all
// alike, or no numbers.
export function linearCka(a, b, n) {
  const [ours, theirs] = [centred(a, n), centred(b, n)];
  const own = Math.sqrt(squares(ours, ours) * squares(theirs, theirs));
  const cka = squares(ours, theirs) / own;
  return Number.isFinite(cka) ? cka : null;
}

// The columns, each with mean 0.
function centred(x, n) {
  const d = x.length / n;
  return Array.from({ length: d }, (_, k) => {
    const column = Float64Array.from({ length: n }, (__, i) => x[i * d + k]);
    const mean = column.reduce((total, value) => total + value, 0) / n;
    return column.map((value) => value - mean);
  });
}

// The squared Frobenius norm of A'B, of columns.
function squares(a, b) {
  let total = 0;
  for (const ours of a) {
    for (const theirs of b) {
      let product = 0;
      for (let i = 0; i < ours.length; i += 1) product += ours[i] * theirs[i];
      total += product * product;
    }
  }
  return total;
}
