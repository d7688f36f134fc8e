// Scales of charts: where a value lies, which values are marked, and how they are written. All charts of the book take
// theirs from here. Linear, logarithmic and root scales of d3-scale would add 12 kB (gzip) to each explorable.

const IDENTITY = { to: (value) => value, from: (value) => value };
const LOGARITHM = { to: Math.log10, from: (value) => 10 ** value };
const ROOT = { to: Math.sqrt, from: (value) => value * value };

// A scale is { low, high, at(value), from(place), ticks(most) }: from the values between `low` and `high` to the places
// between `start` and `end`, in pixels, and back; what lies beyond runs on.
export const linear = (domain, range) => scale(domain, range, IDENTITY, niceTicks);
export const logarithmic = (domain, range) => scale(domain, range, LOGARITHM, logTicks);
// Spreads small values apart; its ticks are for the chart to choose.
export const root = (domain, range) => scale(domain, range, ROOT, niceTicks);

function scale([low, high], [start, end], { to, from }, ticks) {
  const [first, length] = [to(low), to(high) - to(low) || 1];
  return {
    low,
    high,
    at: (value) => start + ((to(value) - first) / length) * (end - start),
    from: (place) => from(first + ((place - start) / (end - start || 1)) * length),
    ticks: (most) => ticks(low, high, most),
  };
}

// Multiples of a step of 1, 2 or 5 times a power of ten that makes at most `most` of them, or the two that make an axis
// readable where so few have room.
export function niceTicks(low, high, most) {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const sizes = [0.2, 0.5, 1, 2, 5, 10].map((times) => times * power);
  const wanted = sizes.findIndex((size) => size >= rough * (1 - 1e-9));
  const ticks = multiples(low, high, sizes[wanted]);
  return ticks.length > 1 ? ticks : multiples(low, high, sizes[wanted - 1]);
}

function multiples(low, high, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toFixed(digits)));
}

// 1, 2 and 5 times the powers of ten, or over more than two decades the powers alone.
function logTicks(low, high) {
  const [from, to] = [Math.log10(low) - 1e-9, Math.log10(high) + 1e-9];
  const factors = to - from > 2.01 ? [1] : [1, 2, 5];
  const powers = Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, i) => Math.floor(from) + i);
  return powers
    .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(1))))
    .filter((value) => Math.log10(value) >= from && Math.log10(value) <= to);
}

// The ticks of one axis with the same number of digits: [[0, "0.0"], [0.5, "0.5"]].
export function written(ticks) {
  const digits = Math.max(0, ...ticks.map((value) => (String(value).split(".")[1] ?? "").length));
  return ticks.map((value) => [value, value.toFixed(digits).replace("-", "−")]);
}
