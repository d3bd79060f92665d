"""`sophia dashboards export`: boards of a Grafana as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.dashboards.asked import Api, TokenFile, Url, grafana
from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.counted import counted
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def export(
    uids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[UID]...", help="Boards (default: all with the tag)."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Where they go.")
    ] = None,
    tag: Annotated[str, typer.Option("--tag", help="Only boards with that tag.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="List them, write nothing.")] = False,
    grafana_url: Url = "",
    token_file: TokenFile = None,
    api: Api = "api",
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Write boards as files, one each by its uid, without the numbers that a server gives itself.

    Example:  sophia dashboards export --tag team --to boards/
    """
    from sophia_cli.dashboards.export import fetch, write

    if to is None and not listed:
        raise UsageError("export needs --to FOLDER", "sophia dashboards export --list")
    output = Output(as_json=as_json)
    with grafana(here(root), grafana_url, token_file, name, api) as server:
        known = server.boards(tag)
        if listed or to is None:
            output.envelope("dashboards export", {"boards": [asdict(one) for one in known]})
            rows = [(one.uid, one.folder or "-", one.title) for one in known]
            output.line(f"{counted(len(known), 'board')} at {server.url}")
            output.table(("uid", "folder", "title"), rows)
            return
        wanted = uids or [one.uid for one in known]
        boards = {uid: fetch(server, uid) for uid in wanted}
    written = write(boards, here(root) / to)
    output.envelope(
        "dashboards export", {"folder": str(to), "boards": list(boards), "written": list(written)}
    )
    for uid in boards:
        output.line(f"  {to / uid}.json{'' if uid in written else '   as it was'}")
    output.line(f"{counted(len(boards), 'board')}, {len(written)} written.")
    output.line(f"Next:  sophia dashboards lint {to}")
