// What a page of the site says without scripts and without the site around it, for book/_tools/print.py.
// Every address becomes one of three: "#page--id" inside the book, a file of the site (pictures), or one of the web.
({ name, pages, live, folder }) => {
  const article = document.querySelector("article.bd-article").cloneNode(true);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const all = (selector, within = article) => [...within.querySelectorAll(selector)];
  // The words of a heading, mathematics among them, as a line of text.
  const words = (heading) => {
    const copy = heading.cloneNode(true);
    for (const link of all(".headerlink", copy)) link.remove();
    for (const katex of all(".katex", copy)) {
      for (const power of all("msup > :last-child", katex))
        power.textContent = power.textContent.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
      katex.replaceWith(katex.querySelector("semantics > :first-child").textContent);
    }
    return copy.textContent.trim();
  };
  const number = article.querySelector("h1").querySelector(".section-number")?.textContent.replace(/\.\s*$/, "") ?? "";

  // Figures lose the sheets and variables that colour them on the page.
  const INHERITED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap"];
  INHERITED.push("fill-opacity", "stroke-opacity", "font-family", "font-size", "font-weight", "font-style");
  INHERITED.push("text-anchor", "dominant-baseline", "paint-order", "visibility");
  const OWN = { opacity: "1", display: "inline", "font-variant-numeric": "normal" };
  const FIGURES = "svg:not(.katex svg)";
  const drawn = all(FIGURES, document.querySelector("article.bd-article"));
  all(FIGURES).forEach((copy, at) => {
    const originals = [drawn[at], ...drawn[at].querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      const above = i ? getComputedStyle(originals[i].parentNode) : undefined;
      element.removeAttribute("class");
      element.removeAttribute("style");
      for (const key of INHERITED)
        if (style[key] !== above?.[key]) element.setAttribute(key, style[key].replaceAll('"', "'"));
      for (const [key, usual] of Object.entries(OWN))
        if (i && style[key] !== usual && style[key] !== "block") element.setAttribute(key, style[key]);
    });
    // As large as it was drawn, but no wider than a page.
    const { width, height } = drawn[at].getBoundingClientRect();
    if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    copy.setAttribute("style", "max-width: 100%; height: auto");
  });

  // An explorable is its picture, and where it lives.
  for (const host of all(".sg-explorable")) {
    const still = new DOMParser().parseFromString(host.querySelector("noscript").textContent, "text/html");
    const picture = still.querySelector("img");
    const label = host.getAttribute("aria-label");
    const address = `${live}${folder}${name}.html#${host.closest("section").id}`;
    const caption = make("figcaption", {}, `${label}. Alive at `, make("a", { href: address }, address.split("://")[1]));
    const figure = make("figure", { className: "explorable" }, caption);
    if (picture) figure.prepend(make("img", { src: picture.getAttribute("src"), alt: label }));
    host.replaceWith(figure);
  }

  // Folded code is left out, and a folded result stands open; what answers a question goes to the end of the book.
  const answers = [];
  const toTheEnd = (element, kind, body) => {
    // A solution may be code and then words.
    if (element.previousElementSibling?.matches(".to-answer")) {
      answers.at(-1).body.append(...body.childNodes);
      element.remove();
      return;
    }
    const at = `${number ? `${number}.` : ""}${answers.length + 1}`;
    const id = `${answers.length + 1}`;
    const section = element.closest("section").querySelector("h1, h2, h3");
    const link = make("a", { className: "with-page", href: `answers.html#${name}-${id}` }, `${kind} ${at}`);
    element.replaceWith(make("p", { className: "to-answer", id: `to-answer-${id}` }, link));
    answers.push({ id, at, kind, about: words(section), body });
  };
  for (const fold of all("details.answer, .admonition.dropdown:not(.note), details.hide.above-input")) {
    const says = fold.querySelector("summary, .admonition-title").textContent.trim();
    if (!fold.matches(".hide")) {
      fold.querySelector("summary, .admonition-title").remove();
      const kind = says.startsWith("Solution") ? "Solution" : "Answer";
      toTheEnd(fold, kind, make("div", { className: "answer" }, ...fold.childNodes));
    } else if (says.startsWith("Show the solution")) {
      const cell = fold.closest(".cell");
      fold.replaceWith(...fold.querySelectorAll(":scope > .cell_input"));
      toTheEnd(cell, "Solution", make("div", { className: "answer" }, cell.cloneNode(true)));
    } else fold.remove();
  }
  const bodies = answers.map(({ body }) => body);
  const everywhere = (selector) => [article, ...bodies].flatMap((part) => all(selector, part));
  for (const fold of everywhere("details")) {
    const summary = fold.querySelector(":scope > summary");
    const heading = fold.matches(".hide") ? [] : [make("p", { className: "admonition-title" }, ...summary.childNodes)];
    summary.remove();
    fold.replaceWith(make("div", { className: "admonition" }, ...heading, ...fold.childNodes));
  }
  for (const result of everywhere("div.admonition:not(:has(> .admonition-title))")) result.replaceWith(...result.childNodes);

  const EXTRA = "script, style, button, noscript, .headerlink, .sg-run, .sg-feedback, .sg-forgetting, .d-print-none";
  for (const extra of everywhere(EXTRA)) extra.remove();
  for (const cell of everywhere(".cell_input, .cell")) if (!cell.textContent.trim() && !cell.querySelector("img, svg")) cell.remove();
  for (const link of everywhere("a.image-reference")) link.replaceWith(...link.childNodes);

  // Addresses and names.
  const inside = (target, id) => `#${id ? `${target}--${id}` : target}`;
  for (const link of everywhere("a[href]")) {
    const url = new URL(link.getAttribute("href"), location.href);
    if (url.origin !== location.origin) continue;
    const page = url.pathname.slice(folder.length + 1).replace(/\.html$/, "");
    const known = url.pathname === `/${folder}${page}.html` && (pages.includes(page) || page === "answers");
    if (known) link.setAttribute("href", inside(page, decodeURIComponent(url.hash.slice(1))));
    else link.setAttribute("href", `${live}${url.pathname.slice(1)}${url.hash}`);
    link.classList.remove("internal");
    link.removeAttribute("download");
  }
  for (const image of everywhere("img[src]")) {
    image.setAttribute("src", new URL(image.getAttribute("src"), location.href).pathname.slice(1));
    image.removeAttribute("loading");
  }
  for (const named of everywhere("[id]")) {
    for (const user of everywhere(`[clip-path="url(#${named.id})"], [fill="url(#${named.id})"], [marker-end="url(#${named.id})"]`))
      for (const key of ["clip-path", "fill", "marker-end"])
        if (user.getAttribute(key) === `url(#${named.id})`) user.setAttribute(key, `url(#${name}--${named.id})`);
    named.id = `${name}--${named.id}`;
  }
  for (const figure of everywhere(".sg-figure")) figure.removeAttribute("style"); // the room kept for it
  for (const extra of everywhere("[tabindex], [data-drawn]")) {
    extra.removeAttribute("tabindex");
    extra.removeAttribute("data-drawn");
  }
  for (const part of [article, ...bodies]) {
    const comments = document.createTreeWalker(part, NodeFilter.SHOW_COMMENT);
    const found = [];
    while (comments.nextNode()) found.push(comments.currentNode);
    for (const comment of found) comment.remove();
  }

  // Twice: with KaTeX's mathematics for paper, and as XML with MathML for EPUB readers, of which few run scripts or fit its fonts.
  const asHtml = (part) => {
    const copy = part.cloneNode(true);
    for (const extra of all(".katex-mathml", copy)) extra.remove();
    return copy.innerHTML;
  };
  const asXml = (part) => {
    const copy = part.cloneNode(true);
    for (const katex of all(".katex-display", copy)) katex.querySelector("math").setAttribute("display", "block");
    for (const katex of all(".katex", copy)) {
      const math = katex.querySelector("math");
      math.setAttribute("alttext", math.querySelector("annotation").textContent);
      const semantics = math.querySelector("semantics");
      semantics.replaceWith(semantics.firstElementChild);
      // KaTeX leaves spaces bare that XML readers want inside an element.
      for (const row of all("mrow, mstyle, mtd, mpadded, mphantom", math))
        for (const space of [...row.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
          const text = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mtext");
          space.replaceWith(text);
          text.append(space);
        }
      katex.replaceWith(math);
    }
    const serializer = new XMLSerializer();
    return [...copy.childNodes].map((node) => serializer.serializeToString(node)).join("");
  };
  const both = (part) => ({ html: asHtml(part), xml: asXml(part) });
  return {
    name,
    number,
    title: words(article.querySelector("h1")),
    sections: all("h2[id], section[id] > h2").map((heading) => ({
      id: heading.closest("section[id]").id,
      title: words(heading),
    })),
    ...both(article),
    answers: answers.map((answer) => ({ ...answer, body: both(answer.body) })),
  };
};
