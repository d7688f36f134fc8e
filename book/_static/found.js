// Who comes from the search finds the words marked in the section that was found, until Escape or the next page. The browser paints
// the marks (CSS.highlights), and nothing in the page is changed.
document.addEventListener("DOMContentLoaded", () => {
  const address = new URL(location.href);
  const words = address.searchParams.get("found");
  if (!words) return;
  address.searchParams.delete("found");
  history.replaceState(history.state, "", address);
  const place = document.getElementById(decodeURIComponent(address.hash.slice(1)));
  if (!place || !window.Highlight || words.length > 1000) return;
  const either = words.split("|").map((word) => word.replace(/[.*+?^${}()[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${either.join("|")})`, "giu");
  const scope = place.tagName === "DT" ? [place, place.nextElementSibling] : [place];
  const ranges = [];
  for (const part of scope) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      if (node.parentElement.closest("script, style, noscript")) continue;
      for (const { index, 0: found } of node.data.matchAll(pattern)) {
        const range = new Range();
        range.setStart(node, index);
        range.setEnd(node, index + found.length);
        if (found) ranges.push(range);
      }
    }
  }
  CSS.highlights.set("sg-found", new Highlight(...ranges));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") CSS.highlights.delete("sg-found");
  });
});
