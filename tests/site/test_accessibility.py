"""Every page, examined by axe-core, the engine behind most accessibility checkers."""

import pytest
from axe_playwright_python.sync_playwright import Axe

# All rules but one of good practice: the theme's logo lies outside every landmark of the page.
OPTIONS = {"rules": {"region": {"enabled": False}}}


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")], ids=["desktop-light", "phone-dark"])
def test_axe_finds_nothing_wrong(opened, name, width, scheme):
    with opened(width, scheme) as site:
        page = site.go(name)
        violations = Axe().run(page, options=OPTIONS).response["violations"]
        assert [f"{v['id']}: {node['html']}" for v in violations for node in v["nodes"]] == []
