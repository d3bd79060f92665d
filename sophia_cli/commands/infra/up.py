"""`sophia infra up`: from nothing to servers that answer and are secured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.checks import show_checks
from sophia_cli.commands.infra.asked import Name, pairs, ports
from sophia_cli.commands.infra.steps import teller, took
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.checked import Check
    from sophia_cli.infra.plan import Plan
    from sophia_cli.infra.stack import Stack
    from sophia_cli.infra.up import Standing
    from sophia_cli.metrics.state import Told

_SILENT = "it does not answer"


class Profile(StrEnum):
    """Which servers."""

    QUALITY = "quality"
    METRICS = "metrics"


def up(
    root: Root = None,
    name: Name = "",
    profile: Annotated[
        list[Profile] | None,
        typer.Option(
            "--profile",
            help="Only these: quality (SonarQube), metrics (the others). Default: both, or those of before.",
        ),
    ] = None,
    port: Annotated[
        list[str] | None, typer.Option("--port", metavar="SERVER=PORT", help="Another port.")
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="SERVER=IMAGE", help="Another image, of a closed network."),
    ] = None,
    sonar_url: Annotated[
        str | None, typer.Option("--sonar-url", help="Use this SonarQube, start none.")
    ] = None,
    grafana_url: Annotated[
        str | None, typer.Option("--grafana-url", help="Use this Grafana, start none.")
    ] = None,
    prometheus_url: Annotated[
        str | None, typer.Option("--prometheus-url", help="Use this Prometheus, start none.")
    ] = None,
    detach: Annotated[
        list[str] | None,
        typer.Option(
            "--detach", metavar="SERVER", help="Use the one of such a URL no more, start one here."
        ),
    ] = None,
    no_search_checks: Annotated[
        bool,
        typer.Option(
            "--no-search-checks",
            help="SonarQube's search engine starts where the open-files limit is too low.",
        ),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch no image: those of a bundle are here.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would change, and change nothing.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=1, help="Seconds until the servers must answer."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Start the servers, wait until they answer, secure them, and tell them of this project.

    What runs already stays; a second time changes nothing. Ports listen on this machine alone.

    Example:  sophia infra up --profile quality
    """
    from sophia_cli.infra.plan import look_ahead
    from sophia_cli.infra.up import Asked, NotReady, bring_up

    output = Output(as_json=as_json, quiet=quiet)
    attached = {"sonarqube": sonar_url, "grafana": grafana_url, "prometheus": prometheus_url}
    asked = Asked(
        here(root),
        name,
        tuple(profile or ()),
        ports(port),
        pairs("--image", image),
        {key: url for key, url in attached.items() if url is not None},
        not no_search_checks,
        timeout or 0.0,
        offline,
        tuple(detach or ()),
    )
    checks: list[Check] = []
    try:
        if plan:
            _show_plan(output, look_ahead(asked, os.environ, checks.append), checks)
            return
        standing = bring_up(asked, os.environ, teller(output), checks.append)
    except NotReady as error:
        show_checks(output, checks)
        output.line()
        output.line("Nothing was started.")
        raise error
    written = _announce(output, standing, checks)
    output.envelope("infra up", {**_data(standing, checks), **_totals(standing.stack, written)})
    _show(output, standing, checks, written)


def _announce(output: Output, standing: Standing, checks: list[Check]) -> Told:
    """Tell processes of this project's ledger where to write its totals; gives where they do."""
    from sophia_cli.infra.attached import silent, takes_totals
    from sophia_cli.llm.errors import LLMError
    from sophia_cli.metrics.state import Told, announce, told, withdraw

    stack, before = standing.stack, standing.before
    url = stack.url("prometheus")
    try:
        if before and before.url("prometheus") not in ("", url):
            withdraw(os.environ, stack.root, before.url("prometheus"))
        if takes_totals(stack, checks):
            return announce(os.environ, stack.root, url)
        if not url:
            return told(os.environ, stack.root)
        if "prometheus" in silent(tuple(checks)):
            return replace(told(os.environ, stack.root), problem=_SILENT)
        withdraw(os.environ, stack.root, url)
        return replace(told(os.environ, stack.root), problem="it takes no remote writes")
    except (LLMError, OSError) as error:  # the servers are up all the same
        output.note(f"calls are not counted in Prometheus: {error}")
        return Told("", "")


