// Building blocks of the page: elements, labelled native controls, handles in a picture, one repaint a frame.

const SVG = "http://www.w3.org/2000/svg";

export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  attr(node, attributes);
  node.append(...children);
  return node;
}

// Sets what differs: null removes. Untouched attributes cost the browser nothing, so painting may repeat itself.
export function attr(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
  return node;
}

export function text(node, content) {
  if (node.textContent !== content) node.textContent = content;
  return node;
}

// As many children as items, made once and updated in place, so that focus and hover survive a repaint.
export function each(parent, items, make, update) {
  while (parent.childNodes.length > items.length) parent.lastChild.remove();
  items.forEach((item, i) => {
    if (i >= parent.childNodes.length) parent.append(make(item, i));
    update(parent.childNodes[i], item, i);
  });
}

// The explorable's frame inside its host, a Jupyter cell or the site.
export function frame(el, name, ...children) {
  // JupyterLab would take arrow keys and letters for commands of its own; its older versions before they come here, ...
  const root = html("div", { class: `sg-x sg-${name}`, "data-lm-suppress-shortcuts": "true" }, ...children);
  // ... and other hosts, such as a site that turns its pages by arrow keys, after.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  el.append(root);
  return root;
}

// A drawing as wide as its place. One with handles in it is a group to a screen reader, one without is an image.
export function picture({ handles = false } = {}) {
  const drawing = svg("svg", { role: handles ? "group" : "img" });
  const el = html("div", { class: "sg-picture" }, drawing);
  const size = (width, height) => attr(drawing, { width, height, viewBox: `0 0 ${width} ${height}` });
  return { el, svg: drawing, size, width: () => el.clientWidth };
}

// Repaints at most once a frame, and when the width changes. Returns [repaint, stop].
export function painter(root, paint) {
  let pending = null;
  const run = () => {
    pending = null;
    if (root.clientWidth > 0) paint();
  };
  const repaint = () => {
    pending ??= requestAnimationFrame(run);
  };
  const observer = new ResizeObserver(repaint);
  observer.observe(root);
  const stop = () => {
    observer.disconnect();
    cancelAnimationFrame(pending);
  };
  return [repaint, stop];
}

// A worker from its text (see bundle.py): from a Blob, because a page opened by double-click may load no script for one.
export function spawn(workerSource) {
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.addEventListener("message", () => URL.revokeObjectURL(url), { once: true });
  return worker;
}

// The worker that an explorable cannot do without. Where the page may not start one, or it breaks down (some browsers
// refuse one only then), the sentence takes the explorable's place; in the first case there is no worker, but null.
export function spawnOrSay(el, name, workerSource, sentence) {
  try {
    const worker = spawn(workerSource);
    worker.addEventListener("error", () => el.querySelector(`.sg-${name}`)?.replaceChildren(html("p", {}, sentence)));
    return worker;
  } catch {
    frame(el, name, html("p", {}, sentence));
    return null;
  }
}

// Tells when the colours may have changed, for what is painted on a canvas; returns what ends it.
export function onTheme(tell) {
  const observer = new MutationObserver(tell);
  for (const node of [document.documentElement, document.body]) observer.observe(node, { attributes: true });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", tell);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", tell);
  };
}

export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Every control is { el, show(value) }: the native element in its label, and a way to make it show a state.

// `scale` turns the slider's own position into the value and back (a logarithm, say); `say` writes the value.
export function slider({ label, min, max, step, say, scale = IDENTITY, onInput }) {
  const id = newId();
  // Its name is what was written, without the index of `p_L` below the line, which a screen reader would swallow.
  const input = html("input", { id, type: "range", min: scale.to(min), max: scale.to(max), step, "aria-label": label });
  const output = html("output", { for: id });
  input.addEventListener("input", () => onInput(scale.from(input.valueAsNumber)));
  return {
    el: html(
      "div",
      { class: "sg-control" },
      html("label", { class: "sg-name", for: id }, ...words(label)),
      output,
      input,
    ),
    show(value) {
      // Written while the hand is on it, the slider would stick to its own rounding.
      if (Math.abs(input.valueAsNumber - scale.to(value)) > step / 2) input.value = scale.to(value);
      attr(input, { "aria-valuetext": say(value) });
      text(output, say(value));
    },
  };
}

const IDENTITY = { to: (value) => value, from: (position) => position };

