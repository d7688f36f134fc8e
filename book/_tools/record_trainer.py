"""Records the training that the trainer shows before a reader starts one: it runs in a browser, by the same code.

    python -m book._tools.record_trainer

writes `data/explorables/trainer.json`. The map goes on moving from view to view, as it does in the page.
"""

import base64
import json

from playwright.sync_api import sync_playwright

from sgutils.files import write_atomically
from sgutils.folders import data_folder
from sgutils.widgets.bundle import HERE, bundled
from sgutils.widgets.trainer.images import fashion_mnist
from tests.support.browser import FLAGS, find_chromium

SETTINGS = {
    "data": "fashion-mnist",
    "network": "resnet14-narrow",
    "method": "self-guidance",
    "lam": 0.25,
    "tau": 3.0,
    "p_last": 0.5,
    "lr": 0.05,
    "statistics": "teacher",
}
# Views come thick while much happens; an epoch has 62.5 steps.
STEPS = (0, 2, 5, 10, 20, 30, 40, 63, 80, 100, 125, 188, 250, 313, 375, 500, 625, 750, 875, 1000)
# Moves of the map: at first with the attraction exaggerated, then from view to view.
MAP = {"perplexity": 20, "cold": 400, "exaggerated": 120, "warm": 150}

RECORD = """async ([worker, tsne, packed, settings, steps, { perplexity, cold, exaggerated, warm }]) => {
  const from = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const T = await import(from(tsne));
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const images = new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  const run = new Worker(from(worker));
  const heard = { ready: [], look: [], frame: [] };
  let wake;
  run.onmessage = ({ data }) => {
    if (data.failed) throw new Error(data.failed);
    for (const kind of Object.keys(heard)) if (data[kind]) heard[kind].push(data[kind]);
    wake?.();
  };
  const next = async (kind) => {
    while (heard[kind].length === 0) await new Promise((resolve) => { wake = resolve; });
    return heard[kind].shift();
  };
  run.postMessage({ start: { run: 1, data: settings.data, bytes: images, network: settings.network, engine: "wasm", seed: 0, settings } });
  const { labels, pixels, epoch } = await next("ready");
  let map = null;
  const text = (values) => btoa(String.fromCharCode(...new Uint8Array(values.buffer)));
  const frames = [];
  for (const [i, count] of steps.entries()) {
    if (i > 0) run.postMessage({ steps: count - steps[i - 1] });
    const look = await next("look");
    let frame = await next("frame");
    while (frame.steps < count) frame = await next("frame");
    const alike = T.affinities(look.features, 2 * labels.length, look.components, perplexity);
    map ??= T.movingMap(T.coldStart(2 * labels.length, 1), 2 * labels.length);
    for (let k = 0; k < (i === 0 ? cold : warm); k += 1) map.step(alike, i === 0 && k < exaggerated ? T.EXAGGERATION : 1);
    const far = map.y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const network = ({ gates, error, said }) => ({ gates: gates.map((gate) => Number(gate.toFixed(4))), error, said: text(Uint8Array.from(said)) });
    const losses = frame.losses && Object.fromEntries(Object.entries(frame.losses).map(([name, value]) => [name, value === null ? null : Number(value.toFixed(4))]));
    const cka = look.cka === null ? null : Number(look.cka.toFixed(4));
    frames.push({ steps: count, losses, cka, teacher: network(look.teacher), student: network(look.student), map: text(Int16Array.from(map.y, (value) => Math.round((32767 * value) / far))) });
  }
  run.terminate();
  // Four bits a pixel are enough for so small a picture.
  const photos = Uint8Array.from({ length: (labels.length * pixels[0].length) / 2 }, (_, k) => {
    const [image, at] = [pixels[Math.floor((2 * k) / pixels[0].length)], (2 * k) % pixels[0].length];
    return 16 * Math.round(image[at] / 17) + Math.round(image[at + 1] / 17);
  });
  return { settings, epoch, labels, pixels: text(photos), frames };
}"""


def main():
    arguments = [bundled(HERE / "trainer" / "worker.js"), bundled(HERE / "lib" / "tsne.js")]
    arguments += [base64.b64encode(fashion_mnist()).decode(), SETTINGS, STEPS, MAP]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        recording = chromium.new_page().evaluate(RECORD, arguments)
        chromium.close()
    out = data_folder() / "explorables" / "trainer.json"
    write_atomically(out, json.dumps(recording, separators=(",", ":"), sort_keys=True) + "\n")
    last = recording["frames"][-1]
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB, teacher {last['teacher']['error']:.1%} at the end")


if __name__ == "__main__":
    main()
