"""How a commit comes to run pre-commit: by git's own hook, or by whoever owns the hooks already."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.clone import Clone, hook_owner

LINE = "pre-commit run"
LEFTHOOKS = tuple(
    f"{dot}lefthook.{suffix}" for suffix in ("yml", "yaml", "toml", "json") for dot in ("", ".")
)
_COMMAND = f"""\
pre-commit:
  commands:
    sophia:
      run: {LINE}
"""


@dataclass(frozen=True)
class Way:
    """Who runs pre-commit: `git` by a hook that pre-commit installs, else `husky` or `lefthook`.

    Those have a file of the project that names it: `path` under the root, and the bytes `after`.
    """

    owner: str
    path: str = ""
    after: bytes = b""
    mode: int = 0o644


def way_of(clone: Clone) -> Way:
    """Find out who runs hooks here. Raises SophiaError where nobody could without a decision of the user's."""
    elsewhere = clone.elsewhere
    if _uses_husky(clone):
        return _by_husky(clone)
    if elsewhere is not None:
        raise _elsewhere(clone, elsewhere)
    for name in LEFTHOOKS:
        if (clone.root / name).is_file():
            return _by_lefthook(clone.root / name, name)
    return Way("git")


def to_do(way: Way, clone: Clone, environ: Mapping[str, str]) -> list[str]:
    """What is left for the user where somebody else owns the hooks."""
    if way.owner == "git":
        return []
    notes = []
    if shutil.which("pre-commit", path=environ.get("PATH", "")) is None:
        notes.append(f"{way.owner} finds no pre-commit on PATH:  pipx install pre-commit")
    if way.owner == "lefthook" and not (clone.hooks / "pre-commit").exists():
        notes.append("lefthook has no hook for commits in git yet:  lefthook install")
    return notes


def _elsewhere(clone: Clone, place: Path) -> SophiaError:
    words = f"core.hooksPath ({clone.scope}) sends git to {clone.hooks_path} for its hooks"
    line = f"add the line `{LINE}` to {Path(clone.hooks_path) / 'pre-commit'}, or\n"
    if clone.scope == "local":
        return SophiaError(words, f"{line}git config --unset-all core.hooksPath")
    ours = f"git config core.hooksPath {clone.hooks}"
    return SophiaError(words, f"for this repository alone, its own folder again:\n{ours}")


# husky


def _uses_husky(clone: Clone) -> bool:
    """Whether husky runs the hooks, or will after the next `npm install`."""
    elsewhere = clone.elsewhere
    if elsewhere is not None:
        return ".husky" in elsewhere.parts and clone.root in elsewhere.parents
    return (clone.root / ".husky").is_dir() and "husky" in _scripts(clone.root)


def _scripts(root: Path) -> str:
    """What npm runs by itself after an installation."""
    try:
        data = json.loads((root / "package.json").read_text(encoding="utf-8"))
        scripts = data.get("scripts", {})
        return " ".join(str(scripts.get(name, "")) for name in ("prepare", "postinstall"))
    except (OSError, ValueError, AttributeError):
        return ""


def _by_husky(clone: Clone) -> Way:
    """A line in its `.husky/pre-commit`: what lies in `.husky/_` is made anew by every `npm install`."""
    path = ".husky/pre-commit"
    before = _bytes(clone.root / path)
    mode = (clone.root / path).stat().st_mode & 0o777 if before is not None else 0o755
    return Way("husky", path, with_line(before or b""), mode)


def with_line(before: bytes) -> bytes:
    """A shell script that runs pre-commit too."""
    if has_line(before):
        return before
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    gap = newline if before and not before.endswith(b"\n") else b""
    return before + gap + LINE.encode() + newline


def has_line(script: bytes) -> bool:
    """Whether a shell script runs pre-commit."""
    lines = (line.strip() for line in script.decode("utf-8", "replace").splitlines())
    return any("pre-commit run" in line and not line.startswith("#") for line in lines)


# lefthook


def _by_lefthook(path: Path, name: str) -> Way:
    before = path.read_bytes()
    if name.endswith(("toml", "json")):
        if LINE.encode() in before:
            return Way("lefthook", name, before)
        raise _say_what_to_add(name)
    try:
        found = yaml.safe_load(before) or {}
        there = "pre-commit" in found
    except (yaml.YAMLError, TypeError) as error:
        raise SophiaError(f"{name} cannot be read", f"mend {name}") from error
    if there and LINE in json.dumps(found["pre-commit"], default=str):
        return Way("lefthook", name, before)
    after = with_command(before)
    if there or not _adds_only(after, found):
        raise _say_what_to_add(name)
    return Way("lefthook", name, after)


def _adds_only(after: bytes, before: Mapping[str, object]) -> bool:
    try:
        return bool(yaml.safe_load(after) == {**before, **yaml.safe_load(_COMMAND)})
    except yaml.YAMLError:  # it is written in braces
        return False


def with_command(before: bytes) -> bytes:
    """A lefthook.yml that runs pre-commit too."""
    newline = "\r\n" if b"\r\n" in before else "\n"
    gap = newline if before and not before.endswith(b"\n") else ""
    return before + (gap + _COMMAND.replace("\n", newline)).encode()


def _say_what_to_add(name: str) -> SophiaError:
    words = f"lefthook owns the hooks here, and {name} has commands of its own for a commit"
    return SophiaError(words, f"add one that runs `{LINE}` to `pre-commit` in {name}")


def without_ours(owner: str, now: bytes) -> bytes:
    """The file of an owner without what `way_of` added, wherever it stands by now."""
    if owner == "lefthook":
        for newline in (b"\r\n", b"\n"):
            now = now.replace(_COMMAND.encode().replace(b"\n", newline), b"")
        return now
    lines = now.splitlines(keepends=True)
    return b"".join(line for line in lines if line.strip() != LINE.encode())


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def other_hooks(clone: Clone, kinds: tuple[str, ...]) -> list[str]:
    """The hooks there are of somebody else: pre-commit keeps them and runs them first."""
    return [
        kind
        for kind in kinds
        if (text := _bytes(clone.hooks / kind)) is not None and hook_owner(text) != "pre-commit"
    ]
