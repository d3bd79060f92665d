"""`sophia llm prices`: what tokens cost, who says so, and whether that is still true."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.llm.prices import Price
    from sophia_cli.prices import Finding, Priced

Words = Annotated[
    str, typer.Argument(help="Only models with this in their name, configured or not.")
]
Stale = Annotated[
    bool, typer.Option("--stale", help="Check for old, contradicted and ending; exit 1 for any.")
]
Days = Annotated[int, typer.Option("--days", min=0, help="Days after which a price is old.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Read OpenRouter's list first.")]


def prices(
    model: Words = "",
    stale: Stale = False,
    days: Days = 90,
    refresh: Refresh = False,
    as_json: Json = False,
    root: Root = None,
) -> None:
    """Show the prices in force, in USD per million tokens.

    Example:  sophia llm prices claude
    """
    from datetime import UTC, datetime

    from sophia_cli import prices as work
    from sophia_cli.llm.config import load_config

    output = Output(as_json=as_json)
    config = load_config(os.environ, here(root))
    today = datetime.now(UTC).date()
    data: dict[str, object] = {}
    if refresh:
        done = work.refresh(config, today)
        data["refreshed"] = asdict(done)
        output.line(
            f"{done.models:,} prices from {done.base_url}: "
            f"{done.changed:,} changed, {done.new:,} new, {done.gone:,} gone"
        )
    findings: list[Finding] = []
    if stale:
        findings = work.find_stale(config, model, days, today)
        data["findings"] = [asdict(finding) for finding in findings]
        _show_findings(output, findings)
    elif model or not refresh:
        rows = work.prices_in_force(config, model)
        data["prices"] = [asdict(row) for row in rows]
        _show_prices(output, rows, model)
    output.envelope("llm prices", data)
    if findings:
        raise typer.Exit(1)


def _show_findings(output: Output, findings: list[Finding]) -> None:
    if not findings:
        output.line("No price is old or contradicted, and no configured model ends soon.")
        return
    for finding in findings:
        output.line(f"  {finding.provider}/{finding.model}: {finding.what}")


def _show_prices(output: Output, rows: list[Priced], words: str) -> None:
    if not rows:
        said = f"No model has '{words}' in its name." if words else "No model is configured."
        output.line(f"{said} Such as:  sophia llm prices gpt-5")
        return
    groups: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        lines = groups.setdefault(_origin(row.price), [])
        lines.append((row.provider, row.model, *_cells(row.price)))
        for start, price in row.price.above if row.price else ():
            lines.append(("", f"  above {start:,} tokens", *_cells(price)))
    for origin in sorted(groups, key=lambda origin: (origin == _UNPRICED, origin)):
        output.line(origin)
        output.table(("provider", "model", "in", "out", "cached"), groups[origin])


_UNPRICED = 'unpriced: add [prices."provider/model"] to sophia.toml'


def _origin(price: Price | None) -> str:
    if price is None:
        return _UNPRICED
    return f"{price.source}, as of {price.as_of or 'no date'}"


def _cells(price: Price | None) -> tuple[str, str, str]:
    if price is None:
        return "-", "-", "-"
    cached = "-" if price.cached is None else f"${price.cached:g}"
    return f"${price.input:g}", f"${price.output:g}", cached
