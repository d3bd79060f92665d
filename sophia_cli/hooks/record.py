"""What `sophia hooks install` changed in a clone, for `uninstall` to take back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import put

FOLDER = ".sophia"
_VERSION = 1


@dataclass(frozen=True)
class Written:
    """A file and its bytes before and after; None where it was not there, or is not to be."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o644


@dataclass(frozen=True)
class Kept:
    """A file as the record has it: the digest of what was written, and the bytes before that.

    `whole` is false where the user had a hand in between: the bytes before are then not known.
    """

    path: str
    before: bytes | None
    digest: str
    mode: int = 0o644
    whole: bool = True


@dataclass(frozen=True)
class Record:
    """The files that were written, the ids of the hooks that were added, git's hooks before."""

    files: Mapping[str, Kept] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    hooks: Mapping[str, bytes | None] = field(default_factory=dict)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def load(root: Path) -> Record | None:
    """The record of a clone; None where nothing was installed from it. Raises SophiaError."""
    path = _path(root)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        files = [
            Kept(one["path"], _bytes(one["before"]), one["digest"], one["mode"], one["whole"])
            for one in data["files"]
        ]
        hooks = {name: _bytes(text) for name, text in data["hooks"].items()}
        return Record({one.path: one for one in files}, frozenset(data["added"]), hooks)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SophiaError(f"{path} cannot be read", f"rm {path}  and run it again") from error


def grown(
    record: Record | None,
    files: tuple[Written, ...],
    added: frozenset[str],
    hooks: Mapping[str, bytes | None],
) -> Record:
    """A record with one installation more: the bytes before are those of the first."""
    known = dict(record.files) if record else {}
    for one in files:
        assert one.after is not None
        old = known.get(one.path)
        before, whole = one.before, True
        if old is not None:
            same = one.before is not None and digest(one.before) == old.digest
            before, whole = old.before, old.whole and same
        known[one.path] = Kept(one.path, before, digest(one.after), one.mode, whole)
    first = record or Record()
    return Record(known, first.added | added, {**hooks, **first.hooks})


def save(root: Path, record: Record) -> None:
    """Write the record; git ignores its folder. Raises OSError."""
    path = _path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = root / FOLDER / ".gitignore"
    if not ignore.exists():
        put(ignore, b"*\n")
    data = {
        "version": _VERSION,
        "files": [
            {
                "path": one.path,
                "before": _text(one.before),
                "digest": one.digest,
                "mode": one.mode,
                "whole": one.whole,
            }
            for one in record.files.values()
        ],
        "added": sorted(record.added),
        "hooks": {name: _text(data) for name, data in record.hooks.items()},
    }
    put(path, json.dumps(data, indent=1).encode() + b"\n")


@contextmanager
def saved(root: Path, known: Record | None, grown: Record) -> Iterator[None]:
    """Write the record; when that or the block fails, it is as it was known. Raises OSError."""
    try:
        save(root, grown)
        yield
    except BaseException:
        with suppress(OSError):
            forget(root)
            if known is not None:
                save(root, known)
        raise


def forget(root: Path) -> None:
    """Remove the record, and the folders that hold nothing else. Raises OSError."""
    path = _path(root)
    if path.parent.is_dir():
        path.unlink(missing_ok=True)
        _remove_empty(path.parent)
    folder = root / FOLDER
    if folder.is_dir() and [one.name for one in folder.iterdir()] == [".gitignore"]:
        (folder / ".gitignore").unlink()
        _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _path(root: Path) -> Path:
    return root / FOLDER / "hooks" / "install.json"


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
