"""What the commands of `sophia migrate` are asked, and how they look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.errors import UsageError
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import Options, migrate
from sophia_cli.migrate.report import Report
from sophia_cli.output import Output
from sophia_cli.settings import load_settings


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

NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Look at everything anew, and keep nothing of it.")
]


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

    def options(self) -> Options:
        """The same with what `sophia.toml` says. Raises SophiaError."""
        folder = folder_of(self.root)
        settings = load_settings(folder)
        choice = Choice(
            review=self.kind is Class.REVIEW,
            include=(*settings.include, *(self.include or ())),
            exclude=(*settings.exclude, *(self.exclude or ())),
        )
        packs = load_packs((*settings.packs, *(self.pack or ())))
        return Options(folder, self.apply, choice, packs, self.allow_dirty, cache=not self.no_cache)


def folder_of(root: Path | None) -> Path:
    """The folder to work on. Raises UsageError."""
    folder = (root or Path.cwd()).absolute()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "name one with --root")
    return folder


def look(options: Options, output: Output) -> Report:
    """Migrate, with a bar while it runs."""
    with output.progress("Looking at files") as advance:
        return migrate(options, advance)
