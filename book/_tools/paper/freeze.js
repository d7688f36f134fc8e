// What a page of the site says without scripts and without the site around it, for book/_tools/print.py.
// Every address becomes one of three: "#page--id" inside the book, a file of the site (pictures), or one of the web.
(() => {
  const all = (within, selector) => [...within.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // The words of a heading, mathematics among them, as a line of text.
  function words(heading) {
    const copy = heading.cloneNode(true);
    for (const link of all(copy, ".headerlink")) link.remove();
    for (const katex of all(copy, ".katex")) {
      for (const power of all(katex, "msup > :last-child"))
        power.textContent = power.textContent.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
      katex.replaceWith(katex.querySelector("semantics > :first-child").textContent);
    }
    return copy.textContent.trim();
  }

  // Figures keep their looks without the sheets and variables that colour them on the page.
  const FIGURES = "svg:not(.katex svg)";
  const INHERITED =
    `fill stroke stroke-width stroke-dasharray stroke-linejoin stroke-linecap fill-opacity stroke-opacity font-family
    font-size font-weight font-style text-anchor dominant-baseline paint-order visibility`.split(/\s+/);
  const OWN = ["opacity", "1", "display", "inline", "font-variant-numeric", "normal"];

  function colourFigure(copy, drawn) {
    const originals = [drawn, ...drawn.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
      const style = getComputedStyle(originals[i]);
      const above = i ? getComputedStyle(originals[i].parentNode) : undefined;
      element.removeAttribute("class");
      element.removeAttribute("style");
      for (const key of INHERITED)
        if (style[key] !== above?.[key]) element.setAttribute(key, style[key].replaceAll('"', "'"));
      for (let own = 0; i && own < OWN.length; own += 2)
        if (![OWN[own + 1], "block"].includes(style[OWN[own]])) element.setAttribute(OWN[own], style[OWN[own]]);
    });
    // As large as it was drawn, but no wider than a page.
    const { width, height } = drawn.getBoundingClientRect();
    if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
    copy.setAttribute("width", width);
    copy.setAttribute("height", height);
    copy.setAttribute("style", "max-width: 100%; height: auto");
  }

  // An explorable is its picture, and where it lives.
  function stillPicture(host, live) {
    const still = new DOMParser().parseFromString(host.querySelector("noscript").textContent, "text/html");
    const picture = still.querySelector("img");
    const label = host.getAttribute("aria-label");
    const address = `${live}#${host.closest("section").id}`;
    const link = make("a", { href: address }, address.split("://")[1]);
    const named = host.closest("figure") ? "" : `${label}. `;
    const figure = make("div", { className: "explorable" }, make("p", {}, `${named}Alive at `, link));
    if (picture) figure.prepend(make("img", { src: picture.getAttribute("src"), alt: label }));
    return figure;
  }

  // What answers a question is taken out, with a link in its place; folded code is left out.
  function takeAnswers(article, name, number) {
    const answers = [];
    const toTheEnd = (element, kind, body) => {
      // A solution may be code and then words.
      if (element.previousElementSibling?.matches(".to-answer")) {
        answers.at(-1).body.append(...body.childNodes);
        element.remove();
        return;
      }
      const id = `${answers.length + 1}`;
      const at = number ? `${number}.${id}` : id;
      const about = words(element.closest("section").querySelector("h1, h2, h3"));
      const link = make("a", { className: "with-page", href: `answers.html#${name}-${id}` }, `${kind} ${at}`);
      element.replaceWith(make("p", { className: "to-answer", id: `to-answer-${id}` }, link));
      answers.push({ id, at, kind, about, body });
    };
    for (const fold of all(article, "details.answer, .admonition.dropdown:not(.note), details.hide.above-input")) {
      const heading = fold.querySelector("summary, .admonition-title");
      const says = heading.textContent.trim();
      if (!fold.matches(".hide")) {
        heading.remove();
        toTheEnd(fold, says.startsWith("Solution") ? "Solution" : "Answer", make("div", {}, ...fold.childNodes));
      } else if (fold.parentElement.matches(".tag_hide-cell")) {
        const cell = fold.closest(".cell");
        fold.replaceWith(...all(fold, ":scope > .cell_input"));
        toTheEnd(cell, "Solution", make("div", {}, cell.cloneNode(true)));
      } else fold.remove();
    }
    return answers;
  }

  // What else is folded stands open: a result bare, an aside below its title.
  function unfold(everywhere) {
    for (const fold of everywhere("details")) {
      const summary = fold.querySelector(":scope > summary");
      summary.remove();
      if (fold.matches(".hide")) fold.replaceWith(...fold.childNodes);
      else {
        const title = make("p", { className: "admonition-title" }, ...summary.childNodes);
        fold.replaceWith(make("div", { className: "admonition" }, title, ...fold.childNodes));
      }
    }
  }

  function commentsIn(part) {
    const comments = document.createTreeWalker(part, NodeFilter.SHOW_COMMENT);
    const found = [];
    while (comments.nextNode()) found.push(comments.currentNode);
    return found;
  }

  const EXTRA =
    "script, style, button, noscript, .headerlink, .sg-run, .sg-feedback, .sg-forgetting, .d-print-none, .skip-link";

  function clean(everywhere, parts) {
    for (const extra of everywhere(EXTRA)) extra.remove();
    for (const cell of everywhere(".cell_input, .cell"))
      if (!cell.textContent.trim() && !cell.querySelector("img, svg")) cell.remove();
    for (const link of everywhere("a.image-reference")) link.replaceWith(...link.childNodes);
    for (const figure of everywhere(".sg-figure")) figure.removeAttribute("style"); // the room kept for it
    for (const reached of everywhere("[tabindex]")) reached.removeAttribute("tabindex");
    for (const comment of parts.flatMap(commentsIn)) comment.remove();
  }

  function nameAll(everywhere, { name, pages, live, folder }) {
    for (const link of everywhere("a[href]")) {
      const url = new URL(link.getAttribute("href"), location.href);
      if (url.origin !== location.origin) continue;
      const page = url.pathname.slice(folder.length + 1).replace(/\.html$/, "");
      const id = decodeURIComponent(url.hash.slice(1));
      if (url.pathname === `/${folder}${page}.html` && [...pages, "answers"].includes(page))
        link.setAttribute("href", `#${page}${id && `--${id}`}`);
      else link.setAttribute("href", `${live}${url.pathname.slice(1)}${url.hash}`);
      link.removeAttribute("download");
    }
    for (const image of everywhere("img[src]")) {
      image.setAttribute("src", new URL(image.getAttribute("src"), location.href).pathname.slice(1));
      image.removeAttribute("loading");
    }
    const uses = ["clip-path", "fill", "marker-start", "marker-end"];
    for (const key of uses)
      for (const user of everywhere(`[${key}^="url("]`))
        user.setAttribute(
          key,
          user
            .getAttribute(key)
            .replace(/^url\(['"]?[^#]*#/, `url(#${name}--`)
            .replace(/['"]/g, ""),
        );
    for (const named of everywhere("[id]")) named.id = `${name}--${named.id}`;
  }

  function asHtml(part) {
    const copy = part.cloneNode(true);
    for (const hidden of all(copy, ".katex-mathml")) hidden.remove();
    return copy.innerHTML;
  }

  // KaTeX leaves spaces bare that XML wants inside an element.
  function wrapSpaces(math) {
    for (const row of all(math, "mrow, mstyle, mtd, mpadded, mphantom"))
      for (const space of [...row.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
        const text = document.createElementNS("http://www.w3.org/1998/Math/MathML", "mtext");
        space.replaceWith(text);
        text.append(space);
      }
  }

  // As XML with MathML, for EPUB readers: few of them run scripts, and KaTeX's boxes need its sheet and fonts.
  function asXml(part) {
    const copy = part.cloneNode(true);
    for (const katex of all(copy, ".katex")) {
      const math = katex.querySelector("math");
      if (katex.closest(".katex-display")) math.setAttribute("display", "block");
      math.setAttribute("alttext", math.querySelector("annotation").textContent);
      const semantics = math.querySelector("semantics");
      semantics.replaceWith(semantics.firstElementChild);
      wrapSpaces(math);
      katex.replaceWith(math);
    }
    const serializer = new XMLSerializer();
    return [...copy.childNodes].map((node) => serializer.serializeToString(node)).join("");
  }

  globalThis.freeze = (place) => {
    const page = document.querySelector("article.bd-article");
    const article = page.cloneNode(true);
    const drawn = all(page, FIGURES);
    all(article, FIGURES).forEach((copy, i) => colourFigure(copy, drawn[i]));
    const live = `${place.live}${place.folder}${place.name}.html`;
    for (const host of all(article, ".sg-explorable")) host.replaceWith(stillPicture(host, live));
    const title = article.querySelector("h1");
    const number = title.querySelector(".section-number")?.textContent.match(/[\d.]*\d/)?.[0] ?? "";

    const answers = takeAnswers(article, place.name, number);
    const parts = [article, ...answers.map(({ body }) => body)];
    const everywhere = (selector) => parts.flatMap((part) => all(part, selector));
    unfold(everywhere);
    clean(everywhere, parts);
    nameAll(everywhere, place);

    const both = (part) => ({ html: asHtml(part), xml: asXml(part) });
    return {
      title: words(title),
      sections: all(article, "section[id] > h2").map((heading) => ({
        id: heading.parentElement.id,
        title: words(heading),
      })),
      answers: answers.map((answer) => ({ ...answer, body: both(answer.body) })),
      ...both(article),
    };
  };
})();
