"""What git knows about a folder: which files count, and which have changes."""

from __future__ import annotations

import re
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.process import ProgramNotFound, Result, run

_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_ADDED = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}


def _git(root: Path, *arguments: str) -> Result | None:
    """Run git with names quoted, so that odd ones survive; None where there is no git."""
    try:
        result = run(["git", "-c", "core.quotePath=true", *arguments], cwd=root)
    except ProgramNotFound:
        return None
    return result if result.code == 0 else None


def is_repository(root: Path) -> bool:
    """Whether `root` is inside a work tree that git can read."""
    result = _git(root, "rev-parse", "--is-inside-work-tree")
    return result is not None and result.stdout.strip() == "true"


def listed(root: Path) -> list[str] | None:
    """Tracked and new files that are not ignored, relative to `root`; None without git."""
    result = _git(root, "ls-files", "--cached", "--others", "--exclude-standard")
    if result is None:
        return None
    return sorted({unquote(line) for line in result.stdout.split("\n") if line})


def changed(root: Path) -> frozenset[str]:
    """Files under `root` that differ from the last commit or are in none, relative to `root`."""
    prefix = _git(root, "rev-parse", "--show-prefix")
    status = _git(
        root, "status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "--", "."
    )
    if prefix is None or status is None:
        return frozenset()
    front = unquote(prefix.stdout.strip("\n"))
    names = (unquote(line[3:]) for line in status.stdout.split("\n") if line)
    return frozenset(name.removeprefix(front) for name in names)


def last_change(root: Path, file: Path) -> str:
    """The commit that last changed a file, HEAD where none has."""
    result = _git(root, "log", "-1", "--format=%H", "--", str(file))
    return (result.stdout.strip() if result else "") or "HEAD"


def added_lines(root: Path, commit: str, path: str) -> frozenset[int]:
    """The lines of a file under `root` that are not as they were in a commit; none without git."""
    words = ("--no-color", "--no-ext-diff", "--unified=0", commit, "--", path)
    result = _git(root, "diff", *words)
    hunks = _ADDED.findall(result.stdout) if result else []
    return frozenset(
        line for start, count in hunks for line in range(int(start), int(start) + int(count or 1))
    )


def changed_since(root: Path, ref: str) -> frozenset[str]:
    """Files under `root` that differ from where the branch left `ref`, relative to `root`.

    Those of the index and of the work tree count too, and those that git does not know yet. One
    that was renamed counts by its new name. Raises SophiaError for a ref that is none.
    """
    if not is_repository(root):
        raise SophiaError("--changed-since needs git, and this is no repository", "leave it out")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if commit is None:
        words = f"git knows no commit {ref}"
        raise SophiaError(
            words, "name a branch, tag or commit; fetch it where the clone is shallow"
        )
    base = _git(root, "merge-base", commit.stdout.strip(), "HEAD") or commit
    difference = ("diff", "--name-only", "--no-renames", "--relative", "--diff-filter=d")
    since = base.stdout.strip()
    return frozenset(
        name
        for words in (
            (*difference, since, "--"),
            (*difference, "--cached", since, "--"),
            ("ls-files", "--others", "--exclude-standard"),
        )
        for name in _names(_git(root, *words))
    )


def _names(result: Result | None) -> list[str]:
    lines = result.stdout.split("\n") if result else []
    return [unquote(line) for line in lines if line]


def unquote(text: str) -> str:
    """A path as git prints it: in C quotes where it has odd characters."""
    if not (text.startswith('"') and text.endswith('"')):
        return text
    raw = _ESCAPE.sub(_byte, text[1:-1].encode())
    return raw.decode("utf-8", "surrogateescape")


def _byte(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    return bytes([int(code, 8)]) if len(code) == 3 else _LETTERS.get(code, code)


def quote(path: str) -> str:
    """A path as git reads it in a patch."""
    raw = path.encode("utf-8", "surrogateescape")
    if all(32 <= byte < 127 and byte not in b'"\\' for byte in raw):
        return path
    return '"' + "".join(_quoted(byte) for byte in raw) + '"'


def _quoted(byte: int) -> str:
    letters = {value[0]: key.decode() for key, value in _LETTERS.items()}
    if byte in letters:
        return "\\" + letters[byte]
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
