"""What calls can be grouped by, and how a group is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache

from sophia_cli.llm.call import OTHER
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import Day, calls_between
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.routes import NOT_RECORDED, Choices
from sophia_cli.usage.span import Span, day_name

NONE = "(none)"
_DAY_NS = 86_400 * 10**9


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


_SUMMED = (
    "tokens_in, tokens_out, tokens_cached, tokens_written, tokens_reasoning, cost_nano, saved_nano,"
    " kept_local"
)


def by_route(ledger: Ledger, span: Span) -> dict[str, list[Day]]:
    """The same by the reason of the first to be asked, out of the calls themselves. Raises LLMError."""
    sums: dict[tuple[str, str, str, int], list[int]] = defaultdict(lambda: [0] * 10)
    choices = Choices()
    columns = ("operation, outcome, simulated, route", _SUMMED)
    for moment, operation, outcome, simulated, route, *figures in calls_between(
        ledger, span.start_ns, span.end_ns, columns
    ):
        choice = choices.of(route)
        why = choice.why if choice else NOT_RECORDED
        row = sums[why, day_name(moment // _DAY_NS), outcome, simulated]
        row[0] += 1
        row[1] += outcome == OK and figures[5] is None and operation != OTHER
        for place, figure in enumerate(figures, 2):
            if figure:
                row[place] += figure
    found: dict[str, list[Day]] = defaultdict(list)
    for (why, day, outcome, simulated), row in sums.items():
        found[why].append(Day._make((day, "", "", "", "", "", outcome, *row, simulated)))
    return dict(found)
