// Predictions: each question with a folded answer below it (book/_ext/predict.py) becomes a form, which keeps the answer until
// the reader commits to one. What was predicted is remembered in this browser and goes nowhere else.
document.addEventListener("DOMContentLoaded", () => {
  const KEY = "sg-predictions";
  const RANGE = /^A number from ([\d,.]+) to ([\d,.]+)(?: (.+?))?\.$/;
  const chapterOf = (address) =>
    new URL(address).pathname
      .split("/")
      .pop()
      .replace(/\.html$/, "");
  const chapter = chapterOf(location.href);

  // Where the browser keeps nothing (private, or a page from disk), what was predicted lasts as long as the page.
  let memory = "{}";
  function predicted() {
    try {
      memory = localStorage.getItem(KEY) ?? memory;
    } catch {
      // The page's own memory is all there is.
    }
    try {
      const all = JSON.parse(memory);
      return typeof all === "object" && all && !Array.isArray(all) ? all : {};
    } catch {
      return {};
    }
  }
  function remember(all) {
    memory = JSON.stringify(all);
    try {
      localStorage.setItem(KEY, memory);
    } catch {
      // As above.
    }
  }

  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  // The inside of a list's item without the paragraph that Sphinx puts around it.
  const inside = (item) => [...(item.querySelector(":scope > p") ?? item).childNodes];
  const toNumber = (text) => Number.parseFloat(text.replaceAll(",", ""));

  // The verdict has the number that an answer begins with: what follows it becomes a sentence of its own.
  function withoutNumber(paragraph, unit) {
    const after = document.createRange();
    after.setStartBefore(paragraph.firstChild);
    after.setEndAfter(paragraph.querySelector("strong"));
    after.deleteContents();
    const rest = [...paragraph.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const words = rest.data.trimStart();
    const sentence = (words.startsWith(unit) ? words.slice(unit.length) : words).replace(/^[.:,]?\s+/, "");
    rest.data = sentence.charAt(0).toUpperCase() + sentence.slice(1);
  }

  // A question with choices: what stands in the form, how it is read, and what a commit shows.
  function choice(list, answer, name, changed) {
    const items = [...list.children];
    const radios = items.map((_, i) => make("input", { type: "radio", name, value: `${i + 1}` }));
    const rows = items.map((item, i) =>
      make("li", {}, make("label", {}, radios[i], make("span", {}, ...inside(item)))),
    );
    const control = make("ol", { className: "sg-choices" }, ...rows);
    control.addEventListener("change", changed);
    list.remove();
    return {
      control,
      ready: () => radios.some((radio) => radio.checked),
      value: () => 1 + radios.findIndex((radio) => radio.checked),
      fits: (value) => Number.isInteger(value) && value >= 1 && value <= items.length,
      reveal(value) {
        radios[value - 1].checked = true;
        const reasons = [...answer.querySelectorAll("ol > li")].map(inside);
        const right = reasons.findIndex((reason) => reason[0].textContent.startsWith("Yes"));
        rows.forEach((row, i) => {
          row.classList.toggle("sg-true", i === right);
          if (i === value - 1) row.querySelector("label span").append(make("em", {}, " – your prediction"));
          row.append(make("p", {}, ...reasons[i]));
        });
        return right === value - 1 ? "It is as you predicted." : "It is not as you predicted.";
      },
    };
  }

  // A question for a number, given with a slider; `changed` is called once there is a prediction.
  function number(sentence, answer, changed) {
    const [, from, to, unit = ""] = sentence.textContent.match(RANGE);
    const [low, high] = [from, to].map(toNumber);
    const digits = to.split(".")[1]?.length ?? 0; // as exact as the question is
    const step = 10 ** -digits;
    const said = (value) => withUnit(value.toFixed(digits));
    // "1 pair", and "0 times" at the end of a scale that is read to a tenth.
    const withUnit = (written) => {
      const one = written === "1" ? unit.replace(/(\w{2,})s$/, "$1") : unit;
      return `${written}\u00a0${one}`.trim();
    };
    const slider = make("input", { type: "range", min: low, max: high, step, value: (low + high) / 2 });
    const output = make("output", { textContent: "no prediction yet" });
    const control = make("div", { className: "sg-number sg-unset" }, output, slider);
    // Where the thumb lies at first is nobody's prediction: it is one once it was moved, or taken where it lay.
    const show = () => {
      control.classList.remove("sg-unset");
      output.textContent = said(slider.valueAsNumber);
      slider.setAttribute("aria-valuetext", output.textContent);
      changed();
    };
    slider.setAttribute("aria-label", "Your prediction");
    slider.setAttribute("aria-valuetext", output.textContent);
    for (const event of ["input", "click"]) slider.addEventListener(event, show);
    const ends = [from, to].map((end) => make("span", { ariaHidden: "true" }, withUnit(end.replace(/\.0+$/, ""))));
    control.append(...ends);
    sentence.remove();
    return {
      control,
      ready: () => !control.classList.contains("sg-unset"),
      value: () => slider.valueAsNumber,
      fits: (value) => Number.isFinite(value) && value >= low && value <= high,
      reveal(value) {
        const written = answer.querySelector("strong").textContent;
        const truth = toNumber(written);
        const isIt = withUnit(written);
        const [lower, higher] = answer.querySelectorAll("ul > li");
        const off = value - truth;
        const near = Math.abs(off) <= 0.05 * (high - low);
        const aside = near ? [] : inside(off < 0 ? lower : higher).slice(1); // without "Lower:" and "Higher:"
        const scale = make("div", { className: "sg-scale", ariaHidden: "true" });
        for (const [kind, at, words] of [
          ["sg-guess", value, `your prediction: ${said(value)}`],
          ["sg-truth", truth, `the answer: ${isIt}`],
        ]) {
          const mark = make("span", { className: kind }, make("span", {}, words));
          mark.style.setProperty("--sg-at", (at - low) / (high - low));
          scale.append(mark);
        }
        withoutNumber(answer.querySelector(":scope > p"), unit);
        control.classList.remove("sg-unset");
        control.replaceChildren(scale, ...ends);
        control.after(...answer.querySelectorAll(":scope > p"), make("p", {}, ...aside));
        const both = `You predicted ${said(value)}, and it is ${isIt}`;
        return near ? `${both}: close.` : `${both}.`;
      },
    };
  }

  const FOLDS = "details.hide:is(.below-input, .above-output)";
  // On paper nothing can be unfolded: results stand open, and the answers to questions to which nobody committed are at the end.
  let opened = [];
  let putBack = [];
  function toPaper(answers) {
    fromPaper();
    opened = [...document.querySelectorAll(`${FOLDS}:not([open])`)];
    for (const fold of opened) fold.open = true;
    const end = make("section", { className: "sg-answers" }, make("h2", {}, "Answers"));
    const left = [...answers].filter((answer) => !answer.previousElementSibling.querySelector("form[data-committed]"));
    left.forEach((answer, i) => {
      const question = answer.previousElementSibling;
      const where = make("p", {}, `Answer ${i + 1} is at the end of this chapter.`);
      const summary = answer.querySelector("summary");
      const said = summary.textContent;
      question.append(where);
      summary.textContent = `Answer ${i + 1}`;
      end.append(answer);
      answer.hidden = false;
      answer.open = true;
      putBack.push(() => {
        where.remove();
        summary.textContent = said;
        question.after(answer);
        answer.hidden = true;
      });
    });
    if (left.length) document.querySelector(".bd-article").append(end);
    putBack.push(() => end.remove());
  }
  function fromPaper() {
    for (const fold of opened) fold.open = false;
    for (const back of putBack) back();
    opened = [];
    putBack = [];
  }

  // What the chapter shows and says of the answer, up to the next heading or question, is folded until then.
  function unfold(answer) {
    for (let at = answer.nextElementSibling; at && !at.matches("section, h2, h3, .tip"); at = at.nextElementSibling) {
      if (at.matches(".note.toggle-hidden")) at.querySelector(".toggle-button").click();
      for (const fold of at.querySelectorAll(FOLDS)) fold.open = true;
    }
  }

  function build(answer) {
    const question = answer.previousElementSibling;
    const list = question.querySelector(":scope > ol");
    const sentence = [...question.querySelectorAll(":scope > p")].find((p) => RANGE.test(p.textContent));
    const button = make("button", { type: "submit", disabled: true }, "Commit");
    const changed = () => {
      button.disabled = !part.ready();
    };
    const part = list ? choice(list, answer, answer.id, changed) : number(sentence, answer, changed);
    const legend = make("legend", {}, "Your prediction");
    const fields = make("fieldset", {}, legend, part.control);
    const verdict = make("p", { className: "sg-verdict", tabIndex: -1, hidden: true });
    const form = make("form", { className: "sg-predict", autocomplete: "off" }, verdict, fields, button);
    const reveal = (value) => {
      verdict.textContent = part.reveal(value);
      verdict.hidden = false;
      fields.disabled = true;
      legend.remove();
      button.remove();
      form.dataset.committed = "true";
      unfold(answer);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const all = predicted();
      const value = part.value();
      all[chapter] = { ...all[chapter], [answer.id]: value };
      remember(all);
      reveal(value);
      verdict.focus();
      mark();
    });
    question.append(form);
    answer.hidden = true;
    const before = predicted()[chapter]?.[answer.id];
    if (part.fits(before)) reveal(before);
  }

  // "2 of 3 predicted" beside a chapter's name in the contents, once its first is.
  function mark() {
    const counts = document.querySelector('meta[name="sg-predictions"]').content;
    const all = predicted();
    document.querySelectorAll(".sg-progress").forEach((old) => old.remove());
    for (const link of document.querySelectorAll("nav.bd-links a")) {
      const name = chapterOf(link.href);
      const number = Number(counts.match(new RegExp(`(?:^| )${name.replace(/\W/g, "\\$&")}:(\\d+)`))?.[1] ?? 0);
      const made = Math.min(number, Object.keys(all[name] ?? {}).length);
      if (made) link.after(make("span", { className: "sg-progress" }, `${made} of ${number} predicted`));
    }
  }

  const answers = document.querySelectorAll("details.answer[id]");
  answers.forEach(build);
  addEventListener("beforeprint", () => toPaper(answers));
  addEventListener("afterprint", fromPaper);
  mark();
  for (const button of document.querySelectorAll("button.sg-forget")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      remember({});
      mark();
      button.nextElementSibling.textContent = "Forgotten.";
    });
  }
});
