"""`sophia llm budgets`: what is spent, held and left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output, format_table
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.budgets import Account

BAR = 20  # characters
_LONGEST = 29  # characters of a name, so that the figures beside it fit
_NONE = """\
No budget is set. Write one into sophia.toml:

  [budgets.all]
  limit = 50.0      # USD
  per = "month"
"""
_MEANINGS = {
    "held": "held: put aside for calls under way, settled when they end.",
    "unknown": "unknown: held for calls whose cost nobody can say any more; counted as spent.",
}


def budgets(root: Root = None, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show what is left of every budget today or this month.

    Example:  sophia llm budgets
    """
    from sophia_cli.budgets import read_accounts

    output = Output(as_json=as_json, quiet=quiet)
    accounts = read_accounts(os.environ, here(root))
    output.envelope("llm budgets", [account.data() for account in accounts])
    if accounts:
        _show(output, accounts)
    else:
        for line in _NONE.splitlines():
            output.line(line)


def _show(output: Output, accounts: tuple[Account, ...]) -> None:
    count = len({account.budget.name for account in accounts})
    output.line(f"{count} budget{'' if count == 1 else 's'}; days and months are of UTC")
    output.line()
    header = ("budget", "spent", "held", "unknown", "left", "limit")
    heading, *lines = format_table(header, [_figures(account) for account in accounts])
    output.line(heading)
    for line, account in zip(lines, accounts, strict=True):
        output.line(line)
        output.line(f"    {account.statement.window.ljust(10)}  {_bar(account)}")
    meanings = [
        meaning
        for name, meaning in _MEANINGS.items()
        if any(getattr(account.statement, name) for account in accounts)
    ]
    for line in ("", *meanings) if meanings else ():
        output.line(line)


def _figures(account: Account) -> tuple[str, ...]:
    name = "".join(letter if letter.isprintable() else "?" for letter in account.name)
    name = f"{name}(none)" if name.endswith("/") else name
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 3]}..."
    statement = account.statement
    amounts = (statement.spent, statement.held, statement.unknown, account.left)
    return (name, *map(_dollars, amounts), _dollars(account.budget.limit_nano))


def _bar(account: Account) -> str:
    full = BAR if account.share >= 1 else min(int(account.share * BAR), BAR - 1)
    text = f"{'█' * full}{'░' * (BAR - full)}  {100 * account.share:.0f} % used"
    statement = account.statement
    if statement.unpriced:
        text += f", {statement.unpriced:,} of {statement.calls:,} calls unpriced"
    return text if account.budget.stop else f"{text}, only warns"


def _dollars(nano: int) -> str:
    """Cents, fewer for large amounts, more for what would look like nothing."""
    usd = abs(nano) / 1e9
    digits = 0 if usd >= 1000 else 2 if usd >= 0.01 or nano == 0 else 6
    return f"{'-' if nano < 0 else ''}${usd:,.{digits}f}"
