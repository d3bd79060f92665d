"""`sophia dashboards import`: boards into a Grafana."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.dashboards.asked import Api, TokenFile, Url, Words, grafana
from sophia_cli.commands.infra.asked import Name, pairs
from sophia_cli.commands.options import Json, Root
from sophia_cli.counted import counted
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.dashboards.bring import Standing


def bring(
    words: Words = None,
    grafana_url: Url = "",
    token_file: TokenFile = None,
    api: Api = "api",
    folder: Annotated[
        str, typer.Option("--folder", help="Its folder's uid (default: where it is, else sophia).")
    ] = "",
    source: Annotated[
        str, typer.Option("--source", help="The Prometheus data source of foreign boards.")
    ] = "",
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=VALUE", help="A value that a board asks for."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="The file wins over what was changed in Grafana.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, say what would.")
    ] = False,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Bring boards into Grafana; twice is once. What was changed there by hand is left, and exits 1.

    Example:  sophia dashboards import boards/ --folder team
    """
    from sophia_cli.dashboards import bring as work
    from sophia_cli.dashboards.load import load
    from sophia_cli.dashboards.sources import mapped

    output = Output(as_json=as_json)
    values = pairs("--input", inputs)
    loaded = load(words or (), here(root))
    done: list[tuple[Standing, tuple[str, ...]]] = []
    with grafana(here(root), grafana_url, token_file, name, api) as server:
        there = cache(server.sources)
        for one in loaded:
            board, said = mapped(one.board, there, source, values)
            found = work.standing(server, board, folder)
            changes = found.state in (work.NEW, work.UPDATE) or force and found.state == work.THEIRS
            if changes and not dry_run:
                work.bring(server, found)
            done.append((found, (*one.said, *said)))
            _line(output, found, (*one.said, *said), force=force, dry_run=dry_run)
        url = server.url
    left = [found for found, _ in done if _is_left(found, force)]
    output.envelope(
        "dashboards import", {"grafana": url, "boards": [_data(*one, force) for one in done]}
    )
    _summary(output, [found for found, _ in done], left, url, dry_run=dry_run)
    if left:
        raise typer.Exit(1)


def _is_left(found: Standing, force: bool) -> bool:
    return found.state == "provisioned" or found.state == "changed there" and not force


def _line(
    output: Output, found: Standing, said: Sequence[str], *, force: bool, dry_run: bool
) -> None:
    from sophia_cli.dashboards.bring import way_out, why_left

    told = {
        "new": f"new, in {f'folder {found.folder}' if found.folder else 'no folder'}",
        "as it was": "as it was",
        "update": f"brought up to date, over version {found.number}",
        "changed there": f"the file's again, over version {found.number}",
    }
    words = why_left(found) if _is_left(found, force) else told[found.state]
    would = "would be " if dry_run and found.state in ("new", "update") else ""
    output.text(f"{found.uid}: {would}{words}", indent=2, hang=4)
    for text in said:
        output.text(text, indent=4)
    if not _is_left(found, force):
        return
    if found.state == "changed there":
        output.text(f"what:  sophia dashboards diff {found.uid}", indent=4)
        output.text(f"keep it:  sophia dashboards export {found.uid} --to FOLDER", indent=4)
        output.text("the file's instead:  --force", indent=4)
    else:
        output.text(way_out(found), indent=4)


def _data(found: Standing, said: Sequence[str], force: bool) -> dict[str, object]:
    return {
        "uid": found.uid,
        "state": found.state,
        "folder": found.folder,
        "version": found.number,
        "left": _is_left(found, force),
        "changed": list(said),
    }


def _summary(
    output: Output, found: list[Standing], left: list[Standing], url: str, *, dry_run: bool
) -> None:
    counts = Counter(one.state for one in found)
    parts = [
        f"{counts[state]} {state}" for state in ("new", "update", "as it was") if counts[state]
    ]
    forced = counts["changed there"] + counts["provisioned"] - len(left)
    parts += [f"{forced} put back"] * bool(forced) + [f"{len(left)} left"] * bool(left)
    output.line()
    nothing = " Nothing was changed." if dry_run else ""
    output.text(f"{counted(len(found), 'board')} at {url}: {', '.join(parts)}.{nothing}")
    if not left:
        output.line(f"Next:  {url}/d/{found[0].uid}" if not dry_run else "Next:  without --dry-run")
