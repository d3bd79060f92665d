"""Whether git runs the hooks of this clone, and who else runs some."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from sophia_cli.checked import FAIL, OK, WARN, Check
from sophia_cli.hooks.clone import Clone, hook_owner
from sophia_cli.hooks.config import Config
from sophia_cli.hooks.way import has_line

_KINDS = (
    "pre-commit",
    "pre-push",
    "commit-msg",
    "prepare-commit-msg",
    "post-checkout",
    "pre-rebase",
)
_FOLDERS = (".githooks", "githooks", ".hooks", "git-hooks", ".git-hooks")
_PYTHON = re.compile(r"^INSTALL_PYTHON=(.+)$", re.MULTILINE)
_PROGRAMS = ("pre-commit", "prek")


def installed(clone: Clone, config: Config | None, environ: Mapping[str, str]) -> Iterator[Check]:
    """The owner of the hooks, each kind of hook that is wanted, and folders that nobody runs."""
    elsewhere = clone.elsewhere
    if elsewhere is not None:
        yield _by_another(clone, elsewhere)
    else:
        for kind in _kinds(config):
            yield from _hook(clone, kind, environ)
    yield from _forgotten(clone)


def python_of(clone: Clone) -> str:
    """The interpreter that the installed hook runs on; empty where it names none."""
    found = _PYTHON.search(_text(clone.hooks / "pre-commit"))
    words = shlex.split(found[1]) if found else []
    return words[0] if words else ""


def _kinds(config: Config | None) -> list[str]:
    said = config.data.get("default_install_hook_types") if config else None
    return [str(one) for one in said] if isinstance(said, list) and said else ["pre-commit"]


def _by_another(clone: Clone, place: Path) -> Check:
    """`core.hooksPath` leads elsewhere: pre-commit puts nothing there by itself."""
    owner = f"core.hooksPath ({clone.scope}) sends git to {clone.hooks_path}"
    husky = ".husky" in place.parts
    script = clone.root / ".husky" / "pre-commit" if husky else place / "pre-commit"
    shown = script.relative_to(clone.root) if clone.root in script.parents else script
    text = _text(script)
    if has_line(text.encode()) or hook_owner(text.encode()) in _PROGRAMS:
        return Check("installed", OK, f"{'husky' if husky else owner}: {shown} runs pre-commit")
    words = f"{'husky owns the hooks' if husky else owner}, and {shown} does not run pre-commit"
    if husky:
        return Check("installed", FAIL, words, f"echo 'pre-commit run' >> {shown}")
    if clone.scope in ("local", "worktree"):
        return Check("installed", FAIL, words, "git config --unset-all core.hooksPath")
    return Check("installed", FAIL, words, f"git config core.hooksPath {clone.hooks}")


def _hook(clone: Clone, kind: str, environ: Mapping[str, str]) -> Iterator[Check]:
    path = clone.hooks / kind
    text = _text(path)
    owner = hook_owner(text.encode())
    if not text:
        words = f"{kind} is not installed in this clone: nothing is checked before a commit"
        yield Check("installed", FAIL, words, f"pre-commit install --hook-type {kind}")
    elif not os.access(path, os.X_OK):
        words = f"git passes over {kind}: it is not executable"
        yield Check("installed", FAIL, words, f"chmod +x {path}")
    elif owner in _PROGRAMS or has_line(text.encode()):
        yield _python(path, kind, owner or "a script", text, environ)
    elif owner == "lefthook":
        yield _lefthook(clone, kind)
    else:
        words = f"{kind} is a hook of somebody else's, which does not run pre-commit"
        yield Check("installed", FAIL, words, "pre-commit install   keeps it, and runs it first")
    yield from _legacy(clone.hooks / f"{kind}.legacy", owner)


def _python(path: Path, kind: str, owner: str, text: str, environ: Mapping[str, str]) -> Check:
    """A hook of pre-commit's holds the path of an interpreter, which may be gone."""
    found = _PYTHON.search(text)
    python = (shlex.split(found[1]) or [""])[0] if found else ""
    if not python or os.access(python, os.X_OK):
        return Check("installed", OK, f"{kind}, by {owner}")
    mend = "pre-commit install   from an environment that stays"
    if shutil.which("pre-commit", path=environ.get("PATH", "")):
        words = f"{kind} runs on {python}, which is gone; pre-commit on PATH stands in"
        return Check("installed", WARN, words, mend)
    words = f"{kind} runs on {python}, which is gone: every commit fails"
    return Check("installed", FAIL, words, mend)


def _lefthook(clone: Clone, kind: str) -> Check:
    texts = [_text(path) for path in clone.root.glob("*lefthook.*")]
    texts += [_text(path) for path in clone.root.glob(".lefthook.*")]
    if any("pre-commit run" in text for text in texts):
        return Check("installed", OK, f"{kind}, by lefthook, which runs pre-commit")
    words = f"lefthook owns {kind}, and does not run pre-commit"
    return Check("installed", FAIL, words, "sophia hooks install")


def _legacy(path: Path, owner: str) -> Iterator[Check]:
    if not path.exists():
        return
    older = hook_owner(_text(path).encode())
    if older in _PROGRAMS:
        words = f"{path.name} is an older hook of {older}'s: every commit runs through both"
        yield Check("chained", WARN, words, f"rm {path}")
    else:
        yield Check("chained", OK, f"{path.name}, which was there before, runs first")


def _forgotten(clone: Clone) -> Iterator[Check]:
    """Folders with hooks in them that git was never told of."""
    for name in _FOLDERS:
        folder = clone.root / name
        kinds = [kind for kind in _KINDS if (folder / kind).is_file()]
        at = clone.elsewhere
        if kinds and (at is None or at.resolve() != folder.resolve()):
            words = f"{name}/{kinds[0]} is run by nobody: nothing sets core.hooksPath to {name}"
            mend = f"make it a hook of pre-commit's, then:  git rm -r {name}"
            yield Check("forgotten", WARN, words, mend)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