def _show(output: Output, standing: Standing, checks: list[Check], written: Told) -> None:
    from sophia_cli.infra.servers import server

    stack = standing.stack
    _show_warnings(output, checks)
    for name in (*(one.name for one in stack.running if one.port), *stack.attached):
        made = name in ("sonarqube", "grafana") and name in stack.servers
        secret = f"   admin password: sophia infra secrets show {name}" if made else ""
        output.line(f"  {server(name).title:<13} {stack.url(name)}{secret}")
    if standing.changed:
        output.text(f"Made: {', '.join(standing.changed)}.")
    _show_left(output, standing.left)
    _show_totals(output, stack, written)
    output.line(f"Up in {took(standing.seconds)}. The stack is `{stack.name}`.")
    output.line(
        "Next:  sophia infra scan" if stack.url("sonarqube") else "Next:  sophia infra status"
    )


def _show_totals(output: Output, stack: Stack, written: Told) -> None:
    """Where LLM calls are counted, of a Prometheus that is not the stack's own, and why they are not."""
    url = stack.url("prometheus")
    if written.is_at(url) and written.problem:
        words = f"What LLM calls come to is not written to {url} now: {written.problem}"
        output.text(words, indent=2, hang=2)
        output.line("  Whether it is later:  sophia metrics status")
    elif "prometheus" not in stack.attached:
        return
    elif written.is_at(url):
        output.text(f"What LLM calls come to is written to {url} from now on.", indent=2)
        output.line("  Alerts for it:  sophia metrics alerts --rules --write FILE")
    elif written.place:
        output.text(f"What LLM calls come to is written to {written.place}, not there.", indent=2)
    elif written.problem == _SILENT:
        output.text("No LLM call is counted there. Once it answers:  sophia infra up", indent=2)
    elif not written.ledger:  # none is kept, or the settings are wrong, which was said
        output.text("No LLM call is counted there.", indent=2)
    else:
        output.text("No LLM call is counted there. Let it scrape:  sophia metrics serve", indent=2)


def _show_warnings(output: Output, checks: list[Check]) -> None:
    for one in checks:
        if one.state != "ok":
            output.text(f"{one.name}: {one.words}", indent=2)


def _show_left(output: Output, left: Sequence[str]) -> None:
    for words in left:
        output.text(words, indent=2, hang=2)


def _show_plan(output: Output, plan: Plan, checks: list[Check]) -> None:
    stack = plan.stack
    output.envelope(
        "infra up",
        {
            "stack": stack.name,
            "plan": True,
            "servers": dict(plan.servers),
            "attached": dict(stack.attached),
            "images": {one.name: stack.images[one.name] for one in stack.running},
            "changes": list(plan.changes),
            "left": list(plan.left),
            "checks": [asdict(one) for one in checks],
        },
    )
    _show_warnings(output, checks)
    for name, words in plan.servers.items():
        output.line(f"  {name:<13} {words}")
    for name in stack.attached:
        output.line(f"  {name:<13} {stack.url(name)}")
    for words in plan.changes:
        output.text(words, indent=2)
    _show_left(output, plan.left)
    output.line(
        "Nothing would change." if plan.is_empty else "Nothing was changed.  Next:  sophia infra up"
    )


def _totals(stack: Stack, written: Told) -> dict[str, object]:
    there = written.is_at(stack.url("prometheus"))
    return {
        "metrics_of": written.ledger if there else "",
        "metrics_problem": written.problem if there else "",
    }


def _data(standing: Standing, checks: list[Check]) -> dict[str, object]:
    stack = standing.stack
    return {
        "stack": stack.name,
        "urls": {
            name: stack.url(name) for name in (*stack.ports, *stack.attached) if stack.url(name)
        },
        "images": {one.name: stack.images[one.name] for one in stack.running},
        "changed": list(standing.changed),
        "left": list(standing.left),
        "seconds": round(standing.seconds, 1),
        "checks": [asdict(one) for one in checks],
    }
