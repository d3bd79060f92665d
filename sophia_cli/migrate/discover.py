"""Which files a run looks at: git's list or a walk, links kept inside the tree, a search in bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from sophia_cli.migrate.category import PAGES, categorize
from sophia_cli.migrate.git import listed
from sophia_cli.migrate.links import link_on
from sophia_cli.migrate.site import Category

LARGEST = 2 * 1024 * 1024
_SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        "build",
        "dist",
        ".sophia",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".eggs",
    ]
)


@dataclass(frozen=True)
class Unseen:
    """A file that was not looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Tree:
    """What a walk found. `hits` are the files that hold one of the words, with their bytes."""

    root: Path
    in_git: bool
    python: tuple[str, ...]
    pages: tuple[str, ...]
    hits: dict[str, bytes] = field(repr=False)
    categories: dict[str, Category] = field(repr=False)
    unseen: tuple[Unseen, ...] = ()

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the tree, None when it cannot be read."""
        if path in self.hits:
            return self.hits[path]
        try:
            data = (self.root / path).read_bytes()
        except OSError:
            return None
        return data if len(data) <= LARGEST else None


def discover(
    root: Path,
    words: Iterable[bytes],
    exclude: tuple[str, ...] = (),
    advance: Callable[[int], None] = lambda steps: None,
) -> Tree:
    """Walk `root` and read every Python file and page once."""
    from_git = listed(root)
    paths = from_git or sorted(_walk(root))  # all of it ignored: then ignoring is not meant
    kept = [path for path in paths if _wanted(path) and not matches(path, exclude)]
    reader = _Reader(root, tuple(words), frozenset(kept))
    for path in kept:
        reader.look(path)
        advance(1)
    return Tree(
        root=root,
        in_git=bool(from_git),
        python=tuple(reader.python),
        pages=tuple(reader.pages),
        hits=reader.hits,
        categories=reader.categories,
        unseen=tuple(reader.unseen),
    )


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the patterns; a pattern without a slash fits any file's name."""
    for pattern in patterns:
        pattern = pattern.removeprefix("./").rstrip("/")
        folder = path.startswith(pattern + "/")
        name = "/" not in pattern and fnmatchcase(PurePosixPath(path).name, pattern)
        if folder or name or fnmatchcase(path, pattern) or PurePosixPath(path).match(pattern):
            return True
    return False


def _wanted(path: str) -> bool:
    suffix = PurePosixPath(path).suffix.lower()
    return (suffix == ".py" or suffix in PAGES) and ".sophia" not in path.split("/")


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name for name in folders if name not in _SKIPPED and not _is_venv(folder, name)
        )
        base = os.path.relpath(folder, root)
        for name in files:
            yield name if base == "." else PurePosixPath(Path(base), name).as_posix()


def _is_venv(folder: str, name: str) -> bool:
    return Path(folder, name, "pyvenv.cfg").exists()


@dataclass(eq=False)
class _Reader:
    """Reads files one by one and keeps what the search is after."""

    root: Path
    words: tuple[bytes, ...]
    known: frozenset[str]
    python: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    hits: dict[str, bytes] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    unseen: list[Unseen] = field(default_factory=list)
    folders: dict[str, bool] = field(default_factory=dict)

    def look(self, path: str) -> None:
        full = self.root / path
        try:
            if self._linked(path):
                reason = self._link(full)
                if reason is not None:
                    self._skip(path, reason)
                return
            data = full.read_bytes()
        except FileNotFoundError:  # in git's index, no longer on disk
            return
        except IsADirectoryError:
            return
        except OSError as error:
            self._skip(path, f"cannot be read: {error.strerror}")
            return
        self._keep(path, data)

    def _linked(self, path: str) -> bool:
        """Whether the file, or a folder on the way to it, is a link."""
        folder = path.rpartition("/")[0]
        if folder not in self.folders:
            self.folders[folder] = bool(folder) and link_on(self.root, folder) is not None
        return self.folders[folder] or (self.root / path).is_symlink()

    def _link(self, full: Path) -> str | None:
        """Why a link is not followed; None where its target is looked at by its own name."""
        target = full.resolve()
        root = self.root.resolve()
        if root not in target.parents:
            return "a link that leads out of the tree"
        inside = target.relative_to(root).as_posix()
        if target.is_file() and inside not in self.known:
            return "a link to a file that is not looked at"
        return None

    def _keep(self, path: str, data: bytes) -> None:
        page = PurePosixPath(path).suffix.lower() in PAGES
        (self.pages if page else self.python).append(path)
        lower = data.lower()
        if not any(word in lower for word in self.words):
            return
        if len(data) > LARGEST:
            self._skip(path, f"{len(data) / 1e6:.0f} MB: taken for generated")
            return
        self.hits[path] = data
        self.categories[path] = categorize(path, data)

    def _skip(self, path: str, reason: str) -> None:
        self.unseen.append(Unseen(path, reason))
