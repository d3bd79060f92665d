"""The environments that pre-commit keeps, and whether they still stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from sophia_cli.checked import OK, WARN, Check


def environments(environ: Mapping[str, str]) -> Iterator[Check]:
    """Environments whose Python is gone: their hooks fail with a traceback."""
    store = _store(environ)
    rows = _rows(store / "db.db") if store else []
    stale = [repo for repo, path in rows if _is_stale(Path(path))]
    if stale:
        names = ", ".join(dict.fromkeys(_short(repo) for repo in stale[:3]))
        words = f"{len(stale)} of {len(rows)} kept environments stand on a Python that is gone ({names})"
        yield Check("environments", WARN, words, "pre-commit clean && pre-commit install-hooks")
    elif rows:
        yield Check("environments", OK, f"{len(rows)} kept by pre-commit")


def _store(environ: Mapping[str, str]) -> Path | None:
    """Where pre-commit keeps them."""
    if environ.get("PRE_COMMIT_HOME"):
        return Path(environ["PRE_COMMIT_HOME"])
    if environ.get("XDG_CACHE_HOME"):
        return Path(environ["XDG_CACHE_HOME"]) / "pre-commit"
    return Path(environ["HOME"]) / ".cache" / "pre-commit" if environ.get("HOME") else None


def _rows(path: Path) -> list[tuple[str, str]]:
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as kept:
            return list(kept.execute("SELECT repo, path FROM repos"))
    except sqlite3.Error:
        return []


def _is_stale(path: Path) -> bool:
    """Whether an environment of Python there has lost the interpreter that it was made with."""
    pythons = [folder / "bin" / "python" for folder in path.glob("py_*env-*")]
    return any(python.is_symlink() and not python.exists() for python in pythons)


def _short(repo: str) -> str:
    """A repository's last word; of a local one its packages."""
    name, _, packages = repo.partition(":")
    if name == "local":
        return packages.partition(",")[0] or name
    return repo.partition(".git")[0].rstrip("/").rpartition("/")[2].partition(":")[0]
