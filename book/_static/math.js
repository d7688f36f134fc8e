// Typesets the page's mathematics, inline and displayed, with the KaTeX that lies beside the page.
document.addEventListener("DOMContentLoaded", () => {
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
  document.querySelectorAll("span.math").forEach((element) => typeset(element, false));
  document.querySelectorAll("div.math > .tex").forEach((element) => typeset(element, true));
});
