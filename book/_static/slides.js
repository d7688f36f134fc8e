// Slides (book/_ext/slides.py): one beside the other in a row that snaps, so that a finger moves them as well as a key. Each is laid
// out at 1280 × 720 and enlarged or reduced as a whole to the window. On a phone, as without scripts, they stand one below the other.
(() => {
  const page = document.documentElement;
  // The site's own switch keeps its choice under this name.
  const chosen = (() => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // where the browser keeps nothing
    }
  })();
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  page.dataset.theme = ["light", "dark"].includes(chosen) ? chosen : isDark ? "dark" : "light";
  page.classList.add("sg-turned");

  const ON = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, End: Infinity };
  const STEPS = { ...ON, ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Home: -Infinity };
  const HOLDING = ".sg-explorable, [tabindex]"; // they have a use for arrows themselves
  const PRESSED = "button, a";
  const LEAST = 0.6; // how much smaller than on its page something may become before it scrolls
  const MOST = {
    title: 1,
    text: 1.2,
    code: 1.2,
    table: 1.3,
    equation: 1.3,
    figure: 1.6,
    tall: 1,
    explorable: 1,
    number: 1.8,
  };

  document.addEventListener("DOMContentLoaded", () => {
    const deck = document.querySelector("main");
    const slides = [...deck.children];
    const isPhone = matchMedia("(max-width: 800px)");
    let at = 0;

    const counter = make("output", { className: "sg-counter" });
    const back = button("‹", "Previous slide", () => go(at - 1));
    const on = button("›", "Next slide", () => go(at + 1));
    const theme = button("Dark or light", "Dark or light", () => {
      page.dataset.theme = page.dataset.theme === "dark" ? "light" : "dark";
    });
    const full = button("Full screen", "Full screen", () =>
      document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen(),
    );
    const buttons = document.fullscreenEnabled ? [theme, full] : [theme];
    document.body.append(make("nav", { className: "sg-bar", ariaLabel: "Slides" }, ...buttons, back, counter, on));

    function make(tag, properties, ...children) {
      const element = Object.assign(document.createElement(tag), properties);
      element.append(...children);
      return element;
    }
    function button(text, name, act) {
      const onclick = (event) => {
        act();
        // After a click with the mouse the space bar turns the slides again.
        if (event.detail) event.currentTarget.blur();
      };
      return make("button", { type: "button", ariaLabel: name, title: name, onclick }, text);
    }

    // What is not seen is not within reach either.
    function mark(number) {
      at = number;
      slides.forEach((slide, i) => {
        slide.inert = !isPhone.matches && i !== at;
      });
      counter.textContent = `${at + 1} / ${slides.length}`;
      back.disabled = at === 0;
      on.disabled = at === slides.length - 1;
      history.replaceState(history.state, "", `#${at + 1}`);
    }
    function show() {
      slides[at].scrollIntoView({ behavior: "instant", block: "start", inline: "start" });
    }
    function go(number) {
      mark(Math.max(0, Math.min(slides.length - 1, number)));
      show();
    }
    // The slide that the address names, by its number or by what stands on it.
    function goToAddress() {
      const place = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.closest(".sg-slide");
      go(place ? slides.indexOf(place) : 0);
    }

    // The slide nearest to where one scrolled or swiped to.
    function onScroll(event) {
      if (event.target !== document && event.target !== deck) return;
      const off = slides.map((slide) => {
        const { left, top } = slide.getBoundingClientRect();
        return Math.abs(isPhone.matches ? top : left);
      });
      const nearest = off.indexOf(Math.min(...off));
      if (nearest !== at) mark(nearest);
    }

    // As large as there is room for, and a tall figure with its caption beside it. What is still too tall scrolls inside its slide.
    function fit(slide) {
      const content = slide.querySelector(".sg-content");
      const overflows = (size) => {
        content.style.zoom = size;
        return isScrolling(content.parentElement);
      };
      let [low, high] = [LEAST, MOST[slide.dataset.kind]];
      if (!overflows(high)) return;
      for (let step = 0; step < 6; step++) {
        const middle = (low + high) / 2;
        if (overflows(middle)) high = middle;
        else low = middle;
      }
      overflows(low);
      if (slide.dataset.kind !== "figure" || low > 1) return;
      slide.dataset.kind = "tall";
      fit(slide);
    }
    const isScrolling = (body) => body.scrollHeight > body.clientHeight || body.scrollWidth > body.clientWidth;
    function fill() {
      if (!isPhone.matches) {
        deck.style.setProperty("--sg-zoom", Math.min(deck.clientWidth / 1280, deck.clientHeight / 720));
        if (!("fitted" in page.dataset)) slides.forEach(fit);
        page.dataset.fitted = "";
        show();
      }
      for (const body of deck.querySelectorAll(".sg-body")) if (isScrolling(body)) body.tabIndex = 0;
    }

    const onKey = (event) => {
      const { key, target } = event;
      if (!(key in STEPS) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      // Page Up and Page Down, which a presenter's remote sends, turn the slides from everywhere.
      if (!key.startsWith("Page") && target.closest(key === " " ? `${HOLDING}, ${PRESSED}` : HOLDING)) return;
      go(at + (key === " " && event.shiftKey ? -1 : STEPS[key]));
      event.preventDefault();
    };
    // Before an explorable keeps a key to itself.
    document.addEventListener("keydown", onKey, { capture: true });
    document.addEventListener("scroll", onScroll, { capture: true, passive: true });
    addEventListener("hashchange", goToAddress);
    goToAddress();
    addEventListener("load", async () => {
      await document.fonts.ready;
      new ResizeObserver(fill).observe(deck);
      // An explorable has its own height once it has drawn itself. Under a reader's hand it keeps its size, and scrolls.
      const heights = new WeakMap();
      const grown = new ResizeObserver((entries) => {
        for (const { target: host } of entries) {
          if (Math.abs((heights.get(host) ?? 0) - host.offsetHeight) < 4 || host.matches(":hover, :focus-within"))
            continue;
          heights.set(host, host.offsetHeight);
          fit(host.closest(".sg-slide"));
        }
      });
      for (const host of deck.querySelectorAll(".sg-explorable")) grown.observe(host);
      isPhone.addEventListener("change", () => mark(at));
    });
  });
})();
