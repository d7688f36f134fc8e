"""Waiting for something to come true, often asked; and how long a wait may take that is no hang."""

import time

# Seconds. No test tells a slow machine from a quick one: what takes longer than this, beside whatever else, hangs.
PATIENCE = 300


def until(true, what):
    """What `true()` returns as soon as it is truthy; an AssertionError with a sentence if it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (value := true()):
        assert time.monotonic() < deadline, f"Not within {PATIENCE} s: {what}."
        time.sleep(0.01)
    return value


def until_true(page, expression, arg=None):
    """Wait until an expression, or a function of ``arg``, is true in the page.

    `wait_for_function` of Playwright would evaluate a text in the page, which the policy of the book's pages forbids.
    """
    until(lambda: page.evaluate(expression, arg) or page.wait_for_timeout(30), f"in the page, {expression}")


class PatientBrowser:
    """A browser of Playwright in whose pages every wait has this patience."""

    def __init__(self, chromium):
        self.chromium = chromium

    def new_context(self, **options):
        context = self.chromium.new_context(**options)
        context.set_default_timeout(1000 * PATIENCE)
        return context

    def new_page(self, **options):
        page = self.chromium.new_page(**options)
        page.set_default_timeout(1000 * PATIENCE)
        return page
