"""Another pair of hands: a process that does a task from its input and writes what it found."""

from __future__ import annotations

import gc
import pickle
import sys

from sophia_cli.migrate.shares import look


def main() -> None:
    """Look at the shares of a task."""
    gc.disable()
    # written by the process that started this one
    task = pickle.load(sys.stdin.buffer)  # nosec B301
    pickle.dump(tuple(look(task)), sys.stdout.buffer)
