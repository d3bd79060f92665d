"""Runs `sophia` as a person does: a process of its own, in a folder, with an environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "sophia_cli"]


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def sophia(*words: str, cwd: Path, stdin: str | bytes = "", **environ: str) -> Said:
    """Run one command to its end."""
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=cwd,
        input=data,
        capture_output=True,
        env=surroundings(**environ),
        timeout=60,
        check=False,
    )
    return Said(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def interruptible() -> None:
    """Run in a child before it starts: a shell's background job is born with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def surroundings(**environ: str) -> dict[str, str]:
    """The test's environment, in which no local model server is found unless one is named."""
    quiet = {"OLLAMA_HOST": "127.0.0.1:9", "COLUMNS": "80", "PYTHONWARNINGS": "error"}
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, **quiet, **environ}
