// Workers, where the page may have them.

import { html, sayInstead } from "./dom.js";

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
    sayInstead(el, name, sentence);
    return null;
  }
}
