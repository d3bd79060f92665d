"""What tools found in contents that git holds, kept beside them: the same again need not be judged.

It stands in git's own folder: all worktrees share it, and no pull request can bring one along. Each
entry is a file of its own that appears whole, so that any number of commits may run at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sophia_cli import __version__
from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.hooks.tools.tool import Setup, found

_MOST = 8192  # entries; a quarter of them goes when there are more
_LOOK = 64  # one in so many writes looks whether there are


@dataclass(frozen=True)
class Memory:
    """`state` is all that an answer depends on besides the tool, the file's name and its content."""

    folder: Path
    state: str

    def get(self, tool: str, path: str, blob: str) -> list[Finding] | None:
        """What was found; None where that is not known."""
        try:
            rows = json.loads((self.folder / self._name(tool, path, blob)).read_bytes())
            return [Finding(tool, row[0], path, *row[1:]) for row in rows]
        except (OSError, ValueError, TypeError, IndexError):
            return None

    def put(self, tool: str, path: str, blob: str, findings: Sequence[Finding]) -> None:
        """Keep it. What cannot be kept is not missed."""
        rows = [
            (one.rule, one.line, one.column, one.message, one.text, one.fixable, one.end)
            for one in findings
        ]
        name = self._name(tool, path, blob)
        part = self.folder / f"{name}.{os.getpid()}.part"
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(json.dumps(rows).encode())
            part.replace(self.folder / name)
            if int(name[:8], 16) % _LOOK == 0:
                self._shrink()

    def _name(self, tool: str, path: str, blob: str) -> str:
        text = "\0".join((__version__, self.state, tool, path, blob))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def _shrink(self) -> None:
        entries = [entry for entry in os.scandir(self.folder)]
        if len(entries) <= _MOST:
            return
        entries.sort(key=lambda entry: entry.stat().st_mtime)
        for entry in entries[: len(entries) - _MOST * 3 // 4]:
            with suppress(OSError):
                Path(entry).unlink()


def state_of(root: Path, configs: bytes, setup: Setup) -> str:
    """All that tools go by: how they are called, their configurations and versions, and what is at
    the top of the tree, which says to Ruff which imports are the project's own."""
    top = sorted(name for folder in (root, root / "src") for name in _modules(folder))
    packages = f"{sys.prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    programs = [_stamp(path) for name in TOOLS for path in (found(name, setup), packages) if path]
    digest = hashlib.sha256(configs)
    digest.update(repr((setup, top, programs)).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _modules(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return [entry.name for entry in entries if entry.suffix == ".py" or entry.is_dir()]


def _stamp(path: str) -> tuple[str, int]:
    try:
        return path, Path(path).stat().st_mtime_ns
    except OSError:
        return path, 0
