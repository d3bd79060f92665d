"""What git says is about to become part of the project: each file, and what it was before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.process import Program, run, together

_DIFF = ("--raw", "-z", "--no-abbrev", "--find-renames", "--find-copies", "--no-relative")
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_FILE_MODES = ("100644", "100755")
# What tools read besides the file: two versions of a file are judged alike only while these stay.
CONFIGS = (
    "*.toml", "*.cfg", "*.ini", ".bandit", "*bandit.y*ml", "*eslint*", "*tsconfig*.json",
    "package.json", "*lock.json", "*lock.yaml", "yarn.lock",
    ".editorconfig",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A file to judge: `blob` is its content ("" that of the working tree).

    `olds` are the contents that it had, one for each parent of the commit; None where it was not
    there. Under a name that it had before, and as what it was copied from, it counts as the same.
    """

    path: str
    blob: str = ""
    olds: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Changes:
    """The files to judge of the repository at `root`; `kept` is a folder of git's for our own files.

    `parents` says how many versions each file is compared with: with none, all that is found is new.
    `dirty` are tracked files whose working tree version is another than the one that is judged, with
    the content of that one ("" for none); `configs` is how git lists all configurations.
    """

    root: Path
    kept: Path
    files: tuple[Change, ...]
    parents: int
    dirty: Mapping[str, str]
    configs: bytes