export const LOGARITHM = { to: Math.log, from: Math.exp };

// One of a few, all in sight: radio buttons. `options` are [value, words] or [value, words, picture].
export function choice({ label, options, onChange }) {
  const group = newId();
  const inputs = options.map(([value, words, drawing]) => {
    const input = html("input", { type: "radio", name: group, "aria-label": words });
    input.addEventListener("change", () => onChange(value));
    return { value, input, el: html("label", {}, input, html("span", {}, drawing ?? words)) };
  });
  const el = html(
    "fieldset",
    { class: "sg-control sg-choice" },
    html("legend", { class: "sg-name" }, label),
    html("div", { class: "sg-options" }, ...inputs.map(({ el }) => el)),
  );
  return {
    el,
    show(value) {
      for (const option of inputs) option.input.checked = option.value === value;
    },
    // Where it would change nothing it can not be chosen.
    enable(useful) {
      el.disabled = !useful;
    },
  };
}

// Unique in the page, where every explorable brings its own copy of this file.
function newId() {
  window.sgControls = (window.sgControls ?? 0) + 1;
  return `sg-control-${window.sgControls}`;
}

export function select({ label, options, onChange }) {
  const menu = html("select", {}, ...options.map(([value, words]) => html("option", { value }, words)));
  menu.addEventListener("change", () => onChange(options[menu.selectedIndex][0]));
  return {
    el: html("label", { class: "sg-control" }, html("span", { class: "sg-name" }, label), menu),
    show(value) {
      menu.selectedIndex = options.findIndex(([option]) => option === value);
    },
  };
}

export function button(words, onClick) {
  const el = html("button", { type: "button" }, words);
  el.addEventListener("click", onClick);
  return el;
}

// Settings worth seeing, as buttons; the one that holds at the moment is pressed.
export function presets({ label, options, onChoose }) {
  const buttons = options.map(([value, words]) => ({ value, el: button(words, () => onChoose(value)) }));
  return {
    el: html("div", { class: "sg-presets", role: "group", "aria-label": label }, ...buttons.map(({ el }) => el)),
    show(holds) {
      for (const { value, el } of buttons) attr(el, { "aria-pressed": holds(value) });
    },
  };
}

// A row of figures: { el, show([value, ...]) }; each name is a list of text and elements.
export function figures(names) {
  const items = names.map((name) => ({ name, value: html("output") }));
  return {
    // Not a list of definitions, though it is one: hosts give those a shape of their own.
    el: html(
      "div",
      { class: "sg-figures" },
      ...items.map(({ name, value }) => html("div", {}, value, html("span", { class: "sg-name" }, ...name))),
    ),
    show(values) {
      values.forEach((value, i) => text(items[i].value, value));
    },
  };
}

// A grey image in the colour of the text, light where its bytes are 0: `show(pixels)` changes it.
export function thumbnail(pixels, side, size) {
  const id = newId();
  const image = svg("image", { width: 1, height: 1, preserveAspectRatio: "none" });
  const node = svg(
    "svg",
    { viewBox: "0 0 1 1", width: size, height: size, class: "sg-photo", "aria-hidden": true },
    svg("mask", { id }, image),
    svg("rect", { class: "sg-tile", width: 1, height: 1, rx: 0.06 }),
    svg("rect", { class: "sg-shade", width: 1, height: 1, mask: `url(#${id})` }),
  );
  let shown = null;
  node.show = (next) => {
    if (next === shown) return;
    shown = next;
    attr(image, { href: greyImage(next, side) });
  };
  if (pixels) node.show(pixels);
  return node;
}

function greyImage(pixels, side) {
  const canvas = html("canvas", { width: side, height: side });
  const context = canvas.getContext("2d");
  const data = context.createImageData(side, side);
  pixels.forEach((value, i) => data.data.set([value, value, value, 255], 4 * i));
  context.putImageData(data, 0, 0);
  return canvas.toDataURL();
}

export function tryThis(...sentence) {
  return html("p", { class: "sg-try" }, html("b", {}, "Try: "), ...sentence);
}

// Follows the pointer once it is pressed on a node: `onMove(x, y)` in the picture's own units.
export function draggable(node, drawing, onMove) {
  node.classList.add("sg-movable");
  const at = (event) => {
    const matrix = drawing.getScreenCTM();
    onMove((event.clientX - matrix.e) / matrix.a, (event.clientY - matrix.f) / matrix.d);
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    at(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) at(event);
  });
}

