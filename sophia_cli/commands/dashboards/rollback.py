"""`sophia dashboards rollback`: a board as it was in one of its versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from sophia_cli.commands.dashboards.asked import Api, TokenFile, Url, grafana
from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.counted import counted
from sophia_cli.output import Output
from sophia_cli.surroundings import here

_SHOWN = 20


def rollback(
    uid: Annotated[str, typer.Argument(help="The board's uid.")],
    to: Annotated[
        int | None, typer.Option("--to", min=1, help="Its version (default: show which there are).")
    ] = None,
    grafana_url: Url = "",
    token_file: TokenFile = None,
    api: Api = "api",
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Make a board what it was in a version of its own; what it is now stays as a version too.

    Example:  sophia dashboards rollback sophia-cost --to 3
    """
    from sophia_cli.dashboards.rollback import go_back, versions_of

    output = Output(as_json=as_json)
    with grafana(here(root), grafana_url, token_file, name, api) as server:
        versions = versions_of(server, uid)
        if to is not None:
            made = go_back(server, uid, to, versions)
    data = {"uid": uid, "versions": [asdict(one) for one in versions]}
    if to is not None:
        output.envelope("dashboards rollback", {**data, "restored": to, "version": made})
        output.line(f"{uid} is what it was in version {to}; that is version {made} now.")
        output.line(f"Undo:  sophia dashboards rollback {uid} --to {versions[0].number}")
        return
    output.envelope("dashboards rollback", data)
    output.line(f"{uid}: {counted(len(versions), 'version')}, nothing was changed")
    rows = [
        (one.number, one.by or "-", one.at[:16].replace("T", " ") or "-", one.message)
        for one in versions
    ]
    output.table(("version", "by", "when", "saved with"), rows[:_SHOWN])
    if len(versions) > 1:
        output.line(f"Next:  sophia dashboards rollback {uid} --to {versions[1].number}")
