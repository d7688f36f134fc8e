// The map of the feature space, computed beside the page: a cold start at the first epoch, then from epoch to epoch on
// from where the points lie. So the map of an epoch depends on the settings alone, not on how the reader came to it.

import { affinities, coldStart, EXAGGERATION, movingMap } from "../lib/tsne.js";

// Steps of the cold start, how many of them are exaggerated, and steps of each later epoch.
const [COLD, EXAGGERATED, WARM] = [400, 150, 200];

// A frame of a run that is watched; without a watcher as many steps as fit into this many milliseconds.
const [PER_FRAME, AT_ONCE] = [{ cold: 5, warm: 3 }, 40];

let job = null;
let waiting = null;

self.onmessage = ({ data }) => {
  if (data.begin) {
    job = { ...data.begin, layouts: [], alike: [], moving: null, goal: -1 };
  } else if (data.go && job?.run === data.go.run) {
    go(data.go);
  } else if (data.more === job?.run && job.moving) {
    work();
  }
};

// To epoch number `to`; where `from` is given and laid out, watched again from there on (-1 is the cold start).
function go({ to, from, watched }) {
  Object.assign(job, { goal: to, watched });
  if (from === -1 || job.layouts[from]) job.moving = from < to ? begin(from + 1) : null;
  else if (job.moving && job.moving.epoch > to) job.moving = null;
  if (!job.moving && !job.layouts[to]) job.moving = begin(job.layouts.length);
  if (job.moving) work();
  else tell(to, job.layouts[to], true);
}

function begin(epoch) {
  const { features, points, components, perplexity, seed } = job;
  job.alike[epoch] ??= affinities(features[epoch], points, components, perplexity);
  const start = epoch === 0 ? coldStart(points, seed) : job.layouts[epoch - 1].slice();
  return { epoch, step: 0, steps: epoch === 0 ? COLD : WARM, map: movingMap(start, points) };
}

function work() {
  clearTimeout(waiting);
  const { moving } = job;
  const { epoch, map } = moving;
  const [until, most] = job.watched
    ? [Infinity, PER_FRAME[epoch === 0 ? "cold" : "warm"]]
    : [performance.now() + AT_ONCE, Infinity];
  for (let i = 0; i < most && moving.step < moving.steps && performance.now() < until; i += 1) {
    map.step(job.alike[epoch], epoch === 0 && moving.step < EXAGGERATED ? EXAGGERATION : 1);
    moving.step += 1;
  }
  if (moving.step === moving.steps) {
    job.layouts[epoch] = map.y.slice();
    job.moving = epoch < job.goal ? begin(epoch + 1) : null;
  }
  if (job.watched || !job.moving) tell(epoch, map.y, !job.moving);
  // A watched run waits until its frame has been painted; any other lets newer wishes in.
  if (job.moving && !job.watched) waiting = setTimeout(() => job.moving && work(), 0);
}

function tell(epoch, y, settled) {
  const copy = Float32Array.from(y);
  postMessage({ run: job.run, epoch, y: copy, settled }, [copy.buffer]);
}