// Makes a node a handle for pointer and keyboard: `onKey(dx, dy)` gets arrow keys as steps (y up), ten at once with
// Shift or the page keys.
export function handle(node, drawing, { onMove, onKey }) {
  attr(node, { tabindex: 0 });
  draggable(node, drawing, onMove);
  node.addEventListener("keydown", (event) => {
    const step = KEYS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const times = event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1;
    onKey(step[0] * times, step[1] * times);
  });
}

const KEYS = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  PageUp: [0, 10],
  PageDown: [0, -10],
  End: [0, 1000],
  Home: [0, -1000],
};

// Block glyphs that can be switched: filled = runs, hollow and dashed = skipped. One stop for the Tab key; arrow keys go
// along the row, Space and Enter switch. `onToggle(l)`; `place(l)` gives { x, y, side, pitch } of a glyph's middle.
export function switchRow({ name, onToggle }) {
  const node = svg("g", { role: "group", "aria-label": "Blocks" });
  let [active, rolling] = [0, false];
  const focus = (l) => {
    active = Math.min(node.childNodes.length - 1, Math.max(0, l));
    node.childNodes.forEach((glyph, i) => attr(glyph, { tabindex: i === active ? 0 : -1 }));
    node.childNodes[active].focus();
  };
  const make = (_, l) => {
    const glyph = svg(
      "g",
      { class: "sg-glyph", role: "switch", tabindex: l === active ? 0 : -1, "aria-label": name(l) },
      svg("rect", { class: "sg-grip" }),
      svg("rect", { class: "sg-block" }),
    );
    glyph.addEventListener("click", () => {
      focus(l);
      onToggle(l);
    });
    glyph.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const moves = { ArrowRight: l + 1, ArrowLeft: l - 1, Home: 0, End: Infinity };
      if (event.key in moves) focus(moves[event.key]);
      else if (event.key === " " || event.key === "Enter") onToggle(l);
      else return;
      event.preventDefault();
    });
    return glyph;
  };
  return {
    node,
    // The next change runs along the row instead of coming at once.
    roll() {
      rolling = true;
    },
    paint(gates, place) {
      each(node, gates, make, (glyph, gate, l) => {
        const { x, y, side, pitch } = place(l);
        const [grip, block] = glyph.childNodes;
        attr(glyph, {
          "aria-checked": gate > 0,
          style: `--sg-delay: ${rolling ? Math.round((400 * l) / gates.length) : 0}ms`,
        });
        attr(grip, { x: x - pitch / 2, y: y - 18, width: pitch, height: 36 });
        const tall = Math.max(side, 16);
        attr(block, { x: x - side / 2, y: y - tall / 2, width: side, height: tall, rx: Math.min(5, side / 4) });
      });
      if (active >= gates.length) active = 0;
      if (!node.contains(document.activeElement)) {
        node.childNodes.forEach((glyph, i) => attr(glyph, { tabindex: i === active ? 0 : -1 }));
      }
      rolling = false;
    },
  };
}

// A formula as the parts of an SVG text: single letters in italics, `_x` as an index. formula("τ (p_T − p_S)")
export function formula(written) {
  let dropped = 0;
  return parts(written).map(({ index, letter, content }) => {
    const drop = (index ? 3 : 0) - dropped;
    dropped += drop;
    const look = index ? { "font-size": "0.75em" } : letter ? { class: "sg-math" } : {};
    return svg("tspan", { ...look, ...(drop ? { dy: drop } : {}) }, content);
  });
}

// The same in HTML.
export function words(written) {
  return parts(written).map(({ index, letter, content }) =>
    index ? html("sub", {}, content) : letter ? html("i", { class: "sg-math" }, content) : content,
  );
}

function parts(written) {
  return [...written.matchAll(/_(\w)|([A-Za-zτλ∂]+)|([^A-Za-zτλ∂_]+)/g)].map(([, index, letters, other]) => ({
    index: Boolean(index),
    letter: letters?.length === 1,
    content: index ?? letters ?? other,
  }));
}

// Numbers as the book writes them: a true minus sign, no "-0.00".
export function fixed(value, digits) {
  const written = value.toFixed(digits);
  return Number(written) === 0 ? written.replace("-", "") : written.replace("-", "−");
}

export function percent(share, digits = 0) {
  return `${fixed(100 * share, digits)} %`;
}
