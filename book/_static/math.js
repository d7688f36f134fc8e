// Typesets the page's mathematics, inline and displayed, with the KaTeX that lies beside the page.
window.sgTypeset = (part) => {
  if (!window.katex) return;
  // Equations colour their terms as Jupyter's MathJax does, with \class{sg-teacher}{...}; nothing else is trusted.
  const trusted = ({ command, class: name }) => command === "\\htmlClass" && /^sg-[a-z]+$/.test(name);
  const options = {
    throwOnError: false,
    strict: "ignore",
    trust: trusted,
    macros: { "\\class": "\\htmlClass{#1}{#2}" },
  };
  const typeset = (element, displayMode) => {
    const tex = element.textContent;
    katex.render(tex, element, { ...options, displayMode });
    element.classList.add("sg-typeset");
  };
  part.querySelectorAll("span.math").forEach((element) => typeset(element, false));
  part.querySelectorAll("div.math > .tex").forEach((element) => typeset(element, true));
};
document.addEventListener("DOMContentLoaded", () => {
  window.sgTypeset(document);
  const displayed = document.querySelectorAll("article div.math > .tex");
  // An equation that is wider than the page scrolls, and so must be within reach of the keyboard.
  const reach = () =>
    displayed.forEach((element) => {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    });
  reach();
  document.fonts.ready.then(reach);
  addEventListener("resize", reach);
});
