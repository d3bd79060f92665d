"""`sophia infra scan`: the working tree, judged by SonarQube."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.infra.scan import Condition, Verdict

_SHOWN = 20


def scan(
    wait: Annotated[bool, typer.Option("--wait", help="Exit 1 on a red gate.")] = False,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=1, help="Seconds for all of it.")
    ] = None,
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Analyse the working tree and show the quality gate and what is new.

    Example:  sophia infra scan --wait
    """
    from sophia_cli.infra.scan import scan as analyse
    from sophia_cli.infra.settings import load_settings
    from sophia_cli.infra.stack import find

    output = Output(as_json=as_json, quiet=quiet)
    stack = find(here(root), name, os.environ)
    output.note(f"Analysing {stack.root} (the first time fetches the analyser from the server)")
    verdict = analyse(stack, os.environ, timeout or load_settings(stack.root).scan_timeout)
    output.envelope("infra scan", asdict(verdict))
    _show(output, verdict)
    if wait and not verdict.passed:
        raise typer.Exit(1)


def _show(output: Output, verdict: Verdict) -> None:
    gate = "green" if verdict.passed else "red"
    output.line(f"The quality gate of `{verdict.project}` is {gate}.")
    for one in verdict.failed:
        output.line(f"  {_words(one)}")
    measures = verdict.measures
    output.text(
        f"{measures.get('ncloc', '0')} lines of code, {measures.get('violations', '0')} issues in all, "
        f"{len(verdict.new)} of them new; {measures.get('coverage', 'no')} % covered"
    )
    if verdict.new:
        output.line()
        rows = [(f"{one.path}:{one.line}", one.rule, one.words) for one in verdict.new[:_SHOWN]]
        output.table(("new", "rule", ""), rows)
        if len(verdict.new) > _SHOWN:
            output.line(f"  ... {len(verdict.new) - _SHOWN} more")
    output.line()
    output.line(f"Analysed in {verdict.seconds:.0f} s.  Next:  {verdict.url}")


def _words(one: Condition) -> str:
    than = "more than" if one.operator == "GT" else "less than"
    return f"{one.metric} is {one.found}, {than} {one.threshold}"
