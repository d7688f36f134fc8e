// Tables, equations and printed lines that are wider than the page become smaller until they fit.
() => {
  const SMALLEST = 0.8; // of a line of code; a longer one wraps
  const shrink = (element, share) => {
    element.style.fontSize = `${share * Number.parseFloat(getComputedStyle(element).fontSize)}px`;
  };
  for (const pre of document.querySelectorAll("pre")) {
    pre.style.whiteSpace = "pre";
    const share = pre.clientWidth / pre.scrollWidth;
    if (share < 1 && share >= SMALLEST) shrink(pre, 0.99 * share);
    else pre.style.whiteSpace = "";
    // One that fills a page must break somewhere.
    pre.classList.toggle("long", pre.clientHeight > 700);
  }
  for (const table of document.querySelectorAll("table"))
    for (let tries = 0; tries < 3 && table.scrollWidth > table.parentElement.clientWidth + 1; tries++)
      shrink(table, Math.max(0.6, 0.98 * (table.parentElement.clientWidth / table.scrollWidth)));
  for (const tex of document.querySelectorAll("div.math > .tex"))
    if (tex.scrollWidth > tex.clientWidth + 1) shrink(tex, 0.98 * (tex.clientWidth / tex.scrollWidth));
};
