"""What screen readers stumble over in the pages that Sphinx writes, put right."""

import re

# A corner of a table that heads nothing is no header.
EMPTY_HEAD = re.compile(r'<th class="head"><p></p></th>')
# One label for every fold, in place of the words that stand in it.
FOLD_LABEL = ' aria-label="Toggle hidden content"'
# Roles that the standard has withdrawn since, or that do not fit what stands inside.
ROLES = re.compile(r' role="(?:doc-biblioentry|doc-backlink|list)"(?=[^>]*>)')
CITATIONS = re.compile(r'<div role="list" class="citation-list">.*?(?=</section>|\Z)', re.DOTALL)


def mend(app, pagename, templatename, context, doctree):
    body = EMPTY_HEAD.sub('<td class="head"></td>', context.get("body", ""))
    body = body.replace(FOLD_LABEL, "")
    context["body"] = CITATIONS.sub(lambda part: ROLES.sub("", part[0]), body)


def setup(app):
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
