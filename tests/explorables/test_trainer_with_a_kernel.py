"""The trainer's page and its PyTorch, with a short wire between them in the place of Jupyter's."""

import base64
import json
import queue
import re

from playwright.sync_api import expect

from sgutils import widgets
from sgutils.page_network import load_saved_network
from sgutils.widgets import bundle

HOST = """async ([source, state]) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const [listeners, values] = [new Set(), { ...state, kernel: true }];
  const model = {
    get: (key) => values[key], set: (key, value) => { values[key] = value; }, save_changes() {},
    on: (event, listener) => event === "msg:custom" && listeners.add(listener),
    off: (_, listener) => listeners.delete(listener),
    send: (message) => window.toPython(message),
  };
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  setInterval(async () => {
    for (const [content, parts] of await window.fromPython()) for (const hear of [...listeners]) hear(content, parts.map(bytes));
  }, 50);
  widget.render({ model, el: document.body });
}"""


def test_two_networks_train_with_pytorch_and_one_is_kept(browser, tmp_path):
    widget = widgets.Trainer(data="digits", network="resnet8-narrow")
    told: queue.Queue = queue.Queue()
    widget.send = lambda content, buffers=(): told.put(
        [json.loads(json.dumps(content)), [base64.b64encode(part).decode() for part in buffers]]
    )
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.expose_function("toPython", lambda message: widget._hear(widget, message, []))
    page.expose_function("fromPython", lambda: [told.get() for _ in range(told.qsize())])
    page.evaluate(HOST, [bundle.module_source("trainer"), widget.state])
    press = lambda name: page.get_by_role("button", name=name, exact=True).click()
    press("Compare two")
    press("Train")
    said = page.locator(".sg-trainer-said").first
    expect(said).to_contain_text(re.compile(r"in the kernel \(PyTorch.*images/s"), timeout=240_000)
    assert page.locator("svg path.sg-line.sg-dashed").count() == 2
    press("Pause")
    expect(said).to_contain_text("Stands still", timeout=240_000)
    with page.expect_download() as download:
        press("Save the network")
    download.value.save_as(tmp_path / "net.safetensors")
    assert load_saved_network(tmp_path / "net.safetensors").method == "self-guidance"
    page.close()
    widget.close()
    assert errors == []
