// How the networks come: from a kernel that has them, or at a click into a worker of this page; and what is said of it.

import { button } from "../lib/controls.js";
import { attr, html, text } from "../lib/dom.js";
import { check } from "../lib/recording.js";
import { percent } from "../lib/words.js";
import { kernelBackend, workerBackend } from "./backend.js";
import { NETWORKS } from "./networks.js";
import { workerSource } from "./worker.js";

// { el, say(sentence), load(), close(), state() }: `state()` is "recorded", "loading", "live" or "away", where they cannot
// come; `onLive(backend)` is called once they are there.
export function networkLoading(model, recording, onLive) {
  const bar = html("progress", { max: 1, "aria-label": "loading" });
  const said = html("output", { class: "sg-live-said", tabindex: -1 });
  const say = (sentence) => text(said, sentence);
  let [state, backend, closed] = ["recorded", null, false];

  const load = async () => {
    if (state !== "recorded") return;
    const root = document.documentElement.dataset.content_root;
    if (root === undefined) {
      say("The networks’ files are not here: they come with the book’s site.");
      return;
    }
    // The button goes, and the focus of the keyboard with it to what takes its place.
    if (document.activeElement === press) said.focus();
    press.replaceWith(bar);
    state = "loading";
    say("Loading …");
    try {
      backend = workerBackend(workerSource, (share) => {
        bar.value = share;
        say(share < 1 ? `Loading … ${percent(share)}` : "Loaded; starting the networks …");
      });
      const { survival, side, mean, std, testImages } = recording;
      const about = { networks: NETWORKS, survival, side, mean, std };
      const count = await backend.ask({ ask: "load", root: new URL(root, location.href).href, about });
      check(count === testImages);
      begin();
    } catch (error) {
      if (closed) return;
      backend?.close();
      bar.replaceWith(press);
      state = "recorded";
      say(`The networks could not be loaded (${error.message}): look at the connection, and try again.`);
    }
  };
  const press = button("Load the live networks (6 MB)", load);
  press.classList.add("sg-main");
  attr(press, { "data-loads": "" });
  const el = html("div", { class: "sg-live-load" }, press, said);
  const begin = () => {
    if (closed) return;
    state = "live";
    bar.remove();
    onLive(backend);
  };

  return {
    el,
    say,
    load,
    state: () => state,
    // To be called once the picture is ready for what `onLive` does.
    open() {
      if (model.get("kernel") === true) {
        backend = kernelBackend(model);
        press.remove();
        begin();
      } else if (location.protocol === "file:") {
        press.remove();
        state = "away";
        say(
          "A page opened by double-click may not load the networks: run “make serve” and open the address that it prints.",
        );
      } else {
        say(
          "What you see was recorded. With the first switch, or at a press, the networks themselves come and answer.",
        );
      }
    },
    close() {
      closed = true;
      backend?.close();
    },
  };
}
