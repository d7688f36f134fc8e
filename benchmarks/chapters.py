"""How long the chapters take to run, each in a kernel of its own.

    python -m benchmarks.chapters

runs every notebook of the book as `make notebooks` does, without storing it, and writes `data/benchmarks/chapters.json`: wall
time on the whole machine, the start of the kernel included, so run it on a quiet one.
"""

import json
import os
import platform
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from sgutils.files import write_atomically

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "data" / "benchmarks" / "chapters.json"


def main() -> None:
    busy = os.getloadavg()[0]
    seconds = {}
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        start = time.perf_counter()
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
        seconds[path.stem] = round(time.perf_counter() - start, 1)
        print(f"{path.stem:24} {seconds[path.stem]:6} s", flush=True)
    record = {
        "seconds": seconds,
        "whole_book_seconds": round(sum(seconds.values()), 1),
        "processes_waiting_for_a_core_at_the_start": round(busy, 1),
        "machine": f"{platform.machine()} CPU, {os.cpu_count()} cores",
    }
    write_atomically(OUT, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
