"""Repositories to install hooks into, and what a commit there does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.hooks.install import Plan, install, plan
from sophia_cli.hooks.proposal import Options
from sophia_cli.hooks.uninstall import Removal, plan_removal, uninstall

# A hook that needs no package: it writes down that it was run.
MARKER = """\
repos:
  - repo: local
    hooks:
      - id: marker
        name: marker
        language: system
        entry: sh -c 'echo ran >> "$(git rev-parse --git-dir)/ran"'
        always_run: true
        pass_filenames: false
"""
PLAIN = Options()
OURS = "sophia-gate,sophia-large-files,sophia-private-key,sophia-yaml,sophia-toml,sophia-json"
_WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "T"), ("EMAIL", "t@example.invalid"))
}


@dataclass(frozen=True)
class Tree:
    """A work tree, and the environment of whoever works in it. Our own hooks are passed over."""

    root: Path
    env: dict[str, str]

    def git(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self, *, code: int = 0) -> str:
        self.git("add", "-A")
        return self.git("commit", "-q", "--allow-empty", "-m", "x", code=code)

    @property
    def ran(self) -> int:
        """How often the marker was run in this work tree."""
        folder = self.root / self.git("rev-parse", "--git-dir").strip()
        path = folder / "ran"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def put(self, path: str, text: str, mode: int = 0o644) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        file.chmod(mode)
        return file

    def plan(self, options: Options = PLAIN) -> Plan:
        return plan(self.root, options, self.env)

    def install(self, options: Options = PLAIN) -> Plan:
        made = self.plan(options)
        install(made, self.env)
        return made

    def uninstall(self) -> Removal:
        made = plan_removal(self.root)
        uninstall(made, self.env)
        return made

    def everything(self) -> dict[str, tuple[bytes, int]]:
        """Every file of the tree and every hook of git's: bytes and permissions."""
        hooks = self.root / self.git("rev-parse", "--git-common-dir").strip() / "hooks"
        files = [path for path in self.root.rglob("*") if ".git" not in path.parts]
        files += [path for path in hooks.glob("*") if path.suffix != ".sample"]
        return {
            str(path): (path.read_bytes(), path.stat().st_mode & 0o777)
            for path in files
            if path.is_file()
        }


def tree(root: Path, **environ: str) -> Tree:
    """A new repository with one Python file and no commit."""
    root.mkdir(parents=True, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {**_WHO, "SKIP": OURS, "PRE_COMMIT_COLOR": "never", **environ}
    made = Tree(root, env)
    made.git("init", "-q", "-b", "main")
    made.put("app.py", "X = 1\n")
    return made
