"""The directive ``{answer}``: the sentences of *Should I use it?*, as they were recorded from the ledger; ``{answer} short``: the
verdict, and whether Self-Guidance beats what is simpler.

The site is built without what makes them (scipy, torch), so `sgutils.widgets.recorders.map` writes them beside the map.
"""

import json
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

RECORDED = Path(__file__).resolve().parents[2] / "data" / "explorables" / "map.json"


class Answer(SphinxDirective):
    optional_arguments = 1

    def run(self):
        self.env.note_dependency(str(RECORDED))
        recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
        if self.arguments == ["short"]:
            return self.parse_text_to_nodes("\n".join(f"- {line}" for line in recorded["short"]))
        return self.parse_text_to_nodes("\n".join(f"{i}. {line}" for i, line in enumerate(recorded["answer"], start=1)))


def setup(app):
    app.add_directive("answer", Answer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
