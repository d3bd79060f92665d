"""Which files a run looks at: git's list or a walk, links kept inside the tree, a search in bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

from sophia_cli.migrate.ahead import Seen, read_ahead, split
from sophia_cli.migrate.category import NOTEBOOKS, PAGES, QUERIES, categorize
from sophia_cli.migrate.git import listed
from sophia_cli.migrate.ignore import Ignored
from sophia_cli.migrate.importing import import_words
from sophia_cli.migrate.index import Index, Known, digest, stamp_of
from sophia_cli.migrate.links import link_on
from sophia_cli.migrate.prefilter import Prefilter
from sophia_cli.migrate.site import Category
from sophia_cli.migrate.sql import decoded

LARGEST = 2 * 1024 * 1024
LARGEST_NOTEBOOK = 64 * 1024 * 1024  # what a notebook shows is part of it
_LONGEST = 256  # bytes of a first line that names a program
_CHECKPOINTS = ".ipynb_checkpoints"
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
    """A file that was not looked at, and why; and whether this tree's own calls may stand in it."""

    path: str
    reason: str
    may_call: bool = True


class Contents(Mapping[str, bytes]):
    """The bytes of the files that hold a word; what was not read yet is read when it is asked for.

    `steady` turns false where a file no longer holds what `known` says of it.
    """

    def __init__(self, root: Path, known: Mapping[str, Known]) -> None:
        self._root, self._known = root, known
        self._data: dict[str, bytes | None] = {}
        self.steady = True

    def __getstate__(self) -> dict[str, object]:
        """Without bytes: another process reads those that it needs."""
        return {**self.__dict__, "_data": dict.fromkeys(self._data)}

    def add(self, path: str, data: bytes | None) -> None:
        """Count a file in, with its bytes where they are in memory."""
        self._data[path] = data

    def read(self, path: str) -> bytes | None:
        """The bytes of any file of the tree, None when it cannot be read."""
        try:
            data = _read(f"{self._root}/{path}")
        except OSError:
            data = None
        if data is None or path not in self._known or digest(data) != self._known[path].digest:
            self.steady = False
        return data

    def __getitem__(self, path: str) -> bytes:
        data = self._data[path]
        if data is None:
            data = self._data[path] = self.read(path) or b""
        return data

    def __contains__(self, path: object) -> bool:
        return path in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


@dataclass(frozen=True)
class Tree:
    """What a walk found. `hits` are the files that hold one of the words, with their bytes.

    `known` are the digests of all files that were looked at. `imports` are the words of the import
    statements of those that were read just now, `importing` the files by these words where that is
    all of them. `followed` are files that names are followed into like into hits.
    """

    root: Path
    in_git: bool
    python: tuple[str, ...]
    pages: tuple[str, ...]
    hits: Contents = field(repr=False)
    categories: dict[str, Category] = field(repr=False)
    unseen: tuple[Unseen, ...] = ()
    known: Mapping[str, Known] = field(default_factory=dict, repr=False)
    notebooks: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    imports: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)
    importing: dict[bytes, list[str]] = field(default_factory=dict, repr=False)
    followed: frozenset[str] = frozenset()

    def imported_by(self, path: str) -> Collection[bytes]:
        """The words of a hit's import statements."""
        words = self.imports.get(path)
        return import_words(path, self.hits[path]) if words is None else words

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the tree, None when it cannot be read."""
        if path in self.hits:
            return self.hits[path]
        data = self.hits.read(path)
        return data if data is not None and len(data) <= _largest(path) else None


def discover(
    root: Path,
    words: Callable[[], Iterable[bytes]],
    exclude: tuple[str, ...] = (),
    advance: Callable[[int], None] = lambda steps: None,
    index: Index | None = None,
    named: frozenset[str] = frozenset(),
    meanwhile: Callable[[], None] = lambda: None,
) -> Tree:
    """Walk `root` and read every Python file and page once that the index does not know.

    `words` is asked when the first file is read. Of the files that are `named`, programs by their
    first line are read too. `meanwhile` is done here where another process has begun to read.
    """
    paths, in_git = list_files(root)
    kept = [
        path
        for path in paths
        if (_wanted(path) or (path in named and _is_program(root, path)))
        and not matches(path, exclude)
    ]
    reader = _Reader(root, words, frozenset(kept), index or Index())
    for path in _repositories(root, paths) if in_git else ():
        if not matches(path, exclude):
            reader.skip(path, "a repository of its own", may_call=False)
    unknown = [path for path in kept if path not in reader.index.files]
    ahead = split(unknown)
    with read_ahead(ahead, reader.read, meanwhile) as seen:
        for path in kept:
            if ahead and path == ahead[0]:
                reader.take(seen())
            reader.look(path)
            advance(1)
    return Tree(
        root=root,
        in_git=in_git,
        python=tuple(reader.python),
        pages=tuple(reader.pages),
        hits=reader.hits,
        categories=reader.categories,
        unseen=tuple(reader.unseen),
        known=reader.known,
        notebooks=tuple(reader.notebooks),
        queries=tuple(reader.queries),
        imports=reader.imports,
        importing=reader.importing(),
    )


def list_files(root: Path) -> tuple[list[str], bool]:
    """Every file of a tree, and whether git named them: then without what it ignores."""
    from_git = listed(root)
    # where git ignores all of it, ignoring is not meant
    paths = from_git or sorted(_walk(root, ignoring=from_git is None))
    return paths, bool(from_git)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the patterns; a pattern without a slash fits any file's name."""
    for pattern in patterns:
        pattern = pattern.removeprefix("./").rstrip("/")
        folder = path.startswith(pattern + "/")
        name = "/" not in pattern and fnmatchcase(PurePosixPath(path).name, pattern)
        if folder or name or fnmatchcase(path, pattern) or PurePosixPath(path).match(pattern):
            return True
    return False


