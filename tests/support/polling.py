"""Waiting for something to come true: often asked, never slept through, and given up with a sentence."""

import time


def until(true, seconds, what):
    """What `true()` returns as soon as it is truthy; an AssertionError if that takes longer than this many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, f"Not within {seconds} s: {what}."
        time.sleep(0.05)
    return value
