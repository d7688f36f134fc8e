// Previews: a link to a term, a symbol, an equation, a work, a figure or a section shows what it leads to, in a box beside it,
// while it is pointed at or has the focus, and at a first tap. What stands there comes from a script that is loaded then
// (book/_ext/previews.py). The box stays while the pointer is on it, and Escape closes it.
document.addEventListener("DOMContentLoaded", () => {
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const LINKS = "article a[href*='#']:not(.headerlink)";
  const PATIENCE = 200; // milliseconds before it opens and before it closes: a pointer that only passes opens nothing

  const box = Object.assign(document.createElement("div"), { id: "sg-preview", className: "sg-preview", hidden: true });
  box.setAttribute("role", "tooltip");
  document.body.append(box);

  // What a link's title says where no script runs, the box says here, and better; of a symbol it is a part of its name, read aloud.
  for (const link of document.querySelectorAll(`${LINKS}[title]`)) {
    const symbol = link.querySelector(".katex-html")?.textContent;
    if (symbol) link.setAttribute("aria-label", `${symbol}: ${link.title}`);
    link.removeAttribute("title");
  }

  const loading = new Map();
  function load(address, kind = "script") {
    if (!loading.has(address.href)) {
      const element = document.createElement(kind);
      if (kind === "link") Object.assign(element, { rel: "stylesheet", href: address.href });
      else element.src = address.href;
      const loaded = new Promise((done) => {
        element.addEventListener("load", done);
        element.addEventListener("error", done); // then there is nothing to show
      });
      loading.set(address.href, loaded);
      document.head.append(element);
    }
    return loading.get(address.href);
  }

  // What is folded until a reader has predicted it stays so.
  const isFolded = (link) =>
    link.getAttribute("href").startsWith("#") &&
    document.getElementById(decodeURIComponent(link.hash.slice(1)))?.closest("details.hide:not([open])");

  // A page without formulas has no KaTeX.
  async function mathematics() {
    if (window.katex) return;
    load(new URL("katex/katex.min.css", root), "link");
    await load(new URL("katex/katex.min.js", root));
    await load(new URL("_static/math.js", root));
  }

  // What stands at the place that a link leads to.
  async function contentOf(link) {
    const target = new URL(link.href);
    const here = target.pathname === location.pathname && target.host === location.host;
    if (!here && !target.href.startsWith(root.href)) return null;
    const page = target.pathname.slice(root.pathname.length);
    if (!page.endsWith(".html")) return null;
    await load(new URL(`_static/previews/${page.replace(/html$/, "js")}`, root));
    const html = window.sgPreviews?.[page]?.[decodeURIComponent(target.hash.slice(1))];
    if (!html) return null;
    const content = Object.assign(document.createElement("template"), { innerHTML: html }).content;
    for (const image of content.querySelectorAll("img")) image.src = new URL(image.getAttribute("src"), target);
    for (const figure of content.querySelectorAll("[data-figure]")) {
      const drawing = here && document.getElementById(figure.dataset.figure)?.querySelector("svg");
      if (drawing) figure.replaceChildren(drawing.cloneNode(true));
      else figure.remove();
    }
    if (content.querySelector(".math")) await mathematics();
    return content;
  }

  let shown; // the link whose preview is open
  let wanted; // the link whose preview is to be
  let timer;

  async function open(link, byTouch = false) {
    wanted = link;
    const content = isFolded(link) ? null : await contentOf(link);
    if (wanted !== link) return true;
    if (!content?.childNodes.length) return false;
    close();
    wanted = shown = link;
    box.replaceChildren(content);
    if (byTouch)
      box.append(
        Object.assign(document.createElement("p"), { className: "sg-hint", textContent: "Tap again to go there." }),
      );
    box.hidden = false;
    window.sgTypeset?.(box);
    fit();
    place(link);
    document.fonts.ready.then(() => shown === link && place(link));
    link.setAttribute("aria-describedby", box.id);
    return true;
  }

  function close() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = wanted = undefined;
    box.hidden = true;
  }

  // An equation or a drawing that is wider than the box becomes smaller: nobody could scroll it by keyboard.
  function fit() {
    for (const tex of box.querySelectorAll("div.math > .tex")) {
      const size = Math.max(0.5, Math.min(1, tex.clientWidth / tex.scrollWidth));
      if (size < 1) tex.style.fontSize = `${size}em`;
    }
    for (const drawing of box.querySelectorAll("svg[width][height]:not([viewBox])"))
      drawing.setAttribute("viewBox", `0 0 ${drawing.getAttribute("width")} ${drawing.getAttribute("height")}`);
  }

  // Below the link, or above it where there is more room.
  function place(link) {
    const [line] = link.getClientRects();
    const { width, height } = box.getBoundingClientRect();
    const page = document.documentElement;
    const left = Math.max(8, Math.min(line.left, page.clientWidth - width - 8));
    const below = line.bottom + 6 + height <= page.clientHeight || line.top - 6 - height < 0;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${(below ? line.bottom + 6 : line.top - 6 - height) + scrollY}px`;
  }

  const linkOf = (event) => event.target.closest?.(LINKS);
  const soon = (what) => {
    clearTimeout(timer);
    timer = setTimeout(what, PATIENCE);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = linkOf(event);
    if (link && link !== shown) soon(() => open(link));
    else if (link || box.contains(event.target)) clearTimeout(timer);
    else if (shown !== document.activeElement || !shown?.matches(":focus-visible")) soon(close);
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link?.matches(":focus-visible")) open(link);
    else if (shown && link !== shown) close();
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === shown) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  let pointer;
  document.addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    if (pointer === "touch" && shown && !box.contains(event.target) && linkOf(event) !== shown) close();
  });
  document.addEventListener("click", async (event) => {
    const link = linkOf(event);
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (pointer === "touch" && event.detail && link !== shown) {
      event.preventDefault();
      if (!(await open(link, true))) location.assign(link.href);
    } else close();
  });
});
