"""`sophia metrics alerts`: rules made of the targets and budgets in `sophia.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

_MARK = "# Made by `sophia metrics alerts"

if TYPE_CHECKING:
    from sophia_cli.metrics.alerts.targets import Targets


def alerts(
    root: Root = None,
    grafana: Annotated[
        bool, typer.Option("--grafana", help="As provisioning of Grafana's own alerting.")
    ] = False,
    tests: Annotated[
        bool, typer.Option("--tests", help="The tests of the rules, for promtool.")
    ] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="The rule file, for another Prometheus.")
    ] = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Into a file, not on stdout.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Have promtool judge rules and tests.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the alerts, or print them as files. `sophia infra up` loads them into its Prometheus.

    Example:  sophia metrics alerts --check
    """
    from sophia_cli.metrics.alerts.targets import load_targets

    if grafana + tests + rules > 1:
        words = "--grafana, --tests and --rules are a file each"
        raise UsageError(words, "sophia metrics alerts --rules")
    output = Output(as_json=as_json)
    targets = load_targets(os.environ, here(root))
    if check:
        _check(output, targets)
    elif text := _text(targets, grafana=grafana, tests=tests, rules=rules or bool(write)):
        _give(output, text, write)
    else:
        _list(output, targets)


def _check(output: Output, targets: Targets) -> None:
    from sophia_cli.metrics.alerts.prometheus import alerts_of
    from sophia_cli.metrics.alerts.prometheus import check as judge

    count, found = len(alerts_of(targets)), judge(targets)
    output.envelope("metrics alerts", {"alerts": count, "problem": found})
    output.line(found or f"{count} alerts: each fires in its test, and stays quiet in the other.")
    if found:
        raise typer.Exit(1)


def _text(targets: Targets, *, grafana: bool, tests: bool, rules: bool) -> str:
    from sophia_cli.metrics.alerts.grafana import provisioning_text
    from sophia_cli.metrics.alerts.prometheus import promtool_tests, rules_text

    if grafana:
        return provisioning_text(targets)
    if tests:
        return promtool_tests(targets)
    return rules_text(targets) if rules else ""


def _give(output: Output, text: str, write: Path | None) -> None:
    from sophia_cli.exports import write_over

    if write is None:
        output.envelope("metrics alerts", {"text": text})
        output.stream(text)
        return
    write_over(write, text, _MARK, "rules")
    output.envelope("metrics alerts", {"file": str(write)})
    output.line(f"Written: {write}")


def _list(output: Output, targets: Targets) -> None:
    from sophia_cli.metrics.alerts.prometheus import alerts_of, told_by

    found = alerts_of(targets)
    output.envelope(
        "metrics alerts",
        [
            {
                "name": one.name,
                "severity": one.severity,
                "for": one.wait,
                "expr": one.expr,
                **told_by(one, targets.grafana),
            }
            for one in found
        ],
    )
    output.line(f"{len(found)} alerts, of the targets and budgets in sophia.toml")
    output.line()
    rows = [(one.name, one.severity, one.wait, one.runbook) for one in found]
    output.table(("alert", "severity", "for", "then"), rows)
    output.line()
    output.line("Next:  sophia metrics alerts --check   or   sophia infra up")
