// Mounts the page's explorables: the ES modules that a Jupyter kernel hosts through anywidget, here without a kernel.
// A classic script with Blob imports, because a page opened by double-click may neither fetch nor import from disk.
(() => {
  // The part of anywidget's model that explorables use, over a plain object. Saved changes go into the page's address,
  // so that a view can be shared.
  class Model {
    #state;
    #changed = new Set();
    #listeners = new Map();
    #share;

    constructor(state, share) {
      this.#state = state;
      this.#share = share;
    }

    get(key) {
      return this.#state[key];
    }

    set(key, value) {
      const entries = typeof key === "object" ? Object.entries(key) : [[key, value]];
      for (const [name, next] of entries) {
        if (JSON.stringify(this.#state[name]) === JSON.stringify(next)) continue;
        this.#state[name] = next;
        this.#changed.add(name);
        this.#emit(`change:${name}`, next);
      }
      if (entries.length) this.#emit("change");
    }

    save_changes() {
      if (!this.#changed.size) return;
      this.#share(Object.fromEntries([...this.#changed].map((name) => [name, this.#state[name]])));
      this.#changed.clear();
    }

    on(event, listener) {
      if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
      this.#listeners.get(event).add(listener);
    }

    off(event, listener) {
      if (listener) this.#listeners.get(event)?.delete(listener);
      else this.#listeners.delete(event);
    }

    send() {
      // Custom messages go to a kernel, and the page has none.
    }

    #emit(event, value) {
      for (const listener of this.#listeners.get(event) ?? []) listener(value);
    }
  }

  const kind = (value) => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);

  // The state in the address, where it has the shape that the explorable starts from; anything else is ignored.
  function sharedState(name, state) {
    const query = new URLSearchParams(location.search);
    const shared = {};
    for (const key of Object.keys(state)) {
      const text = query.get(`${name}.${key}`);
      if (text === null || text.length > 2000) continue;
      try {
        const value = JSON.parse(text);
        if (sameShape(value, state[key])) shared[key] = value;
      } catch {
        // Not JSON: a damaged link shows the picture's first state.
      }
    }
    return shared;
  }

  function sameShape(value, example) {
    if (kind(value) !== kind(example)) return false;
    if (kind(value) !== "array") return kind(value) !== "object";
    return value.length === example.length && value.every((item, i) => sameShape(item, example[i]));
  }

  let pending = new Map();
  let timer;
  // Browsers refuse more than some hundred changes of address in half a minute, so they are gathered.
  function share(name, changes) {
    for (const [key, value] of Object.entries(changes)) pending.set(`${name}.${key}`, JSON.stringify(value));
    clearTimeout(timer);
    timer = setTimeout(() => {
      const address = new URL(location.href);
      for (const [key, value] of pending) address.searchParams.set(key, value);
      pending = new Map();
      history.replaceState(history.state, "", address);
    }, 250);
  }

  async function mount(host, name) {
    const state = JSON.parse(host.dataset.state);
    const model = new Model({ ...state, ...sharedState(name, state) }, (changes) => share(name, changes));
    const module = host.dataset.module;
    const url = URL.createObjectURL(new Blob([window.sgExplorables[module]], { type: "text/javascript" }));
    try {
      const { default: widget } = await import(url);
      const definition = typeof widget === "function" ? await widget() : widget;
      await definition.initialize?.({ model });
      await definition.render({ model, el: host });
      host.dataset.mounted = "true";
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const seen = new Map();
    document.querySelectorAll(".sg-explorable[data-module]").forEach((host) => {
      // A second picture of one kind on a page keeps its own state: survival, survival2, ...
      const module = host.dataset.module;
      const count = (seen.get(module) ?? 0) + 1;
      seen.set(module, count);
      mount(host, count === 1 ? module : `${module}${count}`);
    });
  });
})();
