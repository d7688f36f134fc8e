"""What the explorables cost a reader: how fast they train and repaint in the browser, and how heavy their pages are.

    make book && python -m benchmarks.explorables

opens the built pages in headless Chromium, measures, and writes `data/benchmarks/explorables.json`. Wall times depend on
what else the machine does, so the load stands beside them, and for training the CPU time of the page with its workers.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from book._tools.serve import server
from sgutils.files import write_atomically
from tests.support.browser import FLAGS, find_chromium
from tests.support.site_pages import SITE, wire_sizes

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "data" / "benchmarks" / "explorables.json"

# Uses each control again and again, and times from its event until the browser has painted what followed from it; the
# same without any event is what a frame costs by itself.
REPAINT = """async (host) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();  // its message comes when the frame is painted
    port1.onmessage = () => done(performance.now());
    port2.postMessage(null);
  }));
  const send = (control, kind) => control.dispatchEvent(new Event(kind, { bubbles: true }));
  const use = (control, i) => {
    if (control.type === "range") {
      if (i % 2) control.stepDown(); else control.stepUp();
      send(control, "input");
    } else if (control.tagName === "SELECT") {
      control.selectedIndex = (control.selectedIndex + 1) % control.options.length;
      send(control, "change");
    } else if (control.type === "radio") {
      const group = [...host.querySelectorAll(`input[name="${control.name}"]`)];
      group[(group.findIndex((one) => one.checked) + 1) % group.length].click();
    } else {
      control.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }
  };
  const time = async (act) => {
    await frame();
    const start = await new Promise(requestAnimationFrame);  // a frame begins, and an event comes within it
    act();
    return await frame() - start;
  };
  const [times, empty, groups] = [[], [], new Set()];
  for (const control of host.querySelectorAll("input[type=range], select, input[type=radio], [role=switch]")) {
    if (control.matches(":disabled") || control.getClientRects().length === 0 || groups.has(control.name)) continue;
    if (control.type === "radio") groups.add(control.name);
    for (let i = 0; i < 12; i += 1) {
      times.push(await time(() => use(control, i)));
      empty.push(await time(() => {}));
    }
  }
  return [times, empty];
}"""

# Milliseconds from a switch until the loaded network has answered for the gates that it makes.
ANSWER = """async (host) => {
  const said = () => host.querySelector(".sg-live-chart svg").getAttribute("aria-label");
  const answered = async () => {
    while (said().includes("nothing yet")) await new Promise(requestAnimationFrame);
    return performance.now();
  };
  const times = [];
  const switches = host.querySelectorAll("[role=switch]");
  for (let i = 0; i < 18; i += 1) {  // 18 different vectors: all blocks off one by one, then on again
    await answered();
    const start = performance.now();
    switches[(5 * i) % switches.length].dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await new Promise(requestAnimationFrame);  // in which the question is painted
    times.push(await answered() - start);
  }
  return times;
}"""


def repaints(host):
    """Milliseconds from a control to the painted frame: the median, what one in twenty exceeds, and an empty frame's."""
    times, empty = host.evaluate(REPAINT)
    return {
        "median_ms": round(statistics.median(times), 1),
        "95th_percentile_ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "empty_frame_ms": round(statistics.median(empty), 1),
        "times": len(times),
    }


def answers(host):
    """Milliseconds that the network with switches takes to answer, once it is loaded."""
    host.locator("[data-loads]").click()
    host.locator("output", has_text="Live:").wait_for(timeout=60_000)
    return round(statistics.median(host.evaluate(ANSWER)), 1)


def training(page, host, seconds=8):
    """Steps per second of the playground as it stands when the page opens, its pictures included."""
    session = page.context.browser.new_browser_cdp_session()

    def cpu():
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")

    steps = lambda: int("".join(filter(str.isdigit, host.locator(".sg-count").inner_text())))
    host.scroll_into_view_if_needed()
    host.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1000)
    clock = "() => performance.now()"
    before, began, used = steps(), page.evaluate(clock), cpu()
    page.wait_for_timeout(1000 * seconds)
    done, passed, used = steps() - before, (page.evaluate(clock) - began) / 1000, cpu() - used
    host.get_by_role("button", name="Pause", exact=True).click()
    return {"steps_per_second": round(done / passed), "steps_per_cpu_second": round(done / used)}


def weight(page, address):
    """Bytes over the wire of all that a page asks for when it opens."""
    asked = requests(page)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(2000)
    return sum(wire_sizes(asked).values())


def requests(page):
    """The addresses that a page will have asked for, as it does."""
    asked = set()
    page.on("request", lambda request: request.url.startswith("http") and asked.add(request.url.split("?")[0]))
    return asked


def measure(chromium, base):
    pages, explorables = {}, {}
    for path in sorted((SITE / "book").glob("*.html")):
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        pages[path.stem] = {"gzip_kB": round(weight(page, f"{base}book/{path.name}") / 1000)}
        for host in page.locator(".sg-explorable[data-mounted]").all():
            name = host.get_attribute("data-module")
            if name in explorables:
                continue
            record = {}
            if name == "live_network":  # before anything else: the first switch that is used loads the network
                asked = requests(page)
                record["answer_median_ms"] = answers(host)
                record["loaded_MB"] = round(sum(wire_sizes(asked).values()) / 1e6, 1)
            record["repaint"] = repaints(host)
            if name == "playground":
                page.reload()
                page.wait_for_selector("[data-module=playground][data-mounted]")
                record["training"] = training(page, host)
            explorables[name] = record
            print(name, explorables[name], flush=True)
        page.close()
    return {"pages": pages, "explorables": dict(sorted(explorables.items()))}


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    if not (SITE / "index.html").exists():
        sys.exit("The site is not built: run `make book` first.")
    running = server(SITE)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    busy = os.getloadavg()[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        record = measure(browser, f"http://127.0.0.1:{running.server_address[1]}/")
        record["browser"] = f"Chromium {browser.version}"
        browser.close()
    running.shutdown()
    record["machine"] = f"{platform.machine()} CPU, {os.cpu_count()} cores"
    record["processes_waiting_for_a_core_at_the_start"] = round(busy, 1)
    write_atomically(OUT, json.dumps(record, indent=1) + "\n")
    for name, page in record["pages"].items():
        print(f"{name:24} {page['gzip_kB']:5} kB")
