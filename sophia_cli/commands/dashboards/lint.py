"""`sophia dashboards lint`: boards held against rules."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.counted import counted
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.dashboards.lint.finding import Finding

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH]...", help="Files, or folders of them (default: those that ship)."
    ),
]


def lint(paths: Paths = None, root: Root = None, as_json: Json = False) -> None:
    """Hold boards against rules: their model, words, units, variables and queries; exits 1 on findings.

    Example:  sophia dashboards lint grafana/
    """
    from sophia_cli.dashboards.catalogue import LABELS
    from sophia_cli.dashboards.files import named, read_json, shipped
    from sophia_cli.dashboards.lint.check import check, unused

    output = Output(as_json=as_json)
    given = named(paths or (), here(root))
    files = given or {path.name: path for path in named((shipped(),), here(root)).values()}
    boards = {name: read_json(path, name) for name, path in files.items()}
    found = {name: check(board, LABELS, shipped=not given) for name, board in boards.items()}
    if not given and (lost := unused(boards, LABELS)):
        found["all boards"] = lost
    _show(output, found, len(boards))
    output.envelope(
        "dashboards lint",
        {
            "boards": list(boards),
            "findings": [
                {"board": name, **asdict(finding)}
                for name, all_ in found.items()
                for finding in all_
            ],
        },
    )
    if any(found.values()):
        raise typer.Exit(1)


def _show(output: Output, found: dict[str, tuple[Finding, ...]], boards: int) -> None:
    count = sum(map(len, found.values()))
    if not count:
        output.line(f"{counted(boards, 'board')}: nothing found.")
        return
    output.line(f"{counted(boards, 'board')}, {counted(count, 'finding')}")
    for name, findings in found.items():
        if findings:
            output.line()
            output.line(name)
        width = max((len(finding.rule) for finding in findings), default=0)
        for finding in findings:
            where = f"{finding.where}: " if finding.where else ""
            words = f"{finding.rule:<{width}}  {where}{finding.words}"
            output.text(words, indent=2, hang=width + 2)
