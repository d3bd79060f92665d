"""What calls can be grouped by, and how a group is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from sophia_cli.llm.ledger.history import Day
from sophia_cli.usage.span import day_name

NONE = "(none)"


class By(StrEnum):
    """What a table's rows are."""

    MODEL = "model"
    TASK = "task"
    ROUTE = "route"
    SERVICE = "service"
    TEAM = "team"
    PROVIDER = "provider"


@lru_cache(maxsize=1024)
def model_name(provider: str, model: str) -> str:
    """A model and who runs it; calls that nobody was asked for have neither."""
    return f"{model or NONE} ({provider})" if provider else NONE


Name = Callable[[str, str, str, str, str], str]  # of service, team, task, provider, model

# `route` is not among them: the days of the ledger know nothing of it.
NAMES: Mapping[By, Name] = {
    By.MODEL: lambda service, team, task, provider, model: model_name(provider, model),
    By.TASK: lambda service, team, task, provider, model: task or NONE,
    By.SERVICE: lambda service, team, task, provider, model: service or NONE,
    By.TEAM: lambda service, team, task, provider, model: team or NONE,
    By.PROVIDER: lambda service, team, task, provider, model: provider or NONE,
}


def grouped(days: list[Day], by: By) -> dict[str, list[Day]]:
    """The days by the names of their groups."""
    found: dict[str, list[Day]] = defaultdict(list)
    for day in days:
        found[NAMES[by](*day[1:6])].append(day)
    return dict(found)


class RouteDays:
    """Calls by the reason of the first to be asked, and by their day: the days of the ledger know no route."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[tuple[int, str, int], list[int]]] = defaultdict(dict)

    def add(self, why: str, day: int, outcome: str, simulated: int, figures: Sequence[int]) -> None:
        """Calls of one day (since 1970), by their number, unpriced ones, tokens in, out, cost, saved, kept."""
        rows, key = self._sums[why], (day, outcome, simulated)
        before = rows.get(key)
        rows[key] = [*figures] if before is None else [*map(int.__add__, before, figures)]

    @property
    def groups(self) -> dict[str, list[Day]]:
        """The days by their groups; what tables do not show of them is 0."""
        return {
            why: [
                Day(
                    *(day_name(day), "", "", "", "", "", outcome),
                    *(calls, unpriced, sent, received, 0, 0, 0, cost, saved, kept, simulated),
                )
                for (day, outcome, simulated), figures in rows.items()
                for calls, unpriced, sent, received, cost, saved, kept in (figures,)
            ]
            for why, rows in self._sums.items()
        }
