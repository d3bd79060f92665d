"""Twenty thousand calls with faults: `make soak` makes ten times as many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.parametrize(("http", "calls"), [("httpx", "20000"), ("aiohttp", "5000")])
def test_every_call_is_in_the_books_once_and_nothing_grows(http: str, calls: str) -> None:
    environ = {**os.environ, "SOPHIA_LLM_HTTP": http}
    command = [sys.executable, str(SOAK), calls]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
