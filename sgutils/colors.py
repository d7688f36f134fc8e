"""The visual language: one colour for each role, with a light and a dark value.

Explorables, figures and equations take their colours from here and from nowhere else. In both themes a role that
colours text keeps a contrast of 4.5 to 1 against the page, and `skipped`, which colours only shapes, 3 to 1.
"""

from typing import NamedTuple


class Color(NamedTuple):
    light: str
    dark: str


# What each role means is written in the notation page of the book.
ROLES = {
    "teacher": Color("#0b62a8", "#6cb8f0"),  # the full network, g = p
    "student": Color("#b8480f", "#f5a65b"),  # a sampled sub-network, g = b
    "label": Color("#0a7a5a", "#4fd1a5"),  # the ground truth and its cross-entropy
    "distill": Color("#9a3d78", "#e79ac4"),  # the KL pull between teacher and student
    "skipped": Color("#8a9099", "#6f7782"),  # a block that is not run
    "baseline": Color("#4a4f57", "#c3c8cf"),  # a plain network, g = 1
}

# The paper that the roles are drawn on.
NEUTRALS = {
    "ink": Color("#1f242c", "#e6e8eb"),
    "muted": Color("#5a626d", "#a3abb6"),
    "line": Color("#d5d9df", "#3d444e"),
    "surface": Color("#fbfbfc", "#1b2027"),
}

# The classes of a picture that colours its points by class; 3 to 1 against the page, as they colour shapes and bold names.
CLASSES = {
    f"class-{number}": color
    for number, color in enumerate(
        (
            *(
                Color("#3768a8", "#86b4ec"),
                Color("#c43c4c", "#f28f98"),
                Color("#1f7f62", "#6fd0ab"),
                Color("#8d55a8", "#cfa6e6"),
            ),
            *(
                Color("#806515", "#d8bd66"),
                Color("#b65604", "#f3a55c"),
                Color("#11808e", "#6ccfdb"),
                Color("#666a70", "#b9bdc4"),
            ),
            *(Color("#b23484", "#ef90cb"), Color("#4a7d15", "#a3d56c")),
        )
    )
}

# The site's theme, JupyterLab, Colab and VS Code each say "dark" in their own way.
_DARK = (
    'html[data-theme="dark"]',
    '[data-jp-theme-light="false"]',
    'html[theme="dark"]',
    'body[data-vscode-theme-kind="vscode-dark"]',
)
# Where nobody says anything, the reader's system decides.
_UNSAID = ":root:not([data-theme], [theme]):not(:has([data-jp-theme-light]), :has([data-vscode-theme-kind]))"


def css_variables():
    """The colours as CSS custom properties (--sg-teacher, --sg-ink, ...), for light and for dark pages."""
    light, dark = _declarations("light"), _declarations("dark")
    return (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ {_UNSAID} {{ {dark} }} }}\n"
        f"{', '.join(_DARK)} {{ {dark} }}\n"
    )


def _declarations(theme):
    colors = (f"--sg-{name}: {getattr(color, theme)};" for name, color in {**ROLES, **NEUTRALS, **CLASSES}.items())
    # --sg-scheme lets native controls (sliders, menus) follow the theme.
    return f"--sg-scheme: {theme}; {' '.join(colors)}"