def _repositories(root: Path, paths: list[str]) -> Iterator[str]:
    """The repositories inside this one: git names the folder of each, and nothing in it."""
    declared = ".gitmodules" in paths
    for path in paths:
        if path.endswith("/"):
            yield path.rstrip("/")
        elif declared or "." not in path.rpartition("/")[2]:
            with suppress(OSError):
                if stat.S_ISDIR(os.lstat(f"{root}/{path}").st_mode):
                    yield path


def _read(path: str) -> bytes:
    """As Path does it, in half the time."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        return file.read()


def _suffix(path: str) -> str:
    """The end of a file's name from its last dot, in lower case: what PurePath says, in a tenth of the time."""
    name = path.rpartition("/")[2]
    place = name.rfind(".")
    return name[place:].lower() if 0 < place < len(name) - 1 else ""


def _wanted(path: str) -> bool:
    suffix = _suffix(path)
    known = suffix in (".py", ".pyw") or suffix in PAGES | NOTEBOOKS | QUERIES
    return known and ".sophia" not in path.split("/")


def _is_program(root: Path, path: str) -> bool:
    """Whether a file's first line names Python."""
    try:
        with (root / path).open("rb") as file:
            first = file.readline(_LONGEST)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def _largest(path: str) -> int:
    return LARGEST_NOTEBOOK if _suffix(path) in NOTEBOOKS else LARGEST


def _walk(root: Path, *, ignoring: bool) -> Iterator[str]:
    """Every file, but those in the usual folders, and those that a `.gitignore` leaves out."""
    ignored = {"": Ignored()}
    for folder, folders, files in os.walk(root):
        base = os.path.relpath(folder, root)
        front = "" if base == "." else f"{PurePosixPath(Path(base))}/"
        rules = ignored.pop(front.rstrip("/"))
        rules = rules.below(root, front.rstrip("/")) if ignoring else rules
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not _is_venv(folder, name)
            and not rules.leaves_out(front + name, is_folder=True)
        )
        ignored |= {front + name: rules for name in folders}
        yield from (
            front + name for name in files if not rules.leaves_out(front + name, is_folder=False)
        )


def _is_venv(folder: str, name: str) -> bool:
    return Path(folder, name, "pyvenv.cfg").exists()


