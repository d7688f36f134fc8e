"""axe, the engine behind most checkers of accessibility, asked about a page."""

from axe_playwright_python.sync_playwright import Axe

# Marks the text of which the page has shown three in the same colours, size and weight, on the same papers: of ten thousand
# words of code, axe would measure the contrast of each, in most of its time.
MARK = r"""() => {
  const known = new Map(), papers = new Map(), times = new Map();
  const number = (key) => known.get(key) ?? (known.set(key, known.size), known.size - 1);
  const paper = (element) => {
    if (!element) return 0;
    if (!papers.has(element)) {
      const { backgroundColor, backgroundImage, opacity, filter } = getComputedStyle(element), under = paper(element.parentElement);
      const clear = /, 0\)$/.test(backgroundColor) && backgroundImage === "none" && opacity === "1" && filter === "none";
      papers.set(element, clear ? under : number([under, backgroundColor, backgroundImage, opacity, filter].join()));
    }
    return papers.get(element);
  };
  for (const element of document.body.querySelectorAll("*")) {
    element.removeAttribute("data-like-others");
    if (![...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const ink = ({ color, fill, fontSize, fontWeight, textDecorationLine, textShadow, borderBottom }) =>
      [color, fill, fontSize, fontWeight, textDecorationLine, textShadow, borderBottom];
    // A link is told from the words around it.
    const around = element.tagName === "A" ? ink(getComputedStyle(element.parentElement)) : [];
    const key = [element.tagName === "A", paper(element), ...ink(getComputedStyle(element)), ...around].join();
    times.set(key, (times.get(key) ?? 0) + 1);
    if (times.get(key) > 3) element.setAttribute("data-like-others", "");
  }
}"""

RUN = """async ([context, options]) => {
  axe.configure({ rules: [
    { id: "color-contrast", selector: "*:not([data-like-others])" },
    { id: "link-in-text-block", selector: "a[href]:not([data-like-others])" },
  ] });
  const { violations } = await axe.run(context ?? document, { resultTypes: ["violations"], preload: false, ...options });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}"""


def violations(page, *without, context=None):
    """What all of axe's rules but those named find wrong in a page, or in the part of it that a selector names."""
    page.evaluate(MARK)
    page.evaluate(Axe().axe_script)
    return page.evaluate(RUN, [context, {"rules": {rule: {"enabled": False} for rule in without}}])
