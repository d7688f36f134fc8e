"""Waiting for what a page is to become."""

import time


def until_true(page, expression, arg=None, *, timeout=30_000):
    """Wait until an expression, or a function of ``arg``, is true in the page; fail after this many milliseconds.

    `wait_for_function` of Playwright would evaluate a text in the page, which the policy of the book's pages forbids.
    """
    end = time.monotonic() + timeout / 1000
    while not page.evaluate(expression, arg):
        assert time.monotonic() < end, f"The page does not become: {expression}"
        page.wait_for_timeout(50)
