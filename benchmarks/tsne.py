"""How fast the maps of the feature space move: in the page, and in a kernel.

    python -m benchmarks.tsne

plays the feature space in headless Chromium, with 400 points (teacher and one student) and with 600 (two students), and
times its t-SNE steps in a worker's loop; then moves a map of 1,000 points with openTSNE (`sgutils.features.LiveMap`). It
writes `data/benchmarks/tsne.json`. Wall times depend on what else the machine does, so the load stands beside them, and
what was done in a second is given by the CPU's own time too: of all threads of the browser, or of the kernel's process.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from sgutils.features import LiveMap
from sgutils.files import write_atomically
from sgutils.widgets.recorders.feature_space import read_recording
from tests.support.browser import FLAGS, find_chromium
from tests.support.stage import Mathematics, Stage

ROOT = Path(__file__).resolve().parent.parent

OUT = ROOT / "data" / "benchmarks" / "tsne.json"

STEPS_PER_MAP = 4  # of the kernel's map, from one that is drawn to the next

# Times of the frames in which the points have moved.
WATCH = """() => {
  window.frames = [];
  let before = null;
  const look = (now) => {
    const lines = document.querySelector(".sg-ties").getAttribute("d");
    if (lines !== before) window.frames.push(now);
    before = lines;
    window.watching = requestAnimationFrame(look);
  };
  window.watching = requestAnimationFrame(look);
}"""

STEPS = """([x, n, d, rounds]) => {
  const p = M.affinities(x, n, d, 20);
  const map = M.movingMap(M.coldStart(n, 0), n);
  return Array.from({ length: rounds }, () => {
    const begun = performance.now();
    for (let step = 0; step < 10; step += 1) map.step(p);
    return (performance.now() - begun) / 10;
  });
}"""


def browsers_time():
    """CPU seconds of all processes that this one has started, and of those that they have."""
    ticks, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        pid = int(stat.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])

    def ours(pid):
        return pid in parents and (parents[pid] == os.getpid() or ours(parents[pid]))

    return sum(value for pid, value in ticks.items() if ours(pid)) / os.sysconf("SC_CLK_TCK")


def frames(browser, student):
    """While the map plays from the start: frames of each second, and frames in a second of the browser's own time."""
    page = browser.new_page(viewport={"width": 1000, "height": 900}, reduced_motion="no-preference")
    Stage(page).show("feature_space", {"student": student, "epoch": 0})
    page.wait_for_function("document.querySelector('.sg-x').getAttribute('aria-busy') === 'false'")
    page.evaluate(WATCH)
    begun = browsers_time()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('.sg-main').textContent === 'Play from the start'", timeout=120_000)
    used = browsers_time() - begun
    moved = page.evaluate("window.frames")
    page.close()
    seconds = np.bincount(((np.array(moved) - moved[0]) / 1000).astype(int))
    return seconds[1:-1].tolist(), len(moved) / used


def steps(browser, features):
    """Milliseconds of a t-SNE step in the page, in rounds of ten steps."""
    page = browser.new_page()
    found = Mathematics(page, "lib/tsne.js").evaluate(STEPS, [features.ravel().tolist(), *features.shape, 60])
    page.close()
    return found[5:]


def kernel(features, rounds=60):
    """Seconds of one update of the kernel's map: (wall, process)."""
    live = LiveMap(perplexity=20)
    live.show(features)
    live.move(STEPS_PER_MAP)
    times = []
    for _ in range(rounds):
        wall, own = time.perf_counter(), time.process_time()
        live.move(STEPS_PER_MAP)
        times.append((time.perf_counter() - wall, time.process_time() - own))
    return np.array(times)


def quartiles(values, digits=2):
    return dict(
        zip(
            ("lower_quartile", "median", "upper_quartile"),
            (round(q, digits) for q in statistics.quantiles(values, n=4)),
            strict=True,
        )
    )


def main():
    recorded = np.concatenate([read_recording()["methods"]["self-guidance"][-1]["features"][k] for k in range(4)])
    thousand = np.concatenate(
        [recorded, recorded[:200] + np.random.default_rng(0).normal(size=(200, recorded.shape[1]))]
    )
    record = {"load_before": round(os.getloadavg()[0], 1), "page": {}}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for student, points in (("A", 400), ("A and B", 600)):
            by_the_clock, of_its_own_time = frames(browser, student)
            record["page"][str(points)] = {
                "frames_a_second": quartiles(by_the_clock, 1),
                "frames_a_second_of_its_own_time": round(of_its_own_time, 1),
                "milliseconds_a_step": quartiles(steps(browser, thousand[:points]), 3),
            }
        browser.close()
    wall, own = kernel(thousand).T
    record["kernel"] = {
        "points": len(thousand),
        "steps_an_update": STEPS_PER_MAP,
        "updates_a_second": quartiles(1 / wall, 1),
        "updates_a_second_of_its_own_time": quartiles(1 / own, 1),
    }
    record |= {
        "load_after": round(os.getloadavg()[0], 1),
        "machine": f"{platform.machine()} CPU, {os.cpu_count()} cores",
    }
    write_atomically(OUT, json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
