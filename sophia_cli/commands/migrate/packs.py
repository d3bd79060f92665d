"""`sophia migrate packs` and `sophia migrate test`: rule packs, and whether they do what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.migrate.asked import folder_of
from sophia_cli.commands.options import Json, NoColor, Root
from sophia_cli.errors import UsageError
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.packtest import run_fixtures
from sophia_cli.migrate.shipped import locate, shipped
from sophia_cli.output import Output
from sophia_cli.settings import load_settings

Named = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PACK]...", help="A pack's name or file; else those of sophia.toml."),
]


def packs(root: Root = None, as_json: Json = False, no_color: NoColor = False) -> None:
    """List the rule packs there are. Example: sophia migrate packs"""
    output = Output(as_json=as_json, color=not no_color)
    chosen = [locate(path).resolve() for path in load_settings(folder_of(root)).packs]
    paths = list(dict.fromkeys([*(path.resolve() for path in shipped().values()), *chosen]))
    rows = [
        {
            "name": pack.name,
            "used": path in chosen,
            "description": pack.description,
            "path": str(path),
        }
        for path in paths
        for pack in load_packs([path])
    ]
    output.table(
        ("pack", "used", "for"),
        [(row["name"], "yes" if row["used"] else "no", row["description"]) for row in rows],
    )
    output.line('\nUse one:  [migrate] packs = ["NAME"] in sophia.toml, or  --pack NAME')
    output.envelope("migrate packs", rows)


def test(
    pack: Named = None, root: Root = None, as_json: Json = False, no_color: NoColor = False
) -> None:
    """Run the fixtures of rule packs. Example: sophia migrate test llm-pack.toml"""
    output = Output(as_json=as_json, color=not no_color)
    chosen = [Path(name) for name in pack or ()] or list(load_settings(folder_of(root)).packs)
    if not chosen:
        raise UsageError("no pack is named", f"sophia migrate test {next(iter(shipped()))}")
    failed, data = 0, []
    for path in chosen:
        for outcome in run_fixtures(path):
            failed += bool(outcome.differences)
            word = "differs" if outcome.differences else "as expected"
            output.line(f"  {path.stem}/{outcome.case}  {word}")
            for line in outcome.differences:
                output.line(f"    {line.rstrip()}")
            diff = "".join(outcome.differences)
            data.append({"pack": path.stem, "case": outcome.case, "diff": diff})
    output.line(f"{len(data) - failed} of {len(data)} cases as expected")
    output.envelope("migrate test", data)
    if failed:
        raise typer.Exit(1)
