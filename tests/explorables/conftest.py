"""Fixtures: a page for an explorable, and one for the mathematics that they share."""

import pytest
from support.stage import Mathematics, Stage


@pytest.fixture
def stage(browser):
    page = browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    stage = Stage(page)
    yield stage
    page.close()
    assert stage.errors == []


@pytest.fixture(scope="module")
def mathematics(browser):
    page = browser.new_page()
    yield Mathematics(page)
    page.close()
