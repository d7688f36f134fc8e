"""Fixtures: a page for an explorable, and one for the mathematics that they share."""

import pytest
from support.stage import Mathematics, staged


@pytest.fixture(scope="module")
def calm(browser):
    """A page where motion is unwelcome, for all tests of a file, one after another."""
    page = browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    yield page
    page.close()


@pytest.fixture
def stage(calm):
    with staged(calm) as stage:
        yield stage


@pytest.fixture(scope="module")
def mathematics(browser):
    page = browser.new_page()
    yield Mathematics(page)
    page.close()
