// A training of this page: the images for it, the worker that trains, the one that lays out the map, and what they told last.

import { html } from "../lib/dom.js";
import { unzipped } from "../lib/files.js";
import { spawn } from "../lib/spawn.js";
import { liveMap } from "./map/map.js";
import { workerSource } from "./worker.js";

let loaded = null; // the images, once for all trainings of a page

// `change()` is called whenever there is something new in `session`:
//     phase: "idle", "loading", "starting", "live" or "failed", with `share` of what is loaded and what `failed`
//     ready, frame, look: what the worker told (see worker.js); y: the places of the map
//
// `kernel`, where there is one, makes what stands for a worker that trains with PyTorch.
export function createSession({ imagesFrom, kernel, change }) {
  let [worker, inKernel, run, map, begun] = [null, false, 0, null, () => undefined];
  const waiting = new Map();
  const EMPTY = { phase: "idle", share: 0, failed: null, ready: null, frame: null, look: null, y: null };
  const session = { ...EMPTY };
  const set = (changes) => {
    Object.assign(session, changes);
    change();
    if (changes.phase === "live" || changes.phase === "failed") begun(changes.phase === "live");
  };
  const hear = ({ data }) => {
    if (data.run !== run) return;
    if (data.ready) set({ phase: "live", ready: data.ready });
    if (data.frame) set({ frame: data.frame });
    if (data.failed) set({ phase: "failed", failed: data.failed });
    if (data.file) waiting.get(data.id)?.(data.file);
    if (data.look) {
      const { features, components } = data.look;
      const points = session.ready.labels.length * 2;
      if (features) map.learn({ features, points, components, seed: 1 });
      set({ look: data.look });
    }
  };
  const tell = (message) => worker?.postMessage(message);
  // Has the worker there that the engine is for.
  const place = async (anyEngine) => {
    const there = Boolean(kernel) && anyEngine;
    if (worker !== null && there !== inKernel) {
      worker.terminate();
      worker = null;
    }
    inKernel = there;
    worker ??= there ? kernel() : spawn(workerSource ?? (await workerOfSite()));
  };

  return Object.assign(session, {
    // Whether it began; false where another beginning came between, too.
    async begin({ data, network, engine, seed, settings }) {
      begun(false);
      const outcome = new Promise((resolve) => {
        begun = resolve;
      });
      run += 1;
      const own = run;
      set({ ...EMPTY, phase: "loading" });
      try {
        await place(!["wasm", "webgpu"].includes(engine));
        if (data !== "digits" && !inKernel) loaded ??= await imagesFrom((share) => own === run && set({ share }));
        if (own !== run) return outcome;
        worker.onmessage = hear;
        worker.onerror = () => set({ phase: "failed", failed: "the worker that trains did not start" });
        map?.close();
        map = liveMap((y) => {
          if (own === run) set({ y });
        });
        set({ phase: "starting" });
        tell({
          start: { run, data, bytes: data === "digits" || inKernel ? null : loaded, network, engine, seed, settings },
        });
      } catch (error) {
        if (own === run) set({ phase: "failed", failed: error.message });
      }
      return outcome;
    },
    tell,
    seen: () => map?.seen(),
    file: () =>
      new Promise((resolve) => {
        const id = waiting.size + 1;
        waiting.set(id, resolve);
        tell({ save: id });
      }),
    close() {
      begun(false);
      run += 1;
      worker?.terminate();
      map?.close();
      [worker, map] = [null, null];
      Object.assign(session, EMPTY);
    },
  });
}

// The address of a file of the site, from a page anywhere in it.
function addressOf(file) {
  const root = document.documentElement.dataset.content_root;
  if (root === undefined) throw new Error("its files come with the book’s site");
  return new URL(file, new URL(root, location.href));
}

// The worker's text, where it did not come with this module: from a script, which a page opened by double-click may load too.
function workerOfSite() {
  const script = html("script", { src: addressOf("_static/explorables/trainer.worker.js").href });
  return new Promise((resolve, reject) => {
    script.onload = () => resolve(window.sgWorkers.trainer);
    script.onerror = () => reject(new Error("its script could not be loaded"));
    document.head.append(script);
  });
}

// The images from the site, or from the kernel that shows this picture.
export async function imagesOfSite(onShare) {
  const response = await fetch(addressOf("_static/trainer/fashion-mnist.gz"));
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  const total = Number(response.headers.get("content-length"));
  const [reader, parts] = [response.body.getReader(), []];
  let come = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    come += next.value.length;
    if (total > 0) onShare(Math.min(1, come / total));
  }
  return unzipped(new Uint8Array(await new Blob(parts).arrayBuffer()));
}

export function imagesOfKernel(model) {
  return new Promise((resolve) => {
    const hear = (message, buffers) => {
      if (message.images !== true) return;
      model.off("msg:custom", hear);
      const [{ buffer, byteOffset, byteLength }] = buffers;
      resolve(unzipped(new Uint8Array(buffer, byteOffset, byteLength)));
    };
    model.on("msg:custom", hear);
    model.send({ ask: "images" });
  });
}
