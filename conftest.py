"""What holds for every way to type `pytest`: from the root or from `book/`, with `--nbval` or `-n` or without."""

import os
import sys
from pathlib import Path

import pytest

# Kernels inherit it. Several threads of several processes would wait for one another's cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What Python has compiled is kept, also where a machine forbids it: each kernel and process would compile torch again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """The cells of a chapter belong together: with several processes each gets whole files."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"


def pytest_configure(config):
    if hasattr(config.option, "nbval_sanitize_with") and config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval-sanitize.cfg")
