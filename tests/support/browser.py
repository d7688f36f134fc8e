"""Finding Chromium for the browser tests: the system's, never a download of the browser tool's own.

``python tests/support/browser.py`` makes sure that there is one: it installs Debian's where it may, or says how.
"""

import os
import shutil
import subprocess
import sys

# Without a window's frame a page opens several times as fast; the same engine draws it.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nothing in the background: a test hears only what the page itself asks for.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MISSING = (
    "The browser tests need Chromium, and none was found: install it (on Debian: apt install chromium-headless-shell; "
    "on Ubuntu: snap install chromium), or set CHROMIUM to its path."
)


def find_chromium():
    """The path of the system's Chromium, or None."""
    for name in (os.environ.get("CHROMIUM"), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    return None


def install_chromium():
    """Installs Debian's Chromium, its shell without windows where there is one, where this is root and apt is here."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    print("Installing Chromium for the browser tests ...", flush=True)
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "--yes", "--no-install-recommends"]
    for command in (["update"], [*install, SHELL], [*install, "chromium"]):
        subprocess.run(
            ["apt-get", "-qq", *command],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if find_chromium():
            return


if __name__ == "__main__":
    if not find_chromium():
        install_chromium()
    if not find_chromium():
        sys.exit(MISSING)
