"""`sophia migrate check`: the ratchet, for CI and before a commit."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.migrate.asked import Asked, Exclude, Include, NoCache, Packs, looking
from sophia_cli.commands.migrate.check_screen import Ways, show_check
from sophia_cli.commands.options import Json, NoColor, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.migrate import git
from sophia_cli.migrate.baseline import NAME, Baseline, read_baseline, write_baseline
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.discover import Unseen
from sophia_cli.migrate.inventory import Inventory, take_inventory
from sophia_cli.migrate.ratchet import (
    Checked,
    compare,
    direct_sites,
    holds,
    tell,
    unread_sites,
)
from sophia_cli.migrate.site import Site
from sophia_cli.output import Output
from sophia_cli.settings import load_settings


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Only these files or folders (default: all).")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help=f"The counts (default: {NAME} beside sophia.toml)."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Write counts that went down; the first time, all.")
    ] = False,
    accept_new: Annotated[
        bool, typer.Option("--accept-new", help="With --update: counts that went up too.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    pack: Packs = None,
    no_cache: NoCache = False,
    root: Root = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> None:
    """Fail where a direct LLM call was added: the counts of the baseline only go down.

    Example: sophia migrate check --update, then sophia migrate check in CI
    """
    if accept_new and not update:
        raise UsageError(
            "--accept-new needs --update", "sophia migrate check --update --accept-new"
        )
    output = Output(as_json=as_json, quiet=quiet, color=not no_color)
    asked = Asked(root, include=include, exclude=exclude, pack=pack, no_cache=no_cache)
    options = asked.options()
    place = _Place.of(options.root, baseline)
    known = read_baseline(place.file)
    named = [_named(place.folder, file, known) for file in files or ()]
    with looking(output) as advance:
        below = frozenset(name.removeprefix(place.prefix) for name in named)
        inventory = take_inventory(replace(options, named=below), advance)
    checked = _compare(inventory, options.choice, known, place, named)
    counts = checked.raised if accept_new or (update and known.path is None) else checked.lowered
    if update and counts != known.counts:
        write_baseline(place.file, counts)
    failed = bool(checked.increases) and counts is not checked.raised
    if failed:
        checked = tell(checked, _added(options.root, place.file))
    written = counts if update else None
    show_check(output, checked, known, place.shown, written, _ways(asked, baseline), failed=failed)
    if failed:
        raise typer.Exit(1)


def _ways(asked: Asked, baseline: Path | None) -> Ways:
    named = ["--baseline", shlex.quote(str(baseline))] if baseline else []
    whole = asked.command("check", "--json", *named)
    return Ways(asked.command(), asked.command("check", "--update", *named), whole)


@dataclass(frozen=True)
class _Place:
    """Where the baseline is, the folder that its paths begin at, and the way from there to the root."""

    file: Path
    folder: Path
    prefix: str

    @property
    def shown(self) -> str:
        here = Path.cwd()
        return str(self.file.relative_to(here) if self.file.is_relative_to(here) else self.file)

    @classmethod
    def of(cls, root: Path, named: Path | None) -> _Place:
        root, beside = root.resolve(), load_settings(root).beside.resolve()
        folder = beside if root.is_relative_to(beside) else root
        way = root.relative_to(folder).as_posix()
        file = named.absolute() if named else folder / NAME
        return cls(file, folder, "" if way == "." else f"{way}/")


def _compare(
    inventory: Inventory, choice: Choice, known: Baseline, place: _Place, named: list[str]
) -> Checked:
    """Compare by paths as the baseline has them."""
    sites = (*inventory.sites, *unread_sites(inventory.unseen))
    direct = direct_sites(sites, holds(choice))
    unread = {place.prefix + item.path for item in inventory.unseen}

    def among(path: str) -> bool:
        inside = path.startswith(place.prefix)
        return inside and (not named or any(_in(path, name) for name in named))

    def touched(path: str) -> bool:
        return among(path) or any(_in(name, path) for name in named)

    checked = compare(
        {place.prefix + path: rules for path, rules in direct.items()},
        known,
        among=among,
        exists=lambda path: (place.folder / path).exists(),
        unread=unread.__contains__,
    )
    unseen = [item for item in inventory.unseen if touched(place.prefix + item.path)]
    unseen += _passed_over(inventory, place, named)
    return replace(checked, unseen=tuple(unseen))


def _passed_over(inventory: Inventory, place: _Place, named: list[str]) -> Iterator[Unseen]:
    """Files that were named and are none of those that are looked at."""
    told = {item.path for item in inventory.unseen}
    for name in named:
        path = name.removeprefix(place.prefix)
        below = name.startswith(place.prefix) and (place.folder / name).is_file()
        if below and path not in inventory.seen and not any(_in(path, item) for item in told):
            words = "it is ignored, excluded, or of a kind that is not looked at"
            yield Unseen(path, words, may_call=False)


def _added(root: Path, baseline: Path) -> Callable[[Site], bool]:
    """Whether a site stands on a line that is newer than the baseline, by git."""
    commit = cache(lambda: git.last_change(root, baseline))
    lines = cache(lambda path: git.added_lines(root, commit(), path))
    return lambda site: site.line in lines(site.path)


def _named(folder: Path, file: Path, known: Baseline) -> str:
    """A path that was typed, as the baseline would have it; "/" where it is not below the folder.

    Raises UsageError for one that is not there and that the baseline does not know either.
    """
    full = file.resolve()
    path = full.relative_to(folder).as_posix() if full.is_relative_to(folder) else "/"
    if not full.exists() and not any(_in(name, path) for name in known.counts):
        raise UsageError(f"{file} does not exist", "name files or folders that are there")
    return path


def _in(path: str, name: str) -> bool:
    return name == "." or path == name or path.startswith(f"{name}/")
