// Marks in a drawing as one stop for the Tab key: arrow keys go from mark to mark, and a mark tells its story when met.

import { attr } from "./dom.js";
import { clamp } from "./math.js";

export function roving(parent, tell) {
  let active = 0;
  const meet = (event) => {
    const mark = event.target.closest?.(".sg-mark");
    if (mark) tell(mark.said);
  };
  const settle = () => {
    active = clamp(active, 0, Math.max(0, parent.childNodes.length - 1));
    parent.childNodes.forEach((mark, i) => attr(mark, { tabindex: i === active ? 0 : -1 }));
  };
  parent.addEventListener("pointerover", meet);
  parent.addEventListener("focusin", (event) => {
    active = Math.max(0, [...parent.childNodes].indexOf(event.target));
    settle();
    meet(event);
  });
  parent.addEventListener("keydown", (event) => {
    const to = {
      ArrowRight: active + 1,
      ArrowDown: active + 1,
      ArrowLeft: active - 1,
      ArrowUp: active - 1,
      Home: 0,
      End: Infinity,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    parent.childNodes[clamp(to, 0, parent.childNodes.length - 1)].focus();
  });
  return { settle };
}
