"""How fast the real network trains in a page, against PyTorch on one thread of the same machine, and what that asks of the page.

    make book && python -m benchmarks.page_training

runs the engine of the trainer (WebAssembly, one thread) in headless Chromium and the same steps in PyTorch, turn by turn. Then
it opens the book's first page as a reader does, once for each data set: what the page weighs before and after the click that
trains, and how many frames a second it draws before and while. All goes to `data/benchmarks/page-training.json`. Wall times
and frames depend on what else the machine does, so its load stands beside them; beside images per second stand those of CPU
time, and the ratio is of those.
"""

import argparse
import json
import os
import platform
import re
import statistics
import sys
import threading
import time
from pathlib import Path

import torch
from playwright.sync_api import sync_playwright

from benchmarks.explorables import requests
from book._tools.serve import server
from sgutils.files import write_atomically
from sgutils.methods import METHODS
from sgutils.networks import ResNet
from sgutils.widgets.bundle import HERE, bundled
from sgutils.widgets.trainer.make_engine import networks
from tests.support.browser import FLAGS, find_chromium
from tests.support.site_pages import SITE, wire_sizes

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "data" / "benchmarks" / "page-training.json"

BATCH, SIDE, SECONDS, TURNS = 64, 14, 2.0, 5
SIZES = ("resnet8-narrow", "resnet8-full", "resnet20-full")
DATASETS = ("fashion-mnist", "digits")
SETTINGS = {"lr": 0.01, "momentum": 0.9, "weightDecay": 1e-4, "nesterov": True}

# The engine with noise for images, ready to train; and steps for a while: how many, in how many seconds.
BEGIN = """async ([wasm, start, network, batch, side]) => {
  const load = (text) => import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const [{ wasmEngine }, { firstParameters, firstStatistics }] = [await load(wasm), await load(start)];
  const engine = await wasmEngine(network, { side, batch });
  engine.write("parameters", firstParameters(engine.layout, network, 1));
  engine.write("statistics", firstStatistics(engine.layout));
  const p = network.blocks.map((_, l) => 1 - (0.5 * (l + 1)) / network.blocks.length);
  const x = Float32Array.from({ length: batch * side * side }, () => 2 * Math.random() - 1);
  const y = Uint8Array.from({ length: batch }, () => Math.floor(10 * Math.random()));
  window.train = async (seconds, method, settings) => {
    const teacher = method === "baseline" ? p.map(() => 1) : p;
    const began = performance.now();
    let steps = 0;
    for (; performance.now() - began < 1000 * seconds; steps += 1) {
      const student = p.map((survive) => (Math.random() < survive ? 1 : 0));
      await engine.step({ ...settings, x, y, method, student, teacher, lam: 0.25, tau: 3, statistics: "teacher" });
    }
    return [steps, (performance.now() - began) / 1000];
  };
}"""

# Frames a second that the page draws, for a while.
FRAMES = """async (seconds) => {
  const began = await new Promise(requestAnimationFrame);
  let [frames, now] = [0, began];
  for (; now - began < 1000 * seconds; frames += 1) now = await new Promise(requestAnimationFrame);
  return (1000 * frames) / (now - began);
}"""
FRAME_SECONDS = 5.0


def torch_steps(network, name):
    """A function that trains for a while: steps, wall seconds, CPU seconds."""
    net = ResNet(**network["architecture"]).to(memory_format=torch.channels_last)
    method = METHODS[name](net).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True)
    x = torch.randn(BATCH, 1, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    y = torch.randint(10, (BATCH,))

    def train(seconds):
        wall, cpu, steps = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < seconds:
            optimizer.zero_grad(set_to_none=False)
            method(x, y)["total"].backward()
            optimizer.step()
            steps += 1
        return steps, time.perf_counter() - wall, time.process_time() - cpu

    return train


def measure(chromium):
    session = chromium.new_browser_cdp_session()

    def cpu():
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")

    found = {}
    texts = [bundled(HERE / "trainer" / file) for file in ("wasm.js", "engine.js")]
    for size in SIZES:
        network = networks()[size]
        page = chromium.new_page()
        page.evaluate(BEGIN, [*texts, network, BATCH, SIDE])
        for name in ("baseline", "self-guidance"):
            in_torch = torch_steps(network, name)
            turns = {"page": [], "torch": []}
            for turn in range(TURNS + 1):  # the first warms both up
                used = cpu()
                steps, wall = page.evaluate(
                    "([seconds, method, settings]) => train(seconds, method, settings)", [SECONDS, name, SETTINGS]
                )
                if turn:
                    turns["page"].append((steps, wall, cpu() - used))
                measured = in_torch(SECONDS)
                if turn:
                    turns["torch"].append(measured)
            speeds = {who: statistics.median(BATCH * s / used for s, _, used in rows) for who, rows in turns.items()}
            found[f"{size} {name}"] = (
                {
                    f"{who}_images_per_second": round(statistics.median(BATCH * s / wall for s, wall, _ in rows))
                    for who, rows in turns.items()
                }
                | {f"{who}_images_per_cpu_second": round(speed) for who, speed in speeds.items()}
                | {"page_against_torch": round(speeds["page"] / speeds["torch"], 2)}
            )
            print(f"{size} {name}", found[f"{size} {name}"], flush=True)
        page.close()
    return found


def visit(chromium, base, data):
    """What a reader of the first page has of the click that trains: bytes, and frames a second."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    asked = requests(page)
    weight = lambda: round(sum(wire_sizes(asked).values()) / 1000)
    page.goto(f"{base}book/index.html?trainer.data=%22{data}%22&trainer.engine=%22wasm%22", wait_until="load")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # as the test of a page's weight does
    trainer = page.locator("[data-module=trainer][data-mounted]")
    trainer.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)
    found = {
        "before_the_click_kB": weight(),
        "frames_per_second_before": round(page.evaluate(FRAMES, FRAME_SECONDS), 1),
    }
    recorded = trainer.locator(".sg-ties").get_attribute("d")
    trainer.locator("[data-loads]").click()
    said = trainer.locator("output", has_text="images/s").first
    said.wait_for(timeout=120_000)
    page.wait_for_function("was => document.querySelector('.sg-ties').getAttribute('d') !== was", arg=recorded)
    found["frames_per_second_while_training"] = round(page.evaluate(FRAMES, FRAME_SECONDS), 1)
    found["after_the_click_kB"] = weight()
    found["images_per_second_it_says"] = int(re.search(r"([\d,]+) images/s", said.inner_text())[1].replace(",", ""))
    page.close()
    print(data, found, flush=True)
    return found


def visits(chromium):
    running = server(SITE)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        return {data: visit(chromium, f"http://127.0.0.1:{running.server_address[1]}/", data) for data in DATASETS}
    finally:
        running.shutdown()


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    if not (SITE / "index.html").exists():
        sys.exit("The site is not built: run `make book` first.")
    torch.set_num_threads(1)
    busy = os.getloadavg()[0]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        record = {"training": measure(chromium), "page": visits(chromium), "browser": f"Chromium {chromium.version}"}
        chromium.close()
    record |= {
        "batch": BATCH,
        "image_size": SIDE,
        "torch": torch.__version__,
        "machine": f"{platform.machine()} CPU, {os.cpu_count()} cores",
        "processes_waiting_for_a_core_at_the_start": round(busy, 1),
    }
    write_atomically(OUT, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
