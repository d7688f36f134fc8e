// One training, or two side by side: from the same seed, so with the same weights, batches and draws of gates.

import { createSession } from "./session.js";

const AHEAD = 12; // steps that the faster of two may be ahead of the other, as last heard

// Keys of lanes are prefixes of their settings, "" and "b_". `keys()` says which are wanted, `plan()` what a training begins
// with, `settings(key)` and `gates()` what holds from the next step on, `source` is where images
// and engines come from (see session.js), and `change()` is called when there is something new.
export function createLanes({ source, keys, plan, settings, gates, change }) {
  const sessions = {};
  const [told, allowed] = [{}, {}];
  let [began, going] = [null, false];
  for (const key of ["", "b_"]) {
    sessions[key] = createSession({
      ...source,
      change() {
        pace(key);
        change();
      },
    });
  }
  const all = () => keys().map((key) => sessions[key]);
  const live = () => all().every(({ phase, look, frame }) => phase === "live" && look !== null && frame !== null);
  const tell = (message) => {
    for (const session of all()) session.tell(message);
  };
  // Two are compared at equal steps: the faster one waits.
  const pace = (key) => {
    if (keys().length === 1 || !sessions[key].frame) return;
    const other = key ? "" : "b_";
    const upTo = sessions[key].frame.steps + AHEAD;
    if (allowed[other] === upTo) return;
    allowed[other] = upTo;
    sessions[other].tell({ upTo });
  };
  const tellSettings = () => {
    for (const key of keys()) {
      const now = { settings: settings(key), gates: gates() };
      if (JSON.stringify(now) === told[key]) continue;
      told[key] = JSON.stringify(now);
      sessions[key].tell(now);
    }
  };
  const begin = async () => {
    sessions.b_.close();
    const chosen = plan();
    began = JSON.stringify(chosen);
    let { engine } = chosen;
    for (const key of keys()) {
      allowed[key] = null;
      told[key] = JSON.stringify({ settings: settings(key), gates: null });
      if (!(await sessions[key].begin({ ...chosen, engine, settings: settings(key) }))) return;
      engine = sessions[key].ready.engine; // what was the faster for the first one
    }
    tell({ play: going, ...(keys().length === 1 ? { upTo: null } : {}) });
    follow();
  };
  // Brings what runs in line with what is wanted.
  const follow = () => {
    if (sessions[""].phase !== "live") return;
    if (keys().length === 1 && sessions.b_.phase !== "idle") {
      sessions.b_.close();
      sessions[""].tell({ upTo: null });
    }
    if (JSON.stringify(plan()) !== began || all().some(({ phase }) => phase === "idle")) begin();
    else if (live()) tellSettings();
  };
  return {
    sessions,
    all,
    live,
    begin,
    follow,
    tell,
    // Whether they train, once they can.
    go(on) {
      going = on;
      tell({ play: on });
    },
    close() {
      for (const session of Object.values(sessions)) session.close();
    },
  };
}
