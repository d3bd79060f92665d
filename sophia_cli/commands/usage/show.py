"""`sophia usage show`: one call, who was asked, and why in that order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import SophiaError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.usage.onecall import OneCall


def show(
    call: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    root: Root = None,
    as_json: Json = False,
) -> None:
    """One call: its attempts, and every candidate with the reason.

    Example:  sophia usage show 6nr2k0h5w7c3x9qa
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.usage.books import books
    from sophia_cli.usage.onecall import find_call

    output = Output(as_json=as_json)
    config = load_config(os.environ, here(root))
    with books(config) as ledger:
        if ledger is None:
            raise SophiaError(
                f"there is no ledger at {config.ledger}", 'sophia llm ask "hello" makes one'
            )
        found = find_call(ledger, call)
    output.envelope("usage show", found.data())
    _show(output, found)


def _show(output: Output, found: OneCall) -> None:
    row = found.row
    output.text(f"call {row['id']}  {_end(found)}")
    for words in (_who(found), _tokens(row), _cost(row), _bytes(row)):
        output.text(words, indent=2)
    _show_attempts(output, found)
    _show_route(output, found)


def _end(found: OneCall) -> str:
    from sophia_cli.usage.words import in_seconds, plain

    row = found.row
    took = f" in {in_seconds(row['latency_us'] / 1e6)}" if row["latency_us"] is not None else ""
    what = {"ok": "answered", "cached": "answered from the cache", "open": "under way"}.get(
        row["outcome"], row["outcome"]
    )
    if row["outcome"] == "ok":
        what += f" by {plain(row['provider'])}/{plain(row['model'])}"
    if row["error_kind"]:
        what += f": {row['error_kind'].replace('_', ' ')}"
    simulated = ", simulated" if row["simulated"] else ""
    return f"{what}{took}{simulated}; {found.when}"


def _who(found: OneCall) -> str:
    from sophia_cli.usage.words import plain

    row = found.row
    labels = [
        f"{name.replace('_', ' ')} {plain(str(row[name]))}"
        for name in ("operation", "door", "task", "data_class", "service", "team", "user")
        if row[name]
    ]
    if row["session"]:
        labels.append(f"session {plain(row['session'])}")
    if row["requested_model"]:
        labels.append(f"asked for {plain(row['requested_model'])}")
    return ", ".join([*labels, *(["streamed"] if row["stream"] else [])])


def _tokens(row: dict[str, Any]) -> str:
    if row["tokens_in"] is None:
        return "tokens: nobody said"
    out = "?" if row["tokens_out"] is None else f"{row['tokens_out']:,}"
    parts = [f"{row['tokens_in']:,} in", f"{out} out"]
    for name, words in (
        ("tokens_cached", "read from the provider's cache"),
        ("tokens_written", "written into it"),
        ("tokens_reasoning", "of reasoning"),
    ):
        if row[name]:
            parts.append(f"{row[name]:,} {words}")
    return f"tokens: {', '.join(parts)}"


def _cost(row: dict[str, Any]) -> str:
    from sophia_cli.llm.money import dollars
    from sophia_cli.usage.words import plain

    if row["cost_nano"] is None:
        return "cost: unpriced"
    source = f" ({plain(row['cost_source'])})" if row["cost_source"] else ""
    saved = f", saved {dollars(row['saved_nano'])}" if row["saved_nano"] else ""
    return f"cost: {dollars(row['cost_nano'])}{source}{saved}"


def _bytes(row: dict[str, Any]) -> str:
    from sophia_cli.usage.words import in_bytes

    kept = "kept in the warehouse" if row["kept_local"] else ""
    moved = f"{in_bytes(row['bytes_sent'])} sent, {in_bytes(row['bytes_received'])} received"
    return ", ".join(filter(None, (moved, kept)))


def _show_attempts(output: Output, found: OneCall) -> None:
    from sophia_cli.usage.words import cut, in_seconds, plain

    output.line()
    if not found.attempts:
        output.line("  nothing was sent")
    rows = [
        (
            one.number,
            plain(f"{one.provider}/{one.model}"),
            one.outcome,
            one.error_kind.replace("_", " ") or "",
            f"HTTP {one.status}" if one.status else "",
            in_seconds(one.latency_us / 1e6),
        )
        for one in found.attempts
    ]
    if rows:
        output.table(("", "attempt", "", "", "", "took"), rows)
    if found.row["error"]:
        output.text(f'"{cut(plain(found.row["error"]), 400)}"', indent=2)


def _show_route(output: Output, found: OneCall) -> None:
    from sophia_cli.commands.llm.candidates import show_candidates

    output.line()
    if found.route is None:
        output.line("  why it went there was not recorded")
        return
    show_candidates(output, found.route)
    output.text(f"task {found.route.task}", indent=2)
    size = found.route.estimate
    output.text(
        f"estimated before it was sent: about {size.tokens_in:,} tokens in, "
        f"at most {size.worst_in:,} in and {size.worst_out:,} out",
        indent=2,
    )
