"""What the hosts are given: whole modules, safe and repeatable HTML, colours from one place."""

import html
import json
import re
import subprocess
import sys

import pytest
from support.layout import at_width, words_outside

from sgutils import colors
from sgutils.widgets import bundle


def test_bundling_needs_neither_torch_nor_a_notebook():
    code = (
        "import sys; from sgutils.widgets import bundle;"
        "[bundle.mount_html(name) + bundle.module_source(name) for name in bundle.NAMES]; bundle.stylesheet();"
        "print(sorted({'torch', 'numpy', 'anywidget', 'ipywidgets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", bundle.NAMES)
def test_module_stands_alone_with_each_shared_file_once(name):
    source = bundle.module_source(name)
    # A worker may import what it has loaded itself, by a Blob's address.
    assert not re.search(r"^import\b|\bimport\((?!url\))", source, re.M)
    assert source.count("export default") == 1
    for file in bundle.HERE.glob("*/*.js"):
        first_line = file.read_text(encoding="utf-8").splitlines()[0]
        assert source.count(f"{first_line}\n") <= 1  # a worker's text has its own, where a line ends in \\n
    assert source.count("function openState") == 1


WORKING = {
    **{f"lib/{name}": (bundle.HERE / "lib" / name).read_text(encoding="utf-8") for name in ("dom.js", "spawn.js")},
    "lib/double.js": "export const double = (value) => 2 * value;\n",
    "lib/numbers.js": "export const one = 1;\nexport const two = 2;\n",
    "working/working.json": "{}",
    "working/worker.js": """import { double } from "../lib/double.js";
import { one } from "../lib/numbers.js";
onmessage = ({ data }) => postMessage(`"${double(data) + one}" </script> τ`);
""",
    "working/working.js": """import {
  one,
  two,
} from "../lib/numbers.js";
import { html } from "../lib/dom.js";
import { spawn } from "../lib/spawn.js";
import { workerSource } from "./worker.js";
export default { render({ el }) {
  const worker = spawn(workerSource);
  worker.onmessage = ({ data }) => el.append(html("output", {}, data));
  worker.postMessage(18 + one + two);
} };
""",
}


@pytest.mark.parametrize("by_file", [False, True], ids=["page", "double-click"])
def test_a_worker_comes_as_a_text_of_its_own(browser, tmp_path, monkeypatch, by_file):
    for name, text in WORKING.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(bundle, "HERE", tmp_path)
    monkeypatch.setattr(bundle, "NAMES", ("working",))
    source = bundle.module_source.__wrapped__("working")
    page = browser.new_page()
    if by_file:
        (tmp_path / "page.html").write_text("<!doctype html><meta charset=utf-8><div></div>")
        page.goto((tmp_path / "page.html").as_uri())
    else:
        page.set_content("<div></div>")
    page.evaluate(
        "async (source) => (await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))).default"
        ".render({ el: document.body.firstElementChild })",
        source,
    )
    assert page.locator("output").inner_text() == '"43" </script> τ'
    page.close()


def test_mathematics_is_written_once():
    """A pure function that two explorables need lives in lib, not in both: no body stands in two places."""
    seen = {}
    for file in bundle.HERE.glob("*/*.js"):
        for body in re.findall(r"^(?:export )?function \w+(.*?)^}", file.read_text(encoding="utf-8"), re.M | re.S):
            seen.setdefault(body, []).append(file.relative_to(bundle.HERE).as_posix())
    assert len(seen) > 100
    assert [files for files in seen.values() if len(files) > 1] == []


def test_unknown_explorable_is_one_sentence():
    for function in (bundle.module_source, bundle.mount_html, bundle.default_state):
        with pytest.raises(ValueError, match="There is no explorable called 'nothing'; there are .*temperature"):
            function("nothing")


@pytest.mark.parametrize("name", bundle.NAMES)
def test_mount_is_the_same_text_every_time(name):
    state = bundle.default_state(name)
    backwards = dict(reversed(state.items()))
    assert bundle.mount_html(name) == bundle.mount_html(name, state) == bundle.mount_html(name, backwards)
    assert "\n" not in bundle.mount_html(name)  # inside Markdown an empty line would end the HTML


