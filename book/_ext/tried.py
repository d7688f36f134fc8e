"""The directive ``tried``: the table of what the tests try to break, from what `book/_tools/tried.py` counted."""

import json
from pathlib import Path

from repository import BRANCH, address
from sphinx.util.docutils import SphinxDirective

FILE = Path(__file__).resolve().parents[1] / "tried.json"


class Tried(SphinxDirective):
    def run(self):
        self.env.note_dependency(str(FILE))
        rows = json.loads(FILE.read_text(encoding="utf-8"))
        lines = ["| What was tried | Attempts | What must come of it |", "|---|--:|---|"]
        lines += [f"| {row['what']} | {row['times']:,} | {row['outcome']} |" for row in rows]
        lines += ["", f"[The tests]({address()}/tree/{BRANCH}/tests) name every attempt."]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    app.add_directive("tried", Tried)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
