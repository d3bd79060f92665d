"""Twenty thousand calls with faults: `make soak` makes ten times as many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def test_every_call_is_in_the_books_once_and_nothing_grows() -> None:
    done = subprocess.run(
        [sys.executable, SOAK, "20000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