def test_mount_escapes_hostile_text(stage):
    hostile = "</script><img src=x onerror=\"document.title='taken'\">'&quot;"
    text = bundle.mount_html("temperature", {"teacher": hostile}, title=hostile)
    stage.page.evaluate("(text) => { document.body.innerHTML = text; }", text)
    host = stage.page.locator(".sg-explorable")
    assert stage.page.locator("img").count() == 0 and stage.page.title() != "taken"
    assert json.loads(host.get_attribute("data-state"))["teacher"] == hostile
    assert host.get_attribute("aria-label") == hostile
    assert html.escape(hostile) in text


def test_mount_refuses_what_json_cannot_say():
    with pytest.raises(ValueError):
        bundle.mount_html("temperature", {"tau": float("nan")})


@pytest.mark.parametrize("name", bundle.NAMES)
def test_a_page_keeps_room_for_a_picture_whose_words_stay_inside(stage, name):
    """In the site's column on pages of many widths; else the page would jump, or gape, or cut words off."""
    stage.page.add_style_tag(content=".sg-explorable { margin: 0; }")
    for page, width in zip(bundle.PAGES, (712, 688, 364, 312, 272), strict=True):
        at_width(stage, page)
        stage.page.evaluate("(html) => { document.body.innerHTML = html; }", bundle.mount_html(name))
        room = stage.page.locator(".sg-explorable").bounding_box()["height"]
        at_width(stage, width)
        stage.show(name)
        stage.picture()
        height = stage.page.locator(".sg-x").bounding_box()["height"]
        assert abs(height - room) < 24, page  # fonts differ between machines
        assert stage.page.evaluate("document.documentElement.scrollWidth") <= width
        check_words(stage)
    # In a wide window of a notebook.
    at_width(stage, 1000)
    stage.show(name)
    check_words(stage)


def check_words(stage):
    assert words_outside(stage) == []
    sizes = (
        "[...document.querySelectorAll('.sg-x svg text')].map((node) => parseFloat(getComputedStyle(node).fontSize))"
    )
    assert min(stage.page.evaluate(sizes), default=11) >= 11


def test_every_colour_of_an_explorable_is_a_variable():
    for file in [*bundle.HERE.glob("*/*.js"), *bundle.HERE.glob("*/*.css")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", text), file.name
        for name in re.findall(r"var\(--sg-([\w-]+)", text):
            own = f"--sg-{name}:" in text or f"--sg-{name}" in ("--sg-delay", "--sg-shade", "--sg-role")
            assert own or f"--sg-{name}:" in colors.css_variables(), (file.name, name)


def contrast(one, other):
    def light(color):
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_read_on_their_surface(theme):
    surface = getattr(colors.NEUTRALS["surface"], theme)
    for name in ("teacher", "student", "label", "distill", "baseline"):
        assert contrast(getattr(colors.ROLES[name], theme), surface) >= 4.5, name
    for name in ("ink", "muted"):
        assert contrast(getattr(colors.NEUTRALS[name], theme), surface) >= 4.5, name
    assert contrast(getattr(colors.ROLES["skipped"], theme), surface) >= 3


def test_dark_is_chosen_by_the_page_and_else_by_the_system(browser):
    def ink(attributes, scheme):
        page = browser.new_page(color_scheme=scheme)
        page.set_content(
            f"<!doctype html><html {attributes[0]}><style>{bundle.stylesheet()}</style><body {attributes[1]}><p></p></body></html>"
        )
        value = page.evaluate("getComputedStyle(document.querySelector('p')).getPropertyValue('--sg-ink')")
        page.close()
        return value.strip()

    light, dark = colors.NEUTRALS["ink"]
    assert ink(("", ""), "light") == light and ink(("", ""), "dark") == dark
    assert ink(('data-theme="dark"', ""), "light") == dark and ink(('data-theme="light"', ""), "dark") == light
    assert ink(("", 'data-jp-theme-light="false"'), "light") == dark
    assert ink(("", 'data-jp-theme-light="true"'), "dark") == light
    assert ink(('theme="dark"', ""), "light") == dark  # Colab