def staged(where: Path) -> Changes:
    """What a commit would take from the index, also in the middle of a merge. Raises SophiaError."""
    top = _Top.of(where)
    parents = top.parents()
    questions = [
        *(("diff", "--cached", *_DIFF, parent) for parent in parents or [_EMPTY_TREE]),
        ("diff", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules"),
        ("ls-files", "-s", "-z", "--", *CONFIGS),
    ]
    *diffs, dirty, configs = top.ask(questions)
    files = tuple(_common([dict(_entries(diff)) for diff in diffs], bool(parents)))
    names = _split(dirty)
    blobs = dict(_index(top.ask([("ls-files", "-s", "-z", "--", *names)])[0])) if names else {}
    return Changes(
        top.root,
        top.kept,
        files,
        len(parents),
        {name: blobs.get(name, "") for name in names},
        configs,
    )


def working(where: Path, since: str = "") -> Changes:
    """What the working tree has that the last commit, or where the branch left `since`, has not.

    Files that git does not know yet count, unless they are ignored. Raises SophiaError.
    """
    top = _Top.of(where)
    parents = [top.base(since)] if since else top.parents()[:1]
    base = parents[0] if parents else _EMPTY_TREE
    diff, others, configs = top.ask(
        [
            ("diff", *_DIFF, base),
            ("ls-files", "--others", "--exclude-standard", "-z"),
            ("ls-files", "-s", "-z", "--", *CONFIGS),
        ]
    )
    files = [*_common([dict(_entries(diff))], bool(parents))]
    known = {change.path for change in files}
    nothing = (None,) * len(parents)
    fresh = [path for path in _split(others) if path not in known and _is_file(top.root / path)]
    files += [Change(path, "", nothing) for path in fresh]
    return Changes(top.root, top.kept, tuple(files), len(parents), {}, configs)


def between(where: Path, old: str, new: str) -> Changes:
    """What commit `new` has that it had not where it left `old`. Raises SophiaError."""
    top = _Top.of(where)
    base, tip = top.base(old, new), top.commit(new)
    diff, dirty, configs = top.ask(
        [
            ("diff-tree", "-r", *_DIFF, base, tip),
            ("diff", "--name-only", "-z", "--no-ext-diff", "--ignore-submodules", tip),
            ("ls-files", "-s", "-z", "--", *CONFIGS),
        ]
    )
    names = _split(dirty)
    blobs = dict(_tree(top.ask([("ls-tree", "-r", "-z", tip)])[0])) if names else {}
    wanted = {name: blobs.get(name, "") for name in names}
    return Changes(
        top.root, top.kept, tuple(_common([dict(_entries(diff))], True)), 1, wanted, configs
    )


def everything(where: Path) -> Changes:
    """Every file of the working tree that git knows or does not ignore, compared with none."""
    top = _Top.of(where)
    listed, configs = top.ask(
        [
            ("ls-files", "--cached", "--others", "--exclude-standard", "-z"),
            ("ls-files", "-s", "-z", "--", *CONFIGS),
        ]
    )
    paths = sorted(path for path in {*_split(listed)} if _is_file(top.root / path))
    return Changes(top.root, top.kept, tuple(map(Change, paths)), 0, {}, configs)


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def contents(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """What git holds under these names. Raises SophiaError."""
    wanted = sorted({*blobs})
    if not wanted:
        return {}
    given = "".join(f"{blob}\n" for blob in wanted).encode()
    said = _answers([Program(("git", "cat-file", "--batch"), root, None, given)])[0]
    found, at = {}, 0
    for blob in wanted:
        end = said.index(b"\n", at)
        size = said[at:end].rpartition(b" ")[2]
        if not size.isdigit():
            raise SophiaError(f"git has no content {blob}", "fetch it: the clone is not whole")
        found[blob] = said[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return found


@dataclass(frozen=True)
class _Top:
    """The top of a work tree, and what git keeps of it."""

    root: Path
    own: Path
    kept: Path
    head: str

    @classmethod
    def of(cls, where: Path) -> _Top:
        words = ("rev-parse", "--show-toplevel", "--git-dir", "--git-common-dir", "HEAD")
        done = run(["git", *words], cwd=where)
        lines = done.stdout.splitlines()
        if len(lines) < 4:
            said = done.stderr.strip().partition("\n")[0].removeprefix("fatal: ")
            raise SophiaError(
                f"git has no work tree here: {said}", "run it inside a repository, or:  git init"
            )
        root, own, common, head = lines[:4]
        return cls(
            Path(root), where / own, where / common / "sophia", "" if head == "HEAD" else head
        )

    def parents(self) -> list[str]:
        """The commits that the next one will follow: none at first, more than one in a merge."""
        if not self.head:
            return []
        try:
            merged = (self.own / "MERGE_HEAD").read_text().split()
        except OSError:
            merged = []
        return [self.head, *merged]

    def ask(self, questions: Sequence[Sequence[str]]) -> list[bytes]:
        programs = [Program(("git", *words), self.root) for words in questions]
        return _answers(programs)

    def commit(self, name: str) -> str:
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        done = run(["git", *words], cwd=self.root)
        if done.code:
            mend = "name a branch, tag or commit; fetch it where the clone is shallow"
            raise SophiaError(f"git knows no commit {name}", mend)
        return done.stdout.strip()

    def base(self, old: str, new: str = "HEAD") -> str:
        """Where `new` left `old`; `old` itself where they have nothing in common."""
        commit = self.commit(old)
        done = run(["git", "merge-base", commit, self.commit(new)], cwd=self.root)
        return done.stdout.strip() or commit


def _answers(programs: Sequence[Program]) -> list[bytes]:
    with together(programs) as running:
        answers = list(running)
    for answer in answers:
        if answer.code:
            said = answer.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise SophiaError(f"git failed: {said}", "git status")
    return [answer.stdout for answer in answers]


_Entry = tuple[str, str | None]  # the new content, and the old one where there was a file


def _entries(raw: bytes) -> Iterator[tuple[str, _Entry]]:
    """The files of a raw diff that there are afterwards, by their new names."""
    fields = iter(_split(raw))
    for head in fields:
        old_mode, mode, old, new, status = head.removeprefix(":").split(" ")
        path = next(fields)
        if status[:1] in "RC":
            path = next(fields)
        if status != "D" and mode in _FILE_MODES:
            yield path, (new.strip("0") and new, old if old_mode in _FILE_MODES else None)


def _common(diffs: Sequence[Mapping[str, _Entry]], has_parents: bool) -> Iterator[Change]:
    """The files that differ from every parent: as one of them has it, nothing is new."""
    for path in sorted(diffs[0]):
        entries = [diff[path] for diff in diffs if path in diff]
        if len(entries) == len(diffs) and entries[0][0] not in [old for _, old in entries]:
            olds = tuple(old for _, old in entries) if has_parents else ()
            yield Change(path, entries[0][0], olds)


def _index(raw: bytes) -> Iterator[tuple[str, str]]:
    for line in _split(raw):
        head, _, path = line.partition("\t")
        yield path, head.split(" ")[1]


def _tree(raw: bytes) -> Iterator[tuple[str, str]]:
    for line in _split(raw):
        head, _, path = line.partition("\t")
        yield path, head.split(" ")[2]


def _split(raw: bytes) -> list[str]:
    return [os.fsdecode(part) for part in raw.split(b"\0") if part]
