// The training in the worker, as the reader steers it: play, pause, step, and what was shown last.

// The picture plays on its own once, so far: until the spirals have come apart.
const BY_ITSELF = 2000;

// `planOf()` is what is trained, `steps` how far the state has it; `tellSteps(steps)` says where it stands still. What there
// is to show: `examples`, `shown` (the worker's last frame), `playing`, `waiting` for an answer, and whether a change has
// just cost what was trained (`restarted`); `repaint()` says that they changed.
export function trainingSession({ worker, planOf, stepsInState, tellSteps, handGates, repaint }) {
  // What the worker trains (`trained`, from the beginning to the `known` step of the state), the number of the last order.
  let [run, trained, known, order] = [0, null, null, 0];
  let [visible, byItself] = [false, false];
  const session = { examples: null, shown: null, playing: false, waiting: false, restarted: false };

  const going = () => session.playing && visible && !document.hidden;
  const send = () => {
    order += 1;
    worker.postMessage({ play: going(), order });
  };
  const play = (on) => {
    Object.assign(session, { playing: on, waiting: !on, restarted: false });
    byItself = false;
    send();
    repaint();
  };
  const standStill = ({ steps }) => {
    if (going()) session.playing = false; // it came to its end
    session.waiting = false;
    // Where it stands still belongs to the view that can be shared.
    if (!session.playing && steps !== known) {
      known = steps;
      tellSteps(steps);
    }
  };
  worker.onmessage = ({ data: told }) => {
    if (told.run !== run) return;
    if (told.examples) {
      session.examples = told.examples;
      return;
    }
    const frame = told.frame;
    session.shown = frame;
    if (frame.order === order && !frame.playing && !frame.catchingUp) standStill(frame);
    else if (byItself && frame.steps >= BY_ITSELF) play(false);
    repaint();
  };
  document.addEventListener("visibilitychange", send);

  return Object.assign(session, {
    play,
    steps: () => session.shown?.steps ?? stepsInState(),
    // The state has changed.
    follow() {
      const [plan, steps] = [planOf(), stepsInState()];
      if (JSON.stringify(plan) !== trained || steps !== known) {
        [trained, known, session.waiting] = [JSON.stringify(plan), steps, !session.playing];
        run += 1;
        worker.postMessage({ start: { run, ...plan, steps } });
      }
      worker.postMessage({ gates: handGates() });
      repaint();
    },
    // What is trained is about to change: the training starts again, and what is on show follows from the settings alone.
    restart() {
      session.restarted = session.steps() > 0;
      byItself = false;
      known = null;
    },
    step() {
      play(false);
      worker.postMessage({ step: true });
    },
    painted() {
      if (session.shown) worker.postMessage({ seen: true });
    },
    // Nothing trains where nobody looks.
    see(now) {
      visible = now;
      send();
    },
    playByItself() {
      play(true);
      byItself = true;
    },
    close() {
      document.removeEventListener("visibilitychange", send);
      worker.terminate();
    },
  });
}

// Steps a second over the last moments.
export function meter() {
  let marks = [];
  return (steps) => {
    const now = performance.now();
    if (marks.length && steps < marks.at(-1)[1]) marks = [];
    marks = [...marks.filter(([time]) => now - time < 2000), [now, steps]];
    const [[time, from]] = marks;
    return now - time < 300 ? "training" : `${Math.round((1000 * (steps - from)) / (now - time))} steps/s`;
  };
}
