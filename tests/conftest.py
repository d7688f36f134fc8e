"""What tests of several rooms share."""

import pytest
from browser import FLAGS, MISSING, find_chromium


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for all browser tests. Where there is none they fail: a skipped test proves nothing."""
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()
