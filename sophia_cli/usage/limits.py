"""Budgets over replayed calls: which would have been passed, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from sophia_cli.counted import counted
from sophia_cli.llm.budgets.budget import MONTH, Budget, facts_of
from sophia_cli.llm.call import Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.money import dollars
from sophia_cli.usage.past import Kind, Needs
from sophia_cli.usage.routes import Place
from sophia_cli.usage.span import DAY_NS, Span, day_name


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
        self._waiting: list[tuple[int, int, tuple[tuple[Budget, str], ...]]] = []
        self._scopes: dict[object, tuple[tuple[Budget, str], ...]] = {}

    @property
    def needs(self) -> Needs:
        """The labels that the budgets tell calls apart by."""
        budgets = self._config.budgets
        return Needs(frozenset(name for one in budgets for name in (*one.match, one.each)))

    def add(self, kind: Kind, place: Place, paid: Iterable[tuple[int, int | None]]) -> None:
        """Calls that would have been answered there: the moment of each, and its cost where that is known."""
        scopes = self._scopes_of(kind, place)
        if scopes:
            self._waiting += [(moment, nano, scopes) for moment, nano in paid if nano is not None]

    def settle(self) -> None:
        """Book what was added, in the order of its moments; what is added later has later ones."""
        self._waiting.sort(key=itemgetter(0))
        for moment, nano, scopes in self._waiting:
            day = day_name(moment // DAY_NS)
            for budget, name in scopes:
                key = (name, _window(budget.per, day))
                account = self._accounts.get(key)
                if account is None:
                    account = self._accounts[key] = _Account(budget)
                if account.day:
                    account.later += 1
                account.spent += nano
                if account.spent > budget.limit_nano and not account.day:
                    account.day = day
        self._waiting.clear()

    def _scopes_of(self, kind: Kind, place: Place) -> tuple[tuple[Budget, str], ...]:
        """The budgets that are about such calls, with their accounts."""
        said = (kind.task, kind.data_class, kind.service, kind.user)
        key = (*said, kind.team, place)
        found = self._scopes.get(key)
        if found is None:
            known = self._config.providers.get(place[0])
            labels = Labels(*said, team=kind.team)
            facts = facts_of(labels, *place, known.key_name if known else "")
            named = ((budget, budget.scope(facts)) for budget in self._config.budgets)
            found = self._scopes[key] = tuple(one for one in named if one[1])
        return found

    def passed(self, span: Span) -> tuple[Passed, ...]:
        """The accounts that were used up, in the order of their days."""
        self.settle()
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
