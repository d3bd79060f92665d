"""One pass over the rows of a span: times, routes and the dearest calls, which no sum of the ledger holds."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from itertools import compress
from typing import Any

from sophia_cli.llm.call import OTHER, Usage
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import pages_between
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.groups import NAMES, By, RouteDays
from sophia_cli.usage.kinds import Tell, alike, in_silence, kind_column, read_kind
from sophia_cli.usage.routes import NOT_RECORDED, ROUTE, Choice, Choices, Place, tails_of
from sophia_cli.usage.span import DAY_NS, Span

DEAREST = 5
LARGE = 32_000  # tokens of a prompt; no price of a list changes with the size of smaller ones
_KIND = ("task", "provider", "model", "outcome")
_FIGURES = "cost_nano, latency_us, tokens_in, tokens_out, tokens_reasoning, kept_local"
_ROUTE, _SAID, _COST = 1, 2, 3  # places in a row, of which the moment is the first


def _times() -> array[int]:
    return array("q")


@dataclass
class Path:
    """Calls of one task with one choice: what the first to be asked took for its answers.

    `small` are its priced answers added up: their number, tokens in, out and of reasoning; `large`
    are the tokens of each long prompt. `moved` are the calls that another one answered in its place.
    """

    calls: int = 0
    ok: int = 0
    moved: int = 0
    priced: int = 0
    cost_nano: int = 0
    kept_local: int = 0
    small: list[int] = field(default_factory=lambda: [0] * 4)
    large: list[Usage] = field(default_factory=list)
    times: array[int] = field(default_factory=_times)

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Answers of the first to be asked, by the columns of `_FIGURES`."""
        costs, times, sent, received, thought, kept, *_ = [*zip(*rows, strict=True)][_COST:]
        self.times.extend(times)
        self.kept_local += sum(kept)
        if None in costs or None in sent:
            told = [
                cost is not None and one is not None for cost, one in zip(costs, sent, strict=True)
            ]
            columns = (costs, sent, received, thought)
            costs, sent, received, thought = (tuple(compress(one, told)) for one in columns)
        self.priced += len(costs)
        self.cost_nano += sum(costs)
        if max(sent, default=0) > LARGE:
            every = [*zip(sent, received, thought, strict=True)]
            self.large += [
                Usage(one[0], one[1] or 0, reasoning=one[2] or 0) for one in every if one[0] > LARGE
            ]
            few = [one for one in every if one[0] <= LARGE]
            sent, received, thought = zip(*few, strict=True) if few else ((), (), ())
        figures = (sum(filter(None, one)) for one in (sent, received, thought))
        self._take_small((len(sent), *figures))

    def take(self, other: Path) -> None:
        """Answers of the first to be asked that were counted by themselves."""
        self.priced += other.priced
        self.cost_nano += other.cost_nano
        self.kept_local += other.kept_local
        self._take_small(other.small)
        self.large += other.large
        self.times.extend(other.times)

    def _take_small(self, more: Sequence[int]) -> None:
        self.small = [one + other for one, other in zip(self.small, more, strict=True)]


@dataclass
class Reading:
    """What was read: times (microseconds) of answers by group and by place and task, and the rest by its key.

    `routes` are filled where the groups are routes.
    """

    groups: dict[str, array[int]] = field(default_factory=lambda: defaultdict(_times))
    places: dict[tuple[Place, str], array[int]] = field(default_factory=lambda: defaultdict(_times))
    paths: dict[tuple[str, Choice], Path] = field(default_factory=lambda: defaultdict(Path))
    routes: RouteDays = field(default_factory=RouteDays)
    unrouted: int = 0
    dearest: list[tuple[int, int]] = field(default_factory=list)

    @property
    def moments_of_dearest(self) -> list[int]:
        """Where the dearest calls stand in the ledger, the dearest first."""
        return [moment for _, moment in sorted(self.dearest, reverse=True)]


def read_rows(ledger: Ledger, span: Span, by: By, tell: Tell = in_silence) -> Reading:
    """Read the span, the times grouped as it is said. Raises LLMError."""
    reading, choices = Reading(), Choices()
    cells: dict[tuple[Choice | None, str], Path] = defaultdict(Path)
    # Only what the groups are named by: calls of many services are alike where nobody asks for them.
    named = ["service" if by is By.SERVICE else "''", "team" if by is By.TEAM else "''"]
    columns = [_FIGURES]
    if routed := by is By.ROUTE:
        named += ("operation", "simulated", f"started_ns / {DAY_NS}")
        columns.append("saved_nano")
    columns = [ROUTE, kind_column((*_KIND, *named)), *columns]
    for page in pages_between(ledger, span.start_ns, span.end_ns, columns):
        keep_dearest(reading.dearest, page)
        tails = tails_of(row[_ROUTE] for row in page)
        keys = zip(tails, (row[_SAID] for row in page), strict=True)
        for (tail, said), rows in alike(keys, page).items():
            cell = cells[choices.of(tail), said]
            cell.calls += len(rows)
            if read_kind(said)[3] == OK:
                cell.add(rows)
            if routed:
                _add_to_route(reading.routes, choices.of(tail), read_kind(said), rows)
        tell(len(page))
    for (choice, kind), cell in cells.items():
        cell.times = array("q", sorted(cell.times))  # which makes them quick to sort together
        _sort_in(reading, choice, read_kind(kind), cell, by)
    return reading


def _sort_in(
    reading: Reading, choice: Choice | None, kind: tuple[str, ...], cell: Path, by: By
) -> None:
    """Add calls that are alike in all that they are asked for to what they belong to."""
    task, provider, model, _, service, team, *_ = kind
    place, ok = (provider, model), len(cell.times)
    if ok:
        names = NAMES.get(by)
        name = names(service, team, task, provider, model) if names else _why(choice)
        reading.places[place, task].extend(cell.times)
        reading.groups[name].extend(cell.times)
    if choice is None:
        reading.unrouted += cell.calls
        return
    path = reading.paths[task, choice]
    path.calls += cell.calls
    path.ok += ok
    if place == choice.first:
        path.take(cell)
    else:
        path.moved += ok


def _why(choice: Choice | None) -> str:
    return choice.why if choice else NOT_RECORDED


def _add_to_route(
    routes: RouteDays, choice: Choice | None, kind: tuple[Any, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Add calls to what is said of their route."""
    outcome, operation, simulated, day = kind[3], *kind[6:]
    costs, _, sent, received, _, kept, saved = [*zip(*rows, strict=True)][_COST:]
    billed = outcome == OK and operation != OTHER
    sums = (sum(filter(None, one)) for one in (sent, received, costs, saved, kept))
    figures = (len(rows), costs.count(None) if billed else 0, *sums)
    routes.add(_why(choice), day, outcome, simulated, figures)


def keep_dearest(heap: list[tuple[int, int]], page: Sequence[tuple[Any, ...]]) -> None:
    """Keep the dearest calls of those before and a page's, by their cost and moment."""
    least = heap[0][0] if len(heap) == DEAREST else 0
    for cost, moment in [
        (row[_COST], row[0]) for row in page if row[_COST] is not None and row[_COST] > least
    ]:
        if len(heap) < DEAREST:
            heappush(heap, (cost, moment))
        elif cost > heap[0][0]:
            heappushpop(heap, (cost, moment))
