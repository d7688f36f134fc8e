"""What tests of several rooms share."""

import os

import pytest
from support.browser import FLAGS, MISSING, find_chromium
from support.waiting import PATIENCE, PatientBrowser


def pytest_addoption(parser):
    parser.addoption(
        "--gpu", action="store_true", help="let tests use this machine's GPU: what they compute then differs a little"
    )


def pytest_configure(config):
    if not config.getoption("--gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the same tests on every machine


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for all browser tests. Where there is none they fail: a skipped test proves nothing."""
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield PatientBrowser(chromium)
        chromium.close()
