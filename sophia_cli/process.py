"""The only place that starts programs."""

from __future__ import annotations

import subprocess  # argument lists only, never a shell
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError


@dataclass(frozen=True)
class Result:
    """What a program did: its exit code and both streams, decoded with replacement."""

    code: int
    stdout: str
    stderr: str


class ProgramNotFound(SophiaError):
    """The program is not on PATH."""


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Result:
    """Run a program to its end, without a shell.

    `timeout` is in seconds. Raises ProgramNotFound, or SophiaError when the time is up.
    """
    try:
        done = subprocess.run(
            list(command), cwd=cwd, env=env, timeout=timeout, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise ProgramNotFound(
            f"{command[0]} is not installed", f"install {command[0]} and put it on PATH"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SophiaError(f"{command[0]} did not end within {timeout:.0f} s") from error
    return Result(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )
