"""What a host needs to show an explorable: one self-contained module, one stylesheet, one piece of HTML.

Only the standard library is used, so that the site is built without torch and without a notebook.

An explorable is a folder beside this file that holds `<name>.js` (how it looks and behaves), `<name>.json` (its manifest:
title, the heights that it takes, and the state it starts from), `<name>.py` (its Python class) and, where it needs them,
`<name>.css` and `worker.js`. What two or more explorables share lies in `lib/`.
"""

import html
import json
import re
from functools import cache
from importlib import import_module
from pathlib import Path

from .. import colors
from ..folders import data_folder

HERE = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in HERE.glob("*/*.json") if path.stem == path.parent.name))

# The widths of pages on which the room that each takes was measured: a laptop, a tablet, three phones.
PAGES = (1280, 768, 412, 360, 320)

# The only forms of import that the modules use, so that no parser is needed; names may stand one to a line:
#     import { kl, softmax } from "../lib/math.js";        import manifest from "./temperature.json";
# A worker has a file of its own, which comes as the text to start it from (`spawn` in `lib/spawn.js`), imports included:
#     import { workerSource } from "./worker.js";
_WORKER = "worker.js"
_IMPORT = re.compile(
    r'^import (?:\{\s(?P<names>[\w,\s]+?),?\s\}|(?P<whole>\w+)) from "(?P<path>\.\.?/[\w./-]+)";\n', re.M
)
_EXPORT = re.compile(r"^export (?=(?:const|class|function|async function) (?P<name>\w+))", re.M)


@cache
def module_source(name):
    """The explorable as the text of one ES module: every file it imports stands in it, once."""
    _check(name)
    return bundled(HERE / name / f"{name}.js")


def site_scripts(name):
    """What the site loads for an explorable, by file names: a classic script that carries its module as text.

    Where the manifest says ``"worker": "on demand"``, the text of its worker is a script of its own, which the module asks
    for when it needs it: it weighs more than all the rest.
    """
    module = module_source(name)
    scripts = {}
    if json.loads(_manifest(name)).get("worker") == "on demand":
        worker = json.dumps(bundled(HERE / name / _WORKER))
        module = module.replace(f"workerSource: {worker}", "workerSource: null")
        scripts[f"{name}.worker.js"] = f"(window.sgWorkers ||= {{}})[{json.dumps(name)}] = {worker};\n"
    scripts[f"{name}.js"] = f"(window.sgExplorables ||= {{}})[{json.dumps(name)}] = {json.dumps(module)};\n"
    return scripts


def figure_script():
    """What the site loads for the figures of `sgutils.plots`: a classic script."""
    return f"(() => {{\n{bundled(HERE / 'figure.js')}}})();\n"


@cache
def stylesheet():
    """The style of every explorable: the book's colours, what all share, what each adds, then the room that each needs.

    The room is kept free so that nothing jumps while the page loads: this many pixels on each of `PAGES`.
    It stands here and not in `mount_html`, so that the outputs saved in notebooks stay the same when a picture grows.
    """
    room = ""
    for i, page in enumerate(PAGES):
        rules = "".join(
            f'.sg-explorable[data-module="{name}"] {{ min-height: {heights(name)[i]}px; }}\n' for name in NAMES
        )
        # A page that is none of these takes the room of the nearest.
        room += f"@media (max-width: {(PAGES[i - 1] + page) // 2}px) {{\n{rules}}}\n" if i else rules
    own = (HERE / name / f"{name}.css" for name in NAMES)
    files = [HERE / "lib" / "explorable.css", *(path for path in own if path.exists())]
    return "".join([colors.css_variables(), *(path.read_text(encoding="utf-8") for path in files), room])


def heights(name):
    """How tall an explorable is on each of `PAGES`, in pixels."""
    return json.loads(_manifest(name))["min_height"]


def default_state(name):
    """The state that an explorable starts from: a dict of JSON values. Its recordings are shared by all that ask: they are not to be changed."""
    manifest = json.loads(_manifest(name))
    return manifest["state"] | {key: _recording(file) for key, file in manifest.get("recordings", {}).items()}


def mount_html(name, state=None, *, title=None):
    """The HTML in which the site mounts an explorable. The same arguments give the same text, to the byte.

    `state` fills in over the default state; `title` names the picture for those who do not see it.
    """
    title = json.loads(_manifest(name))["title"] if title is None else title
    state = json.dumps(default_state(name) | (state or {}), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return (
        f'<div class="sg-explorable" data-module="{name}" data-state="{html.escape(state)}"'
        f' role="group" aria-label="{html.escape(title)}">'
        f"<noscript><p>{html.escape(title)}: this picture can be moved by hand where JavaScript is allowed.</p></noscript>"
        f"</div>"
    )


@cache
def _manifest(name):
    _check(name)
    return (HERE / name / f"{name}.json").read_text(encoding="utf-8")


@cache
def _recording(file):
    """What was recorded for an explorable, from the data that ships with the book; or a module here that makes it."""
    if file.endswith(".py"):
        module = file.removesuffix(".py").replace("/", ".")
        return import_module(f".{module}", __package__).recording()
    return json.loads((data_folder() / "explorables" / file).read_text(encoding="utf-8"))


def bundled(path):
    """A module or a worker as one text, behind all that it imports."""
    inlined: dict[Path, str] = {}
    body = _inline(path, inlined)
    return "\n".join([*inlined.values(), body])


def _inline(path, inlined):
    """The text of a module whose imports became constants; what it imports is added to `inlined`, in order."""

    def replace(found):
        imported = (path.parent / found["path"]).resolve()
        if imported not in inlined:
            inlined[imported] = _as_constant(imported, inlined)
        names = f"{{ {found['names']} }}" if found["names"] else found["whole"]
        return f"const {names} = {_identifier(imported)};\n"

    return _IMPORT.sub(replace, path.read_text(encoding="utf-8"))


def _as_constant(path, inlined):
    """An imported file as `const its_name = ...`, in a scope of its own."""
    if path.suffix == ".json":
        return f"const {_identifier(path)} = {path.read_text(encoding='utf-8').strip()};\n"
    if path.name == _WORKER:
        return f"const {_identifier(path)} = {{ workerSource: {json.dumps(bundled(path))} }};\n"
    body = _inline(path, inlined)
    names = ", ".join(found["name"] for found in _EXPORT.finditer(body))
    return f"const {_identifier(path)} = (() => {{\n{_EXPORT.sub('', body)}\nreturn {{ {names} }};\n}})();\n"


def _identifier(path):
    return "file_" + re.sub(r"\W", "_", str(path.relative_to(HERE.resolve().parent)))


def _check(name):
    if name not in NAMES:
        raise ValueError(f"There is no explorable called {name!r}; there are {', '.join(NAMES)}.")
