"""Pinned packages of npm and PyPI, for what a project or this Python does not have itself.

Installed once for all projects, in the user's cache folder, under a name made of the pins.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.llm.folders import own_folder
from sophia_cli.lock import locked
from sophia_cli.process import ProgramNotFound, run

_PATIENCE = 600.0
_LOOK = 0.2
_NPM = (
    "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock",
    "--no-update-notifier", "--loglevel=error", "--",
)  # fmt: skip
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def node_modules(packages: Sequence[str]) -> Path:
    """The folder node_modules with exactly these packages of npm. Raises SophiaError."""
    return _once("node", packages, _install_node) / "node_modules"


def programs(requirements: Sequence[str], python: str = "") -> Path:
    """The folder of the programs of these packages of PyPI, for an interpreter (default: this one).

    Raises SophiaError.
    """

    def install(packages: Sequence[str], place: Path) -> None:
        _install_python(packages, place, python or sys.executable)

    return _once("python", requirements, install, python) / "bin"


def _once(
    kind: str,
    packages: Sequence[str],
    install: Callable[[Sequence[str], Path], None],
    python: str = "",
) -> Path:
    """The folder that holds them; what a killed process left of it is made anew."""
    own = own_folder(os.environ, "CACHE")
    if own is None:
        raise SophiaError("there is no folder to keep packages in", "set XDG_CACHE_HOME")
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}" if kind == "python" else ""
    text = "\n".join([python or ours, *sorted(packages)])
    place = own / kind / hashlib.sha256(text.encode()).hexdigest()[:16]
    ready = place / "ready"
    if not ready.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with _waiting(place.with_suffix(".lock")):
            if not ready.exists():
                words = f"installing {', '.join(packages[:3])}{' ...' if packages[3:] else ''}"
                logging.getLogger(__name__).warning(f"{words}, once for these versions")
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                install(packages, place)
                ready.touch()
    return place


@contextmanager
def _waiting(lock: Path) -> Iterator[None]:
    """Hold a lock, once whoever has it is done."""
    busy = SophiaError(f"another process installs packages and holds {lock}", "wait for it")
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with locked(lock, busy):
                yield
                return
        except SophiaError as error:
            if error is not busy or time.monotonic() > end:
                raise
        time.sleep(_LOOK)


def _install_node(packages: Sequence[str], place: Path) -> None:
    (place / "package.json").write_text('{"private": true}\n')  # npm looks for one further up else
    try:
        _do([*_NPM, *packages], place, "eslint")
    except ProgramNotFound as error:
        mend = "install Node.js with npm, or leave it out: SKIP=eslint"
        raise SophiaError("npm is not installed, and ESLint comes from it", mend) from error


def _install_python(packages: Sequence[str], place: Path, python: str) -> None:
    skip = ",".join(one.partition("=")[0].partition("[")[0] for one in packages)
    _do([python, "-m", "venv", str(place)], place, skip)
    _do([str(place / "bin" / "python"), *_PIP, *packages], place, skip)


def _do(command: Sequence[str], place: Path, skip: str) -> None:
    # What is said to this Python is not meant for another one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = run(command, cwd=place, env=env, timeout=_PATIENCE)
    if done.code:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        words = said[0] if said else f"exit code {done.code}"
        mend = f"mend the connection or the registry and try again, or leave it out: SKIP={skip}"
        raise SophiaError(f"{skip} cannot be installed: {words}", mend)
