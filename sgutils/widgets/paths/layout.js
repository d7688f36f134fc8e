// Where things stand: the blocks of the network above and those of its paths below share their columns.

export function columns(width, count) {
  const narrow = width < 400;
  const [start, end] = [narrow ? 50 : 58, width - (narrow ? 46 : 66)]; // words stand at both sides
  const pitch = (end - start) / count;
  return {
    narrow,
    start,
    end,
    pitch,
    side: Math.min(30, 0.46 * pitch),
    at: (l, share = 0) => start + (l + share) * pitch,
  };
}

// Every way through the network: which blocks it runs through, those through few of them first.
export function waysThrough(count, kind) {
  if (kind === "chain") return [Array(count).fill(1)];
  const all = Array.from({ length: 2 ** count }, (_, way) =>
    Array.from({ length: count }, (_, l) => (way >> (count - 1 - l)) & 1),
  );
  return all.sort((one, other) => passed(one) - passed(other) || other.join("").localeCompare(one.join("")));
}

export function passed(way) {
  return way.reduce((sum, through) => sum + through, 0);
}

// A path is open as long as no block on it is closed.
export function isOpen(way, gates) {
  return way.every((through, l) => !through || gates[l]);
}
