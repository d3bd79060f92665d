"""Pinned packages of npm, for projects that have no ESLint of their own."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.llm.folders import own_folder
from sophia_cli.lock import locked
from sophia_cli.process import ProgramNotFound, run

_PATIENCE = 600.0
_LOOK = 0.2
_FLAGS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--no-update-notifier",
    "--loglevel=error",
)


def modules(packages: Sequence[str]) -> Path:
    """The folder node_modules with exactly these packages, installed the first time.

    It appears whole or not at all, whatever ends this process. Raises SophiaError.
    """
    key = hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:16]
    place = _folder() / key
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with _waiting(place.with_suffix(".lock")):
            if not place.is_dir():
                _install(packages, place)
    return place / "node_modules"


def _folder() -> Path:
    own = own_folder(os.environ, "CACHE")
    if own is None:
        raise SophiaError("there is no folder to keep packages in", "set XDG_CACHE_HOME")
    return own / "node"


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


def _install(packages: Sequence[str], place: Path) -> None:
    import logging

    note = f"installing {len(packages)} packages of npm, once for these versions: {packages[0]} ..."
    logging.getLogger(__name__).warning(note)
    part = place.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    (part / "package.json").write_text('{"private": true}\n')
    try:
        done = run(["npm", "install", *_FLAGS, "--", *packages], cwd=part, timeout=_PATIENCE)
    except ProgramNotFound as error:
        raise SophiaError(
            "npm is not installed, and the hook's ESLint comes from it",
            "install Node.js with npm, or leave it out: SKIP=eslint",
        ) from error
    if done.code:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        words = said[0] if said else f"exit code {done.code}"
        mend = "mend the connection or the registry and commit again, or leave it out: SKIP=eslint"
        raise SophiaError(f"the packages of ESLint cannot be installed: {words}", mend)
    part.rename(place)
