// Painting on a canvas in the theme's colours.

// Three classes differ in colour and shape, ten in colour and by their digit.
const CLASS_COLORS = { 3: [3, 4, 6], 10: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] };

// Colours of the theme as they are now, for canvases, which style sheets do not reach.
export function lookOf(el, { classes }) {
  const style = getComputedStyle(el);
  const color = (name) => style.getPropertyValue(`--sg-${name}`).trim();
  const inks = CLASS_COLORS[classes].map((number) => color(`class-${number}`));
  return {
    inks,
    shares: inks.map(channels),
    ink: color("ink"),
    line: color("line"),
    surface: color("surface"),
    paper: channels(color("surface")),
  };
}

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// The canvas in the pixels of the screen, emptied; its context counts in those of the page.
export function clear(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((length) =>
    Math.max(1, Math.round(length * scale)),
  );
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

// A disc, a square, a triangle: one a class.
export function mark(context, kind, x, y, radius) {
  context.beginPath();
  if (kind === 0) context.arc(x, y, radius, 0, 7);
  else if (kind === 1) context.rect(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius);
  else {
    context.moveTo(x, y - 1.3 * radius);
    context.lineTo(x + 1.2 * radius, y + 0.9 * radius);
    context.lineTo(x - 1.2 * radius, y + 0.9 * radius);
    context.closePath();
  }
}