@dataclass(eq=False)
class _Reader:
    """Reads files one by one and keeps what the search is after."""

    root: Path
    words: Callable[[], Iterable[bytes]]
    listed: frozenset[str]
    index: Index
    python: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    notebooks: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    unseen: list[Unseen] = field(default_factory=list)
    folders: dict[str, bool] = field(default_factory=dict)
    imports: dict[str, tuple[bytes, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hits = Contents(self.root, self.known)

    @cached_property
    def prefilter(self) -> Prefilter:
        return Prefilter(self.words())

    def read(self, path: str) -> Seen | None:
        """What reading a plain file shows; None where `look` has more to say of it."""
        full = f"{self.root}/{path}"
        try:
            status = os.lstat(full)
            plain = stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST
            if plain and not self._linked(path):
                return Seen(self._read(path, status, _read(full)), self.imports[path])
        except OSError:
            pass
        return None

    def take(self, seen: Mapping[str, Seen]) -> None:
        """Count in what another process has read."""
        files = {path: one.known for path, one in seen.items()}
        self.index = replace(self.index, files={**self.index.files, **files})
        self.imports |= {path: one.imports for path, one in seen.items()}

    def importing(self) -> dict[bytes, list[str]]:
        """The files by the words of their import statements; nothing unless all were read just now."""
        importing: dict[bytes, list[str]] = {}
        for path in sorted({*self.python, *self.notebooks}):
            if path not in self.imports:
                return {}
            for word in self.imports[path]:
                importing.setdefault(word, []).append(path)
        return importing

    def look(self, path: str) -> None:
        full = f"{self.root}/{path}"
        try:
            status = os.lstat(full)
            if stat.S_ISLNK(status.st_mode) or self._linked(path):
                reason = self._link(Path(full))
                if reason is not None:
                    self.skip(path, reason, may_call=False)
                return
            if not stat.S_ISREG(status.st_mode):  # a folder, or a pipe that nobody writes to
                return
            if status.st_size > LARGEST and _suffix(path) in QUERIES:
                self.skip(path, f"{status.st_size / 1e6:.0f} MB: taken for data", may_call=False)
                return
            known = self.index.find(path, status)
            data = None if known else _read(full)
        except FileNotFoundError:  # in git's index, no longer on disk
            return
        except OSError as error:
            self.skip(path, f"cannot be read: {error.strerror}")
            return
        self._keep(path, known or self._read(path, status, data or b""), data)

    def _linked(self, path: str) -> bool:
        """Whether a folder on the way to the file is a link."""
        folder = path.rpartition("/")[0]
        if folder not in self.folders:
            self.folders[folder] = bool(folder) and link_on(self.root, folder) is not None
        return self.folders[folder]

    def _link(self, full: Path) -> str | None:
        """Why a link is not followed; None where its target is looked at by its own name."""
        target = Path(os.path.realpath(full))  # resolve() raises on a circle before Python 3.13
        if target.is_symlink():
            return "a link that leads to itself"
        root = self.root.resolve()
        if root not in target.parents:
            return "a link that leads out of the tree"
        inside = target.relative_to(root).as_posix()
        if target.is_file() and inside not in self.listed:
            return "a link to a file that is not looked at"
        return None

    def _read(self, path: str, status: os.stat_result, data: bytes) -> Known:
        wide = b"\0" in data
        text = decoded(data).lower().encode() if wide and _suffix(path) in QUERIES else data
        hit = self.prefilter.finds(text) or (wide and b"\0" in text)
        self.imports[path] = tuple(import_words(path, data)) if len(data) <= _largest(path) else ()
        return Known(stamp_of(status), digest(data), categorize(path, data) if hit else None)

    def _keep(self, path: str, known: Known, data: bytes | None) -> None:
        suffix = _suffix(path)
        kinds = ((PAGES, self.pages), (NOTEBOOKS, self.notebooks), (QUERIES, self.queries))
        next((paths for kind, paths in kinds if suffix in kind), self.python).append(path)
        self.known[path] = known
        if known.category is None:
            return
        if _CHECKPOINTS in path.split("/"):
            self.skip(path, "a copy that Jupyter keeps", may_call=False)
            return
        if known.stamp[0] > _largest(path):
            self.skip(path, f"{known.stamp[0] / 1e6:.0f} MB: taken for generated")
            return
        self.hits.add(path, data)
        self.categories[path] = known.category

    def skip(self, path: str, reason: str, *, may_call: bool = True) -> None:
        self.unseen.append(Unseen(path, reason, may_call))
