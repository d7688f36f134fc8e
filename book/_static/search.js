// The search page: sections of the book (book/_ext/sections.py) that have all the words of a query, the best first, each with a
// piece of its text in which the words are marked. A word stands for those that begin with it; words in quotes stay together.
document.addEventListener("DOMContentLoaded", () => {
  const AT_FIRST = 30;
  const PIECE = 200; // characters
  const form = document.querySelector(".bd-search-container form.bd-search");
  const field = form.querySelector("input");
  const status = document.getElementById("sg-search-status");
  const list = document.getElementById("sg-search-results");

  // Typographic marks as they are typed; the length of a text stays, so that places in it stay true.
  const typed = (text) =>
    text
      .replace(/[‐-―−]/g, "-")
      .replace(/[‘’]/g, "'")
      .replace(/[“”]/g, '"');
  const sections = window.sgSections.map(([page, address, title, text, code]) => {
    return { page, address, title, text, code, typed: [page, title, text, code].map(typed) };
  });

  // What is looked for: for each word, where it begins a word. A plural finds its singular.
  function wanted(query) {
    const words = [...typed(query).matchAll(/"([^"]+)"|[^\s"]+/g)].map(([word, phrase]) => phrase ?? word);
    return words
      .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""))
      .filter(Boolean)
      .slice(0, 12)
      .map((word) => {
        const base = word.length > 3 ? word.replace(/(?<=s|x|ch|sh)es$|(?<!s)s$/i, "") : word;
        const escaped = base.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+");
        return { word: word.toLowerCase(), base, pattern: new RegExp(`(?<![\\p{L}\\p{N}])${escaped}`, "giu") };
      });
  }

  const count = (text, pattern) => text.match(pattern)?.length ?? 0;
  function score({ title, typed: [page, heading, text, code] }, words) {
    const same = (key) =>
      title.toLowerCase().replace(/^sgutils\./, "") === words.map((word) => word[key].toLowerCase()).join(" ");
    let sum = 0;
    for (const { word, pattern } of words) {
      const [inPage, inTitle, inText, inCode] = [page, heading, text, code].map((part) => count(part, pattern));
      if (!inTitle && !inText && !inCode) return 0;
      sum += 8 * Math.min(inTitle, 1) + 2 * Math.min(inPage, 1) + Math.log2(1 + inText) + 0.3 * Math.log2(1 + inCode);
      if (
        heading
          .toLowerCase()
          .split(/[^\p{L}\p{N}]+/u)
          .includes(word)
      )
        sum += 2;
    }
    // Of the reference only what is named is found first.
    return (title.startsWith("sgutils.") ? 0.5 : 1) * sum + (same("word") || same("base") ? 20 : 0);
  }

  // Where the words stand in a text, as [start, end].
  const places = (text, words) =>
    words
      .flatMap(({ pattern }, i) => [...typed(text).matchAll(pattern)].map((m) => [m.index, m.index + m[0].length, i]))
      .sort((a, b) => a[0] - b[0]);

  function marked(text, found, from = 0, to = text.length) {
    const nodes = [];
    let at = from;
    for (const [start, end] of found) {
      if (start < at || end > to) continue;
      const mark = document.createElement("mark");
      // The whole word that begins here, so that no word is half marked.
      const rest = text.slice(end, to).match(/^[\p{L}\p{N}]*/u)[0].length;
      mark.textContent = text.slice(start, end + rest);
      nodes.push(text.slice(at, start), mark);
      at = end + rest;
    }
    return [...nodes, text.slice(at, to)];
  }

  // The piece of a text that has most of the words.
  function piece(text, words) {
    const found = places(text, words);
    const within = (start) =>
      new Set(found.filter(([a, b]) => a >= start && b <= start + 0.7 * PIECE).map(([, , i]) => i)).size;
    let [best, most] = [0, 0];
    for (const [start] of found) {
      const kinds = within(start);
      if (kinds > most) [best, most] = [start, kinds];
    }
    const before = text.slice(0, best).match(/^.*[.?!:] /s); // from the beginning of the sentence, where that is near
    const sentence = before ? before[0].length : 0;
    const from = best - sentence < 0.3 * PIECE ? sentence : text.lastIndexOf(" ", best - 0.2 * PIECE) + 1;
    const end = text.indexOf(" ", from + PIECE);
    const to = end < 0 ? text.length : end;
    return [sentence === from || !from ? "" : "… ", ...marked(text, found, from, to), to < text.length ? " …" : ""];
  }

  const make = (tag, className, ...children) => {
    const element = Object.assign(document.createElement(tag), { className });
    element.append(...children);
    return element;
  };

  function result(section, words) {
    const [path, place] = section.address.split("#");
    const link = make("a", "", ...marked(section.title, places(section.title, words)));
    link.href = `${path}?found=${encodeURIComponent(words.map(({ base }) => base).join("|"))}#${place}`;
    const where = section.title === section.page ? [] : [make("span", "sg-where", section.page)];
    const inText = places(section.text, words).length;
    const shown = inText ? section.text : places(section.code, words).length ? section.code : section.text;
    const said = make("p", shown === section.code ? "sg-code" : "", ...piece(shown, words));
    return make("li", "", link, ...where, said);
  }

  function show() {
    const query = field.value.trim();
    const words = wanted(query);
    const address = new URL(location.href);
    if (query) address.searchParams.set("q", query);
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
    const found = words.length
      ? sections
          .map((section) => [score(section, words), section])
          .filter(([points]) => points)
          .sort((a, b) => b[0] - a[0])
          .map(([, section]) => section)
      : [];
    const number = found.length === 1 ? "One place" : `${found.length} places`;
    status.textContent = !words.length
      ? ""
      : found.length
        ? `${number} in the book.`
        : "Nothing in the book has these words.";
    list.replaceChildren(...found.slice(0, AT_FIRST).map((section) => result(section, words)));
    if (found.length > AT_FIRST) {
      const more = make("button", "", `Show all ${found.length}`);
      more.type = "button";
      more.addEventListener("click", () => {
        more.parentElement.remove();
        list.append(...found.slice(AT_FIRST).map((section) => result(section, words)));
        list.children[AT_FIRST].querySelector("a").focus();
      });
      list.append(make("li", "sg-more", more));
    }
  }

  field.value = new URLSearchParams(location.search).get("q")?.slice(0, 200) ?? "";
  field.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  show();
  field.focus();
});
