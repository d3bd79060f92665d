"""`sophia usage advise`: orders of routes that the ledger speaks for, with what they cost elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.options import Json, Root
from sophia_cli.commands.usage.run import FIRST, NOTHING, SINCE, Since, reading
from sophia_cli.errors import SophiaError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.usage.advice import Advice, Advised


def advise(
    since: Since = SINCE,
    patch: Annotated[
        int, typer.Option("--patch", min=0, help="Print only the patch of this number.")
    ] = 0,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Propose changes of routes, with evidence and the patch. Changes nothing.

    Example:  sophia usage advise --patch 1 | git apply
    """
    from sophia_cli.llm.config import load_config
    from sophia_cli.usage.advice import advise as look
    from sophia_cli.usage.books import books
    from sophia_cli.usage.span import read_span

    output = Output(as_json=as_json)
    span = read_span(since, time.time())
    config = load_config(os.environ, here(root))
    found = None
    with books(config) as ledger:
        if ledger is not None:
            with reading(output, ledger, span, 2) as tell:
                found = look(ledger, config, span, tell)
    if found is None:
        if patch:
            raise SophiaError(f"there is no ledger at {config.ledger}", 'sophia llm ask "hello"')
        output.envelope("usage advise", None)
        output.text(NOTHING.format(place=config.ledger))
        output.line(FIRST)
        return
    if patch and not as_json:
        sys.stdout.buffer.write(_patch(found, patch).encode())
        return
    output.envelope("usage advise", found.data())
    _show(output, found)


def _patch(found: Advised, number: int) -> str:
    if number > len(found.advice):
        raise SophiaError(
            f"there is no proposal {number}: there are {len(found.advice)}", "sophia usage advise"
        )
    text = found.advice[number - 1].patch
    if not text:
        raise SophiaError(
            "sophia.toml says its routes in a way that is not edited by machine",
            "edit it by hand:  sophia usage advise shows the chain",
        )
    return text


def _show(output: Output, found: Advised) -> None:
    from sophia_cli.counted import counted

    if not found.calls:
        output.line(f"No call in {found.span}.")
        output.line("Next:  sophia usage advise --since 90d")
        return
    output.text(f"Calls of {found.span}, replayed under the rules of now and of each proposal.")
    for number, one in enumerate(found.advice, 1):
        output.line()
        _show_one(output, number, one)
    if not found.advice:
        output.line("No change of a route is clearly worth it.")
    if found.simulated:
        count = counted(found.simulated, "simulated call")
        output.text(f"{count} of {found.calls:,}: nothing is known of a provider by these.")
    if found.silent:
        output.line()
        for task, why in found.silent.items():
            output.text(f"nothing for {task}: {why}", indent=2)
    if found.advice:
        output.line()
        output.line("  Not known: whether another model answers as well. Try before you trust.")
        output.line("Apply one:  sophia usage advise --patch 1 | git apply")


def _show_one(output: Output, number: int, one: Advice) -> None:
    from sophia_cli.counted import counted
    from sophia_cli.llm.money import dollars
    from sophia_cli.usage.words import in_bytes, in_seconds

    first = "/".join(one.chain[0])
    output.text(f"{number}. {one.task}: ask {first} first ({one.kind})", hang=3)
    money = f"{dollars(abs(one.saves))} {'less' if one.saves >= 0 else 'more'}"
    output.text(
        f"USD   {dollars(one.now.then_nano)} now, {dollars(one.then.then_nano)} then: {money}, "
        f"{one.then.moved:,} of {counted(one.then.calls, 'call')} move",
        indent=3,
        hang=6,
    )
    now, then = one.now_speed, one.then_speed
    output.text(
        f"time  p50 {in_seconds(now.p50)} > {in_seconds(then.p50)}, "
        f"p95 {in_seconds(now.p95)} > {in_seconds(then.p95)} (n {then.n:,})",
        indent=3,
        hang=6,
    )
    leaves = f"{in_bytes(one.leaves)} would leave the warehouse" if one.leaves > 0 else "none leave"
    if one.leaves < 0:
        leaves = f"{in_bytes(-one.leaves)} less leave the warehouse"
    held = f"; {counted(one.held, 'call')} with a data class stay within it" if one.held else ""
    output.text(f"bytes {leaves}{held}", indent=3, hang=6)
    for line in (one.patch or "edit by hand: the file's routes are not plain").splitlines():
        output.line(f"   {line}")
