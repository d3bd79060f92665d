"""Trees of files to migrate, and what became of them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.report import Report


def plant(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files, making their folders."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def apply(root: Path, **choice: Any) -> Report:
    """Migrate in place."""
    return migrate(Options(root, True, Choice(**choice)))


def look(root: Path, **choice: Any) -> Report:
    """A dry run."""
    return migrate(Options(root, False, Choice(**choice)))


def contents(root: Path) -> dict[str, bytes]:
    """Every file but git's and our own, with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".git", ".sophia"} & set(path.relative_to(root).parts)
    }


def verdicts(report: Report) -> list[tuple[str, str, str]]:
    """Class, reason and place of every site."""
    return [(str(s.verdict), s.reason.code, f"{s.path}:{s.line}") for s in report.sites]


def git(root: Path, *words: str) -> bytes:
    """Run git in a tree, as nobody in particular."""
    name = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
    command = ["git", *name, "-c", "core.autocrlf=false", *words]
    return subprocess.run(command, cwd=root, check=True, capture_output=True).stdout


def commit(root: Path) -> Path:
    """Make a tree a repository with one commit."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "before")
    return root
