// Building blocks of the page: elements that are made once and updated in place, one repaint a frame.

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

// A sentence in the place of an explorable that cannot be shown. Returns what takes it away.
export function sayInstead(el, name, sentence) {
  const root = frame(el, name, html("p", {}, sentence));
  return () => root.remove();
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

// Unique in the page, where every explorable brings its own copy of this file.
export function newId() {
  window.sgControls = (window.sgControls ?? 0) + 1;
  return `sg-control-${window.sgControls}`;
}

export function tryThis(...sentence) {
  return html("p", { class: "sg-try" }, html("b", {}, "Try: "), ...sentence);
}
