"""How alike the page finds teacher and student is what `sgutils.features` finds: of numbers, and of a network that it trained."""

import base64

import numpy as np
import pytest
from support.stage import Mathematics

from sgutils.data import load_dataset
from sgutils.features import linear_cka, penultimate
from sgutils.page_network import load_saved_network
from sgutils.widgets import bundle

CKA = "([a, b, n]) => M.linearCka(Float32Array.from(a), Float32Array.from(b), n)"


@pytest.fixture(scope="module")
def cka(browser):
    page = browser.new_page()
    mathematics = Mathematics(page, "trainer/likeness.js")
    yield lambda a, b: mathematics.evaluate(CKA, [a.ravel().tolist(), b.ravel().tolist(), len(a)])
    page.close()


@pytest.mark.parametrize(("n", "d", "e"), [(30, 4, 4), (12, 20, 3), (200, 32, 64)])
def test_it_is_the_cka_of_sgutils(cka, n, d, e):
    draw = np.random.default_rng(0)
    a = draw.normal(size=(n, d)).astype(np.float32) + 3
    b = (a @ draw.normal(size=(d, e)) + draw.normal(size=(n, e))).astype(np.float32)
    assert cka(a, b) == pytest.approx(linear_cka(a, b), abs=1e-9)
    assert cka(a, 5 * a[:, ::-1]) == pytest.approx(1)


def test_features_that_say_nothing_have_none(cka):
    some = np.random.default_rng(0).normal(size=(6, 3))
    assert cka(some, np.zeros((6, 2))) is None
    assert cka(some, np.full((6, 2), np.nan)) is None


# Trains a little, has a look with a student by hand, and keeps the network as it was looked at.
LOOK = """async ([source, gates]) => {
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const settings = { method: "self-guidance", lam: 0, tau: 3, p_last: 0.5, lr: 0.05, statistics: "teacher" };
  const start = { run: 1, data: "digits", bytes: null, network: "resnet8-narrow", engine: "wasm", seed: 3, settings };
  let seen = null;
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.look?.steps === 20 && data.look.student.gates.join() === gates.join()) {
        seen = data.look.cka;
        worker.postMessage({ save: 1 });
      }
      if (data.file) resolve([seen, btoa(Array.from(data.file, (byte) => String.fromCharCode(byte)).join(""))]);
    };
    for (const wish of [{ start }, { steps: 20 }, { gates }]) worker.postMessage(wish);
  });
}"""


@pytest.mark.parametrize("gates", [[1, 0, 1], [0, 0, 0]])
def test_it_is_that_of_the_trained_network_on_all_test_images(browser, tmp_path, gates):
    page = browser.new_page()
    seen, content = page.evaluate(LOOK, [bundle.bundled(bundle.HERE / "trainer" / "worker.js"), gates])
    page.close()
    (tmp_path / "net.safetensors").write_bytes(base64.b64decode(content))
    saved = load_saved_network(tmp_path / "net.safetensors")
    x = (load_dataset("digits").test_x.float() - saved.mean) / saved.std
    teacher, student = (penultimate(saved.net, x, given) for given in (saved.gates, gates))
    assert seen == pytest.approx(linear_cka(teacher, student), abs=1e-4)
    assert seen < 0.99
