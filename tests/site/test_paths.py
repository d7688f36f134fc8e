"""The paths through the book lead along what is there, in the time that they promise."""

import re

from support.site_pages import ROOT, SITE

PATHS = (ROOT / "book" / "paths.md").read_text("utf-8")


def test_one_hour_is_one_hour():
    hour = PATHS.split("## One hour")[1].split("## ")[0]
    chapters = re.findall(r"\(([\w-]+)\.ipynb\)", hour)
    pages = [(SITE / "book" / f"{chapter}.html").read_text("utf-8") for chapter in chapters]
    minutes = sum(int(re.search(r"<span>(\d+) minutes to read</span>", page)[1]) for page in pages)
    assert "Leave the exercises out" in hour  # which leaves time for the first page
    assert 30 <= minutes <= 60


def test_the_course_names_exercises_that_the_chapters_have():
    sessions = re.findall(r"^\| \d \| \[[^\]]+\]\(([\w-]+\.ipynb)\), .+ \| (.+) \|$", PATHS, re.MULTILINE)
    assert len(sessions) == 8
    for chapter, exercises in sessions:
        text = (ROOT / "book" / chapter).read_text("utf-8").replace("\\\\", "\\")
        for name in re.findall(r"\*([^*]+)\*", exercises):
            assert re.search(rf"\d\. (?:\*\*)?{re.escape(name)}\.?\*\*", text), f"{chapter} has no exercise {name!r}"
