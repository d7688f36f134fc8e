"""How a run ended, in words and as an exit status."""

import sys
from pathlib import Path

from ..training.distributed import rank
from ..training.record import Run
from ..training.runs import resume_command


def report(run: Run, folder: Path) -> int:
    """Print how a run ended; the exit status of its command."""
    if rank() > 0:
        return 0
    if run.status == "interrupted":
        print(f"{run.message} Go on with: {resume_command(folder)}", file=sys.stderr)
        return 130
    if run.status == "diverged":
        print(f"sgutils: {run.message} The settings and the curves up to there are in {folder}.", file=sys.stderr)
        return 1
    print(f"Test error {run.last_test_error:.2%} after the last epoch (best {run.best_test_error:.2%}), in {folder}.")
    return 0
