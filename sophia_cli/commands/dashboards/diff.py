"""`sophia dashboards diff`: what was changed since a board was brought in, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.dashboards.asked import Api, TokenFile, Url, Words, grafana
from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.counted import counted
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.dashboards.bring import Standing
    from sophia_cli.dashboards.drift import Difference


def diff(
    words: Words = None,
    grafana_url: Url = "",
    token_file: TokenFile = None,
    api: Api = "api",
    source: Annotated[
        str, typer.Option("--source", help="The Prometheus data source of foreign boards.")
    ] = "",
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Say in what boards of files and of Grafana differ: which panel, which query, changed where; exits 1.

    Example:  sophia dashboards diff sophia-cost
    """
    from sophia_cli.dashboards import bring as work
    from sophia_cli.dashboards.drift import differences
    from sophia_cli.dashboards.load import load
    from sophia_cli.dashboards.sources import mapped

    output = Output(as_json=as_json)
    found: list[tuple[Standing, tuple[Difference, ...], str]] = []
    with grafana(here(root), grafana_url, token_file, name, api) as server:
        there = cache(server.sources)
        for loaded in load(words or (), here(root)):
            board, _ = mapped(loaded.board, there, source, {})
            stands = work.standing(server, board, "")
            base = server.version(loaded.uid, stands.base.number) if stands.base else None
            told = differences(board, stands.there, base) if stands.there else ()
            found.append((stands, told, loaded.word))
        url = server.url
    output.envelope(
        "dashboards diff",
        {
            "grafana": url,
            "boards": [
                {"uid": one.uid, "state": one.state, "differences": [asdict(each) for each in told]}
                for one, told, _ in found
            ],
        },
    )
    differing = [one for one in found if one[1] or one[0].state == work.NEW]
    for one, told, word in differing:
        _show(output, one, told, word)
    output.line(
        f"{counted(len(found), 'board')} at {url}: {len(found) - len(differing)} as in the file."
    )
    if differing:
        raise typer.Exit(1)


def _show(output: Output, found: Standing, told: tuple[Difference, ...], word: str) -> None:
    if not told:
        output.line(f"{found.uid}: not there")
        output.line(f"  bring it in:  sophia dashboards import {word}")
        output.line()
        return
    by = f" by {found.latest.by}" if found.latest and found.latest.by else ""
    output.line(f"{found.uid}: version {found.number}{by}")
    for one in told:
        output.text(f"{one.what}{f': {one.who}' if one.who else ''}", indent=2)
    output.text(_winner(found, word), indent=2)
    output.line()


def _winner(found: Standing, word: str) -> str:
    """Who wins at the next import, and how it goes otherwise."""
    if found.state == "provisioned":
        return (
            f"it comes from a file on the server, which wins:  {found.file or 'see its provider'}"
        )
    if found.state == "update":
        return f"nobody changed it in Grafana, the file wins:  sophia dashboards import {word}"
    force = f"sophia dashboards import {word} --force"
    if found.base is None:
        return f"no version that is kept is from here, Grafana's wins unless:  {force}"
    return f"import leaves it, Grafana's wins unless:  {force}"
