// Tables, equations and printed lines that are wider than the page become smaller until they fit; what still does not is returned.
() => {
  const SMALLEST = 0.8; // of a line of code; a longer one wraps
  const shrink = (element, share) => {
    element.style.fontSize = `${share * Number.parseFloat(getComputedStyle(element).fontSize)}px`;
  };
  for (const pre of document.querySelectorAll("pre")) {
    pre.style.whiteSpace = "pre";
    const share = pre.clientWidth / pre.scrollWidth;
    const sentences = pre.closest(".cell_output") && pre.textContent.trim().split("\n").length < 3;
    if (share < 1 && share >= SMALLEST && !sentences) shrink(pre, 0.99 * share);
    else pre.style.whiteSpace = "";
    // One that fills a page must break somewhere.
    pre.classList.toggle("long", pre.clientHeight > 700);
  }
  for (const table of document.querySelectorAll("table"))
    for (let tries = 0; tries < 3 && table.scrollWidth > table.parentElement.clientWidth + 1; tries++)
      shrink(table, Math.max(0.6, 0.98 * (table.parentElement.clientWidth / table.scrollWidth)));
  for (const tex of document.querySelectorAll("div.math > .tex"))
    if (tex.scrollWidth > tex.clientWidth + 1) shrink(tex, 0.98 * (tex.clientWidth / tex.scrollWidth));
  const edge = document.body.getBoundingClientRect().right + 1;
  return [...document.querySelectorAll("p, li, pre, td, th, img, svg, dt, h1, h2, h3, .tex")]
    .filter((element) => element.getBoundingClientRect().right > edge || element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${element.localName} in #${element.closest("[id]").id}: ${element.textContent.slice(0, 60)}`);
};
