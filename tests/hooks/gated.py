"""A repository of real git, and the gate as its hook would run it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(tempfile.gettempdir()) / f"sophia-tests-{os.getuid()}"  # packages of npm, fetched once
ROOT = Path(__file__).parents[2]
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
}  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What the gate did. `places` are where it found something new, with the tool."""

    code: int
    out: str
    err: str

    @property
    def places(self) -> list[str]:
        return [
            " ".join([words[0].rpartition(":")[0], *words[1 : 3 if words[1] in TWO else 2]])
            for words in (line.split() for line in self.out.splitlines() if line[:2] == "  ")
            if ":" in words[0]
        ]


TWO = ("ruff", "bandit", "eslint")


@dataclass(frozen=True)
class Repository:
    """A work tree at `root`."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Repository:
        root.mkdir(parents=True, exist_ok=True)
        made = cls(root)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *words: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env={**os.environ, **IDENTITY, **(env or {})},
            capture_output=True, text=True, errors="surrogateescape", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def stage(self, files: dict[str, str | bytes]) -> None:
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "--all")

    def commit(self, files: dict[str, str | bytes] | None = None) -> None:
        self.stage(files or {})
        self.git("commit", "-q", "--allow-empty", "-m", "change")

    def gate(self, *words: str, env: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "sophia_cli.gate", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(CACHE), **(env or {})},
            capture_output=True, text=True, errors="surrogateescape", check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)
