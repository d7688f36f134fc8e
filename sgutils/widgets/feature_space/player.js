// Who asks the worker for maps, and plays them one after another.

import { reducedMotion } from "../lib/preferences.js";

// In milliseconds: how long a jump to an epoch that is laid out already takes, and how long a still picture stays.
const [GLIDE, STILL] = [350, 900];

// `epochAt()` and `setEpoch(i)` are the epoch that the reader wants, as an index into `epochs`. What it has to show is in
// `shown` ({ epoch, y }, or null where nothing fits the settings), `busy` and `playing`; `repaint()` says that they changed.
export function mapPlayer({ worker, epochs, epochAt, setEpoch, repaint }) {
  const last = epochs.length - 1;
  let [run, settings, aimed] = [0, null, null];
  let [resting, gliding] = [null, null];
  const player = { shown: null, busy: false, playing: false };

  const show = ({ epoch, y, settled }) => {
    player.shown = { epoch, y };
    if (settled) {
      player.busy = false;
      if (player.playing && reducedMotion() && epoch < last) {
        resting = setTimeout(() => player.playing && step(epoch + 1), STILL);
      } else {
        player.playing = false;
      }
    }
    repaint();
  };
  // Where motion is unwelcome the epochs come as still pictures, one after another.
  const step = (epoch) => {
    aimed = epoch;
    setEpoch(epoch);
    go();
  };
  const glide = (from, { epoch, y, settled }) => {
    let begun = null;
    const move = (now) => {
      begun ??= now;
      const way = Math.min(1, (now - begun) / GLIDE);
      const eased = way * way * (3 - 2 * way);
      gliding = way < 1 ? requestAnimationFrame(move) : null;
      show({ epoch, y: y.map((value, k) => from[k] + (value - from[k]) * eased), settled: settled && way === 1 });
    };
    gliding = requestAnimationFrame(move);
  };
  const go = (more = {}) => {
    player.stop();
    aimed = epochAt();
    player.busy = true;
    worker.postMessage({ go: { run, to: aimed, watched: !reducedMotion(), ...more } });
    repaint();
  };
  worker.onmessage = ({ data }) => {
    if (data.run !== run) return;
    const { shown, playing } = player;
    const jumps = data.settled && shown && shown.epoch !== data.epoch && !playing && !reducedMotion();
    if (jumps) glide(shown.y, data);
    else show(data);
  };

  return Object.assign(player, {
    // The reader may have changed something: with other `now` the points of `begin()` are laid out from the first epoch
    // on, which is as good to watch as what Play does.
    follow(now, begin) {
      if (now !== settings) {
        [settings, run] = [now, run + 1];
        [player.playing, player.shown] = [!reducedMotion(), null];
        worker.postMessage({ begin: { run, ...begin() } });
        go();
      } else if (epochAt() !== aimed) {
        player.playing = false;
        go();
      }
    },
    play() {
      if (player.playing) {
        player.playing = false;
        setEpoch(player.shown?.epoch ?? 0);
        return;
      }
      const from = epochAt() === last ? -1 : epochAt();
      player.playing = true;
      if (reducedMotion()) {
        step(from + 1);
        return;
      }
      aimed = last;
      setEpoch(last);
      go({ from });
    },
    // What was to be shown is on the page: the next may come.
    painted() {
      if (player.busy) worker.postMessage({ more: run });
    },
    stop() {
      cancelAnimationFrame(gliding);
      clearTimeout(resting);
    },
  });
}
