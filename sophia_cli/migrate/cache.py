"""What an earlier look at a tree found, for as long as nothing that it depends on has changed.

It stands in the user's cache folder and not in the tree: a pull request must not bring a cache along
that says there is nothing to find. Nothing is ever written into a user's files by what is read here.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli import __version__
from sophia_cli.llm.folders import own_folder

_VERSION = 1
_KEPT = 8  # files of one tree: its index, and a plan for each way in which it is looked at
_TREES = 64
_LARGEST = 32 * 1024 * 1024


@dataclass(frozen=True)
class Cache:
    """The files kept for one tree. `folder` None keeps nothing and knows nothing."""

    folder: Path | None

    def get(self, name: str) -> Any:
        """What was kept under a name; None where nothing was, or where it is damaged."""
        if self.folder is None:
            return None
        try:
            head, _, body = _read(self.folder / name).partition(b"\n")
            return json.loads(body) if head == _seal(body) else None
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, name: str, data: Any) -> None:
        """Keep data under a name, for its owner's eyes. What cannot be kept is not missed."""
        if self.folder is None:
            return
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
        if len(body) > _LARGEST:
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self.folder / name, _seal(body) + b"\n" + body)
            _drop_oldest(self.folder, _KEPT)
            _drop_oldest(self.folder.parent, _TREES)


def cache_of(root: Path, environ: dict[str, str] | None = None) -> Cache:
    """The cache of the tree at `root`; one that keeps nothing for a user without a home."""
    own = own_folder(os.environ if environ is None else environ, "CACHE")
    name = key_of(str(root.resolve()))[:32]
    return Cache(own / "migrate" / name if own else None)


def key_of(*parts: Any) -> str:
    """A name for data; other data has another."""
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def tool() -> list[Any]:
    """What looks: the version, Python, whose parser it is, and every file of this package as it is now."""
    package = Path(__file__).parents[1]
    files = [
        (entry.path, entry.stat().st_size, entry.stat().st_mtime_ns)
        for folder in _folders(package)
        for entry in os.scandir(folder)
        if entry.name.endswith((".py", ".toml"))
    ]
    return [_VERSION, __version__, sys.version, sorted(files)]


def _folders(package: Path) -> list[str]:
    """Where the code stands that a plan depends on, and the target whose names it reads."""
    below = [folder for folder, _, _ in os.walk(package / "migrate")]
    return [str(package), str(package / "llm"), *below]


def _seal(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _read(path: Path) -> bytes:
    """The bytes of a file that is ours alone. Raises OSError for any other."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if status.st_uid != os.getuid() or status.st_mode & 0o022:
            raise PermissionError(f"{path} may be somebody else's")
        return file.read(_LARGEST + 128)


def _replace(path: Path, data: bytes) -> None:
    """Two runs at once each write a file of their own, with mode 0600; the later one stays."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _drop_oldest(folder: Path, most: int) -> None:
    """Keep the newest entries of a folder."""
    entries = sorted(os.scandir(folder), key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    for entry in entries[most:]:
        if entry.is_dir(follow_symlinks=False):
            for file in os.scandir(entry):
                Path(file.path).unlink(missing_ok=True)
            Path(entry.path).rmdir()
        else:
            Path(entry.path).unlink(missing_ok=True)
