"""What the commands of `sophia migrate` are asked, and how they look."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.errors import UsageError
from sophia_cli.migrate.batches import read_batch, shown
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Advance, Options
from sophia_cli.migrate.limits import TRIAL
from sophia_cli.migrate.shipped import shipped
from sophia_cli.output import Output
from sophia_cli.settings import load_settings

if TYPE_CHECKING:
    from sophia_cli.migrate.journal import Run
    from sophia_cli.migrate.pack import Pack
    from sophia_cli.migrate.report import Report
    from sophia_cli.migrate.trial import Trial


class Class(StrEnum):
    """Which sites --apply rewrites."""

    SAFE = "safe"
    REVIEW = "review"


Include = Annotated[
    list[str] | None, typer.Option("--include", help="Edit these tests or archives too (glob).")
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Never look at these (glob).")]
Packs = Annotated[
    list[Path] | None, typer.Option("--pack", help="How calls of your own service move (TOML).")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Keep to these (a rule, or a glob of files).")
]
Since = Annotated[
    str, typer.Option("--changed-since", metavar="REF", help="Keep to files changed since REF.")
]
Shims = Annotated[
    bool, typer.Option("--shim", help="Only let old modules pass their calls on to the service.")
]
Part = Annotated[
    str, typer.Option("--batch", help="Keep to one part (agents, ..., shared, @OWNER), or all.")
]
Verify = Annotated[
    str | None,
    typer.Option("--verify", metavar="COMMAND", help="Undo what makes this command fail."),
]
Timeout = Annotated[
    float, typer.Option("--verify-timeout", metavar="SECONDS", help="Its time, each time.")
]

NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Look at everything anew, and keep nothing of it.")
]


_SELECTING = ("--include", "--exclude", "--pack", "--only", "--changed-since", "--batch")
# What a command can be told of what it looks at; those that are not here take all of it.
_TAKEN = {
    "scan": ("--exclude", "--pack"),
    "cleanup": ("--exclude", "--pack"),
    "report": ("--include", "--exclude", "--pack"),
    "check": ("--include", "--exclude", "--pack"),
    "rollback": (),
    "resume": (),
    "status": (),
}


@dataclass(frozen=True)
class Asked:
    """What was typed."""

    root: Path | None
    apply: bool = False
    kind: Class = Class.SAFE
    include: list[str] | None = None
    exclude: list[str] | None = None
    pack: list[Path] | None = None
    allow_dirty: bool = False
    no_cache: bool = False
    only: list[str] | None = None
    changed_since: str = ""
    batch: str = ""
    verify: str | None = None
    timeout: float = TRIAL
    shim: bool = False

    def options(self) -> Options:
        """The same with what `sophia.toml` says. Raises SophiaError."""
        folder = folder_of(self.root)
        settings = load_settings(folder)
        choice = Choice(
            review=self.kind is Class.REVIEW,
            include=(*settings.include, *(self.include or ())),
            exclude=(*settings.exclude, *(self.exclude or ())),
            only=tuple(self.only or ()),
            batch=read_batch(self.batch) if self.batch else "",
            shim=self.shim,
        )
        packs = _read_packs((*settings.packs, *(self.pack or ())))
        if self.shim and not packs:
            names = ", ".join(shipped())
            raise UsageError(
                "--shim needs a rule pack, which says what the old services are",
                f"sophia migrate --shim --pack FILE, or by name: {names}",
            )
        return Options(
            folder,
            self.apply,
            choice,
            packs,
            self.allow_dirty,
            cache=not self.no_cache,
            changed_since=self.changed_since,
            asked={**self.kept(), "again": self.again(choice.batch)},
        )

    def kept(self) -> dict[str, Any]:
        """What the journal keeps of it, so that what goes on with a run need not be told again."""
        return {
            "include": self.include or [],
            "exclude": self.exclude or [],
            "pack": [str(path) for path in self.pack or ()],
            "only": self.only or [],
            "changed_since": self.changed_since,
            "shim": self.shim,
        }

    def trial(self) -> Trial | None:
        """The command that judges what is written. Raises UsageError."""
        if self.verify is None:
            return None
        if not self.apply:
            raise UsageError("--verify judges what --apply writes", "add --apply, or leave it out")
        from sophia_cli.migrate.trial import read_trial

        return read_trial(self.verify, self.timeout)

    def again(self, batch: str = "") -> str:
        """The command that writes what was asked for, or the same of another batch."""
        words = ["--apply"]
        words += ["--class", "review"] if self.kind is Class.REVIEW else []
        words += ["--allow-dirty"] if self.allow_dirty else []
        judged = [f"--verify {_quoted(self.verify)}"] if self.verify else []
        judged += [f"--verify-timeout {self.timeout:g}"] if self.timeout != TRIAL else []
        following = replace(self, batch=shown(batch) if batch else "")
        return " ".join([following.command(*words), *judged])

    def command(self, *words: str) -> str:
        """A command that looks at the same: with all that was typed and that it takes."""
        taken = _TAKEN.get(words[0] if words else "", _SELECTING)
        taken = () if words[-1:] and words[-1].startswith("run:") else taken
        given: tuple[tuple[str, Iterable[object]], ...] = (
            ("--root", (self.root,) if self.root else ()),
            ("--include", self.include or ()),
            ("--exclude", self.exclude or ()),
            ("--pack", self.pack or ()),
            ("--only", self.only or ()),
            ("--changed-since", (self.changed_since,) if self.changed_since else ()),
            ("--batch", (self.batch,) if self.batch else ()),
        )
        more = [
            f"{option} {_quoted(str(value))}"
            for option, values in given
            if option in ("--root", *taken)
            for value in values
        ]
        shim = ["--shim"] if self.shim and taken is _SELECTING else []
        return " ".join(["sophia migrate", *words, *shim, *more])


def asked_of(root: Path | None, run: Run | None) -> Asked:
    """What a run was asked when it was begun, as far as the journal says so."""
    kept = (run.asked if run is not None else None) or {}
    return Asked(
        root,
        include=kept.get("include"),
        exclude=kept.get("exclude"),
        pack=[Path(name) for name in kept.get("pack", ())],
        only=kept.get("only"),
        changed_since=kept.get("changed_since", ""),
        shim=kept.get("shim", False),
    )


def _read_packs(paths: tuple[Path, ...]) -> tuple[Pack, ...]:
    """Most projects have none, and need not wait for what reads them."""
    if not paths:
        return ()
    from sophia_cli.migrate.packfile import load_packs

    return load_packs(paths)


def _quoted(word: str) -> str:
    """As a shell takes it, in double quotes where those do."""
    if " " in word and not set(word) & set('"\\$`!'):
        return f'"{word}"'
    return shlex.quote(word)


def folder_of(root: Path | None) -> Path:
    """The folder to work on. Raises UsageError."""
    folder = (root or Path.cwd()).absolute()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "name one with --root")
    return folder


def look(options: Options, output: Output) -> Report:
    """Migrate, with a bar while it runs."""
    from sophia_cli.migrate.pipeline import migrate

    with looking(output) as advance:
        return migrate(options, advance)


def looking(output: Output) -> AbstractContextManager[Advance]:
    """A bar while files are looked at."""
    return output.progress("Looking at files")
