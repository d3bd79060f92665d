"""Another pair of hands: a process that does a task from its input and writes what it found."""

from __future__ import annotations

import gc
import pickle
import sys

from sophia_cli.migrate.shares import look


def main() -> None:
    """Look at the shares of a task."""
    gc.disable()
    task = pickle.load(sys.stdin.buffer)
    pickle.dump(tuple(look(task)), sys.stdout.buffer)
