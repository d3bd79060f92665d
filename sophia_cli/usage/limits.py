"""Budgets over replayed calls: which would have been passed, and when."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.counted import counted
from sophia_cli.llm.budgets.budget import MONTH, Budget, facts_of
from sophia_cli.llm.call import Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.money import dollars
from sophia_cli.usage.past import Row
from sophia_cli.usage.routes import Place
from sophia_cli.usage.span import Span, day_name

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True)
class Passed:
    """An account that the replayed calls would have used up; `later` calls came after that."""

    account: str
    window: str
    limit_nano: int
    day: str
    later: int
    words: str


@dataclass
class _Account:
    budget: Budget
    spent: int = 0
    day: str = ""
    later: int = 0


class Limits:
    """Adds up what each account of a configuration's budgets would have paid."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._accounts: dict[tuple[str, str], _Account] = {}

    def add(self, row: Row, place: Place, nano: int) -> None:
        """A call that would have been answered there for so much."""
        labels = Labels(row.task, row.data_class, row.service, row.user, row.session, row.team)
        known = self._config.providers.get(place[0])
        facts = facts_of(labels, *place, known.key_name if known else "")
        day = day_name(row.started_ns // _DAY_NS)
        for budget in self._config.budgets:
            name = budget.scope(facts)
            if not name:
                continue
            key = (name, _window(budget.per, day))
            account = self._accounts.setdefault(key, _Account(budget))
            if account.day:
                account.later += 1
            account.spent += nano
            if account.spent > budget.limit_nano and not account.day:
                account.day = day

    def passed(self, span: Span) -> tuple[Passed, ...]:
        """The accounts that were used up, in the order of their days."""
        found = [
            Passed(
                name,
                window,
                one.budget.limit_nano,
                one.day,
                one.later,
                _words(name, window, one, span),
            )
            for (name, window), one in self._accounts.items()
            if one.day
        ]
        return tuple(sorted(found, key=lambda one: (one.day, one.account)))


def _window(per: str, day: str) -> str:
    return day[:7] if per == MONTH else day


def _words(name: str, window: str, one: _Account, span: Span) -> str:
    cut = one.budget.per == MONTH and window == span.first.isoformat()[:7] and span.first.day > 1
    since = f" since {span.first}" if cut else ""
    text = (
        f"budget {name}: {dollars(one.spent)} of {dollars(one.budget.limit_nano)} in {window}{since}, "
        f"passed on {one.day}"
    )
    if not one.later:
        return text
    what = "would have been refused or gone elsewhere" if one.budget.stop else "warned about"
    return f"{text}: {counted(one.later, 'later call')} {what}"
