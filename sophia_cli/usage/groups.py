"""What calls can be grouped by, and how a group is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache

from sophia_cli.llm.call import OTHER
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import Day, pages_between
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.kinds import Tell, alike, in_silence, kind_column, read_kind
from sophia_cli.usage.routes import NOT_RECORDED, ROUTE, Choices, tails_of
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
_COST = 5  # its place among these


def by_route(ledger: Ledger, span: Span, tell: Tell = in_silence) -> dict[str, list[Day]]:
    """The same by the reason of the first to be asked, out of the calls themselves. Raises LLMError."""
    sums: dict[tuple[str, str], list[int]] = {}
    choices = Choices()
    kind = kind_column(("operation", "outcome", "simulated", f"started_ns / {_DAY_NS}"))
    for page in pages_between(ledger, span.start_ns, span.end_ns, (ROUTE, kind, _SUMMED)):
        tails = tails_of(row[1] for row in page)
        keys = zip(tails, (row[2] for row in page), strict=True)
        for (tail, said), rows in alike(keys, page).items():
            choice = choices.of(tail)
            operation, outcome, *_ = read_kind(said)
            figures = [*zip(*(row[3:] for row in rows), strict=True)]
            billed = outcome == OK and operation != OTHER
            row = [
                len(rows),
                figures[_COST].count(None) if billed else 0,
                *(sum(filter(None, figure)) for figure in figures),
            ]
            key = (choice.why if choice else NOT_RECORDED, said)
            before = sums.get(key)
            sums[key] = row if before is None else [*map(int.__add__, before, row)]
        tell(len(page))
    return _as_days(sums)


def _as_days(sums: Mapping[tuple[str, str], list[int]]) -> dict[str, list[Day]]:
    found: dict[str, dict[tuple[str, str, int], list[int]]] = defaultdict(dict)
    for (why, kind), row in sums.items():
        _, outcome, simulated, day = read_kind(kind)
        rows, key = found[why], (day_name(day), outcome, simulated)
        rows[key] = [*map(int.__add__, rows[key], row)] if key in rows else row
    return {
        why: [
            Day._make((day, "", "", "", "", "", outcome, *row, simulated))
            for (day, outcome, simulated), row in rows.items()
        ]
        for why, rows in found.items()
    }
