"""The folder of unfinished runs: whose it is, and what of a run stays in it when its record is in the ledger."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from ..files import write_atomically
from ..training.checkpoint import previous
from ..training.logs import METRICS, TENSORBOARD
from ..training.runs import CHECKPOINT, NETWORK, RESULT, TEACHER

# The file in a folder of unfinished runs that says which ledger they are for.
LEDGER = ".sgutils-ledger"


def claim(work: Path, ledger: Path) -> None:
    """Make a folder of unfinished runs this ledger's: another one would go on with them, and keep their records.

    Raises:
        InputError: if it is another ledger's, and that one is still there.
    """
    mark, own = work / LEDGER, os.fsencode(ledger.resolve())
    try:
        with mark.open("xb", buffering=0) as file:
            file.write(own)
        return
    except FileExistsError:
        named = mark.read_bytes()
    for _ in range(20):
        if named:
            break
        time.sleep(0.05)  # whoever made it is about to write it
        named = mark.read_bytes()
    if named == own:
        return
    other = Path(os.fsdecode(named))
    if named and other.is_dir():
        if other.samefile(ledger):
            return
        raise InputError(
            f"{work} has the unfinished runs of the ledger {other}: choose another folder for those of {ledger}, with --work."
        )
    write_atomically(mark, own)  # that ledger was moved away, or nobody wrote its name


def leave_only_the_network(folder: Path) -> None:
    """What was learnt stays for who wants to look at it; what was measured is in the ledger."""
    remove(folder / name for name in (CHECKPOINT, previous(Path(CHECKPOINT)).name, RESULT, METRICS))
    remove((folder / TENSORBOARD).glob("events.out.tfevents.*"))
    if (folder / TEACHER).is_dir():
        leave_only_the_network(folder / TEACHER)
        remove([folder / TEACHER / NETWORK])
    for own in (TENSORBOARD, TEACHER):
        with suppress(OSError):  # there is none, or it holds files of somebody else
            (folder / own).rmdir()


def remove(files: Iterable[Path]) -> None:
    """These files, and nothing else: what a person has put beside them stays."""
    for file in files:
        file.unlink(missing_ok=True)
