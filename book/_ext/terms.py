"""In the chapters, the first time in a section that a term of the glossary or a symbol of the notation occurs, it is a link.

The notebooks stay as they are written. A heading, code, a table, an aside, what a cell printed, what is folded, and what
stands in another link or is emphasised already has no links put into it.
"""

import re

from docutils import nodes

GLOSSARY = "book/glossary"
NOTATION = "book/notation"
# In each table of symbols, the first column of the first two sections.
SYMBOL_SECTIONS = ("the-network-and-its-gates", "predictions-and-losses")
UNTOUCHED = (
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.FixedTextElement,
    nodes.reference,
    nodes.math,
    nodes.math_block,
    nodes.Admonition,
    nodes.admonition,
    nodes.table,
    nodes.caption,
    nodes.emphasis,
    nodes.strong,
    nodes.raw,
    nodes.container,
)
# Where a chapter means something else by a word or a letter: a summary's gaps, OKDDip's matrix of keys, Holm's p-values, R-Drop's
# probabilities.
ELSEWHERE = {
    "book/feature-space": {"gap"},
    "book/online-distillation": {"K"},
    "book/ablations": {"p"},
    "book/beyond": {"p"},
}
_CLASS = re.compile(r"\\class\{sg-[a-z]+\}\{((?:[^{}]|\{[^{}]*\})*)\}")


def plain_tex(tex):
    """A formula without the colour of its terms and without spaces."""
    return re.sub(r"\s|\\[,;]", "", _CLASS.sub(r"\1", tex))


def mark_symbols(app, doctree):
    """Each row of the notation's tables gets an id for every symbol that it explains."""
    if app.env.docname != NOTATION:
        return
    for section in doctree.findall(nodes.section):
        if section["ids"][0] not in SYMBOL_SECTIONS:
            continue
        for row in section.findall(nodes.row):
            symbols = [plain_tex(node.astext()).split("=")[0] for node in row[0].findall(nodes.math)]
            # One id to an element: of a second one docutils would make a <span> between the cells.
            for node, symbol in zip((row, row[0], row[0][0]), symbols, strict=False):
                node["ids"].append(symbol_id(symbol))
            # In a few words; of several symbols in one row, all that it says.
            end = r"[,;:\\]" if len(symbols) == 1 else r"[;:\\]"
            row["symbols"], row["meaning"] = symbols, re.split(end, row[1].astext())[0].strip()


def symbol_id(symbol):
    return "symbol-" + re.sub(r"[^A-Za-z0-9_]+", "-", symbol).strip("-")


def _symbols(app):
    """Each symbol in the notation: its id there, and its meaning in a few words."""
    rows = app.env.get_doctree(NOTATION).findall(nodes.row)
    return {symbol: (symbol_id(symbol), row["meaning"]) for row in rows for symbol in row.get("symbols", [])}


def _terms(app):
    """The id of each term in the glossary; `scale, small` is written *small scale* in a text."""
    objects = app.env.get_domain("std").objects
    return {
        " ".join(reversed(term.split(", "))): place
        for (kind, term), (page, place) in objects.items()
        if kind == "term" and page == GLOSSARY
    }


def pattern(terms):
    """Finds any of the terms as a word of its own, also in the plural and at the head of a sentence."""
    one_of = "|".join(_inflected(term) for term in sorted(terms, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{one_of})(?![\w-])", re.IGNORECASE)


def _inflected(term):
    words = re.escape(term).replace(r"\ ", r"\s")
    if term.isupper():  # the method ONE is not the number
        return rf"(?P<{_group(term)}>(?-i:{words}))"
    return (
        rf"(?P<{_group(term)}>{words[:-1]}(?:y|ies))" if term.endswith("y") else rf"(?P<{_group(term)}>{words}(?:e?s)?)"
    )


def _group(term):
    return re.sub(r"\W", "_", term)


def link_first_occurrences(app, doctree, docname):
    if app.builder.name != "html" or not app.env.doc2path(docname).endswith(".ipynb"):
        return
    other = ELSEWHERE.get(docname, set())
    terms, symbols = (
        {name: to for name, to in found.items() if name not in other} for found in (_terms(app), _symbols(app))
    )
    glossary, notation = (app.builder.get_relative_uri(docname, page) for page in (GLOSSARY, NOTATION))
    find = pattern(terms)
    places = {_group(term): place for term, place in terms.items()}
    seen, folds = set(), 0

    def link(place, page, *inside):
        return nodes.reference("", "", *inside, internal=True, refuri=f"{page}#{place}", classes=["sg-term"])

    def linked(text):
        """A text in pieces, terms that are new in this section as links."""
        at, pieces = 0, []
        for found in find.finditer(text):
            place = places[found.lastgroup]
            if (section, place) in seen:
                continue
            seen.add((section, place))
            pieces += [nodes.Text(text[at : found.start()]), link(place, glossary, nodes.Text(found[0]))]
            at = found.end()
        return [*pieces, nodes.Text(text[at:])] if pieces else None

    for node in list(doctree.findall(lambda n: isinstance(n, (nodes.Text, nodes.math, nodes.raw)))):
        if isinstance(node, nodes.raw):
            folds += node.astext().count("<details") - node.astext().count("</details")
            continue
        section = _section(node)
        if folds or section is None or _is_untouched(node.parent):
            continue
        if isinstance(node, nodes.math):
            place, meaning = symbols.get(plain_tex(node.astext()), (None, ""))
            if place and (section, place) not in seen:
                seen.add((section, place))
                symbol = link(place, notation, node.deepcopy())
                symbol["reftitle"] = meaning
                node.parent.replace(node, symbol)
        elif pieces := linked(node.astext()):
            node.parent.replace(node, pieces)


def _section(node):
    """The section below the title in which a node stands, or the title's own."""
    sections = [parent for parent in _parents(node) if isinstance(parent, nodes.section)]
    return id(sections[-2:][0]) if sections else None


def _is_untouched(node):
    return any(isinstance(parent, UNTOUCHED) for parent in (node, *_parents(node)))


def _parents(node):
    while node.parent is not None:
        node = node.parent
        yield node


def setup(app):
    app.connect("doctree-read", mark_symbols)
    app.connect("doctree-resolved", link_first_occurrences)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
