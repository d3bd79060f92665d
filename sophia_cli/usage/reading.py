"""One pass over the rows of a span: times, routes and the dearest calls, which no sum of the ledger holds."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

from sophia_cli.llm.call import Usage
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import calls_between
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.groups import NAMES, By
from sophia_cli.usage.routes import NOT_RECORDED, Choice, Choices, Place
from sophia_cli.usage.span import Span

DEAREST = 5
LARGE = 32_000  # tokens of a prompt; no price of a list changes with the size of smaller ones
_COLUMNS = (
    "service, team, task, provider, model, outcome, latency_us, cost_nano, tokens_in, tokens_out,"
    " tokens_cached, tokens_written, tokens_reasoning, kept_local, route"
)


def _times() -> array[int]:
    return array("q")


@dataclass
class Path:
    """Calls of one task with one choice: what the first to be asked took for its answers.

    `small` are tokens of its priced answers added up, `large` those of each long prompt; `moved`
    are the calls that another one answered in its place.
    """

    calls: int = 0
    ok: int = 0
    moved: int = 0
    priced: int = 0
    cost_nano: int = 0
    kept_local: int = 0
    small: list[int] = field(default_factory=lambda: [0] * 6)
    large: list[Usage] = field(default_factory=list)
    times: array[int] = field(default_factory=_times)

    def count(
        self, cost: int, sent: int, received: int, cached: int, written: int, reasoning: int
    ) -> None:
        """A priced answer of the first to be asked, with its tokens."""
        self.priced += 1
        self.cost_nano += cost
        if sent > LARGE:
            self.large.append(Usage(sent, received, cached, reasoning, None, written))
            return
        small = self.small
        small[0] += 1
        small[1] += sent
        small[2] += received
        if cached or written or reasoning:
            small[3] += cached
            small[4] += written
            small[5] += reasoning

    def take(self, other: Path) -> None:
        """Answers of the first to be asked that were counted by themselves."""
        self.priced += other.priced
        self.cost_nano += other.cost_nano
        self.kept_local += other.kept_local
        self.small = [one + more for one, more in zip(self.small, other.small, strict=True)]
        self.large += other.large
        self.times.extend(other.times)


_Key = tuple[Choice | None, str, str, str, str, str]  # task, provider, model, service, team


@dataclass
class Reading:
    """What was read: times (microseconds) of answers by group and by place and task, and the rest by its key."""

    groups: dict[str, array[int]] = field(default_factory=lambda: defaultdict(_times))
    places: dict[tuple[Place, str], array[int]] = field(default_factory=lambda: defaultdict(_times))
    paths: dict[tuple[str, Choice], Path] = field(default_factory=lambda: defaultdict(Path))
    unrouted: int = 0
    dearest: list[tuple[int, int]] = field(default_factory=list)

    @property
    def moments_of_dearest(self) -> list[int]:
        """Where the dearest calls stand in the ledger, the dearest first."""
        return [moment for _, moment in sorted(self.dearest, reverse=True)]


def read_rows(ledger: Ledger, span: Span, by: By) -> Reading:
    """Read the span, the times grouped as it is said. Raises LLMError."""
    reading, choices = Reading(), Choices()
    cells: dict[_Key, Path] = {}
    dearest = reading.dearest
    for moment, service, team, task, provider, model, outcome, took, cost, *rest in calls_between(
        ledger, span.start_ns, span.end_ns, (_COLUMNS,)
    ):
        sent, received, cached, written, reasoning, local, route = rest
        key = (choices.of(route), task, provider, model, service, team)
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = Path()
        cell.calls += 1
        if cost and (len(dearest) < DEAREST or cost > dearest[0][0]):
            _keep(dearest, (cost, moment))
        if outcome != OK:
            continue
        cell.times.append(took)
        cell.kept_local += local
        if cost is not None and sent is not None:
            cell.count(cost, sent, received or 0, cached or 0, written or 0, reasoning or 0)
    for key, cell in cells.items():
        _sort_in(reading, key, cell, by)
    return reading


def _sort_in(reading: Reading, key: _Key, cell: Path, by: By) -> None:
    """Add calls that are alike in all that they are asked for to what they belong to."""
    choice, task, provider, model, service, team = key
    place, ok = (provider, model), len(cell.times)
    if ok:
        names = NAMES.get(by)
        if names is not None:
            name = names(service, team, task, provider, model)
        else:
            name = choice.why if choice else NOT_RECORDED
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


def _keep(heap: list[tuple[int, int]], one: tuple[int, int]) -> None:
    if len(heap) < DEAREST:
        heappush(heap, one)
    else:
        heappushpop(heap, one)
