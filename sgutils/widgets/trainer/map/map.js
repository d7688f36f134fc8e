// The live map's worker, as a page sees it: { learn(features ...), seen(), close() }; `onMove` gets the places of all points.

import { spawn } from "../../lib/spawn.js";
import { workerSource } from "./worker.js";

export function liveMap(onMove) {
  const worker = spawn(workerSource);
  worker.addEventListener("message", ({ data }) => onMove(data));
  return {
    learn: (given) => worker.postMessage(given),
    seen: () => worker.postMessage({ seen: true }),
    close: () => worker.terminate(),
  };
}
