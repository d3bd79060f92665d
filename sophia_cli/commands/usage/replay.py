"""`sophia usage replay`: the recorded calls under other rules or prices. No call is made."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.commands.usage.run import FIRST, NOTHING, SINCE, Since, reading
from sophia_cli.errors import UsageError
from sophia_cli.output import Output, format_table
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.usage.replay import Replay, Sums
    from sophia_cli.usage.scenario import Scenario

Rules = Annotated[
    Path | None, typer.Option("--rules", help="A file like sophia.toml: its routes and rules.")
]
Prices = Annotated[
    Path | None, typer.Option("--prices", help="A file like sophia.toml: its [prices].")
]
_MOST = 8
_TASKS = 16


def replay(
    rules: Rules = None,
    prices: Prices = None,
    since: Since = SINCE,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """What the recorded calls would have cost under other rules or prices. Never calls.

    Example:  sophia usage replay --rules new.toml --since 7d
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.usage.books import books
    from sophia_cli.usage.scenario import rules_of, scenario
    from sophia_cli.usage.span import read_span

    if rules is None and prices is None:
        raise UsageError("there is nothing to replay under", "sophia usage replay --rules new.toml")
    output = Output(as_json=as_json)
    span = read_span(since, time.time())
    config = load_config(os.environ, here(root))
    other = rules_of(config, rules, prices, os.environ)
    found = None
    with books(config) as ledger:
        if ledger is not None:
            with reading(output, ledger, span, 2) as tell:
                found = scenario(ledger, span, other, tell)
    if found is None:
        output.envelope("usage replay", None)
        output.text(NOTHING.format(place=config.ledger))
        output.line(FIRST)
        return
    output.envelope("usage replay", found.data())
    _show(output, found)


def _show(output: Output, found: Scenario) -> None:
    from sophia_cli.counted import counted
    from sophia_cli.usage.words import in_bytes

    total = found.replay.total
    if not total.calls:
        output.line(f"No call in {found.replay.span}.")
        output.line("Next:  sophia usage replay --since 90d, with the same files")
        return
    output.text(f"{counted(total.calls, 'call')} of {found.replay.span}, under {found.name}")
    output.line()
    _show_tasks(output, found.replay)
    output.line()
    output.text(_difference(total), indent=2)
    if total.leaves:
        output.text(f"{in_bytes(total.leaves)} would have left the warehouse", indent=2)
    if total.stays:
        output.text(f"{in_bytes(total.stays)} would have gone to the warehouse instead", indent=2)
    if not total.leaves and not total.stays:
        output.line("  no bytes would have left the warehouse")
    _show_moves(output, found.replay)
    _show_budgets(output, found)
    _show_unknown(output, found)


def _difference(total: Sums) -> str:
    from sophia_cli.counted import counted
    from sophia_cli.llm.money import dollars

    if not total.both:
        return "of no call it is known what it cost and what it would have cost"
    difference = total.both_then_nano - total.both_was_nano
    word = f"{dollars(abs(difference))} {'less' if difference < 0 else 'more'}"
    has = "has" if total.both == 1 else "have"
    return (
        f"{dollars(total.both_was_nano)} as recorded, {dollars(total.both_then_nano)} then: "
        f"{word if difference else 'the same'}, over the {counted(total.both, 'call')} that {has} a "
        "cost both ways"
    )


def _show_tasks(output: Output, found: Replay) -> None:
    from sophia_cli.counted import counted

    header = ("task", "calls", "moved", "USD was", "USD then")
    tasks = list(found.tasks.items())[:_TASKS]
    heading, *lines = format_table(header, [_cells(name, sums) for name, sums in tasks])
    output.line(heading)
    for text, (_, sums) in zip(lines, tasks, strict=True):
        output.line(text)
        output.line(f"    {_times(sums, found)}")
    if len(found.tasks) > _TASKS:
        output.line(f"  ... {counted(len(found.tasks) - _TASKS, 'more task')}, with --json")


def _cells(name: str, sums: Sums) -> tuple[object, ...]:
    from sophia_cli.llm.money import dollars
    from sophia_cli.usage.words import cut, plain

    # What nobody knows is not zero.
    money = (
        dollars(nano) if priced else "-"
        for nano, priced in (
            (sums.was_nano, sums.was_priced),
            (sums.then_nano, sums.then_priced),
        )
    )
    return (cut(plain(name) or "(none)", 30), sums.calls, sums.moved, *money)


def _times(sums: Sums, found: Replay) -> str:
    from sophia_cli.usage.replay import speeds
    from sophia_cli.usage.words import in_bytes

    was, then = speeds(sums, found.samples)
    parts = [f"p50 {_pair(was.p50, then.p50)}", f"p95 {_pair(was.p95, then.p95)}"]
    if sums.leaves:
        parts.append(f"{in_bytes(sums.leaves)} would leave the warehouse")
    if sums.stays:
        parts.append(f"{in_bytes(sums.stays)} would go to the warehouse")
    return "   ".join(parts)


def _pair(was: float | None, then: float | None) -> str:
    from sophia_cli.usage.words import in_seconds

    if was == then:
        return in_seconds(then)
    return f"{in_seconds(was)} > {'unknown' if then is None else in_seconds(then)}"


def _show_moves(output: Output, found: Replay) -> None:
    from sophia_cli.counted import counted

    for (was, then), count in list(found.moves.items())[:_MOST]:
        start = "/".join(filter(None, was)) or "nobody"
        output.text(f"{counted(count, 'call')} from {start} to {'/'.join(then)}", indent=2)
    for why, count in list(found.refusals.items())[:_MOST]:
        output.text(f"{counted(count, 'call')} would be refused: {why}", indent=2)


def _show_budgets(output: Output, found: Scenario) -> None:
    for one in found.budgets:
        output.text(one.words, indent=2)


def _show_unknown(output: Output, found: Scenario) -> None:
    output.line()
    output.line("  not known")
    for words in found.unknown:
        output.text(words, indent=4)
