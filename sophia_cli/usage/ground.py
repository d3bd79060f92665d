"""What a replay stands on: one look over the span before its calls are decided anew."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import pages_between, who_failed
from sophia_cli.llm.ledger.record import OK
from sophia_cli.usage.kinds import Tell, alike, in_silence, kind_column, read_kind
from sophia_cli.usage.routes import (
    ROUTE,
    Choice,
    Choices,
    Place,
    read_route,
    tails_of,
    taken_at_rest,
)
from sophia_cli.usage.span import Span

Samples = Mapping[Place, "array[int]"]


class Asked(NamedTuple):
    """What calls were for, and who was to answer them."""

    task: str
    operation: str
    data_class: str
    simulated: int
    choice: Choice | None


@dataclass(frozen=True)
class Ground:
    """Who failed then, how fast everybody was, who was to be asked, and how many calls there were of what.

    `failed` is by the calls' moments, `samples` are in order.
    """

    failed: Mapping[int, frozenset[Place]]
    samples: Samples
    providers: frozenset[str]
    asked: Mapping[Asked, int]

    @property
    def data_classes(self) -> Mapping[str, int]:
        """How many calls had each."""
        found: Counter[str] = Counter()
        for one, count in self.asked.items():
            if one.data_class:
                found[one.data_class] += count
        return found


_KIND = ("outcome", "provider", "model", "task", "operation", "data_class", "simulated")


def survey(ledger: Ledger, span: Span, tell: Tell = in_silence) -> Ground:
    """Look over the span once. Raises LLMError."""
    samples: dict[Place, array[int]] = defaultdict(lambda: array("q"))
    providers: set[str] = set()
    asked: Counter[Asked] = Counter()
    choices = Choices()
    columns = (ROUTE, kind_column(_KIND), "latency_us")
    for page in pages_between(ledger, span.start_ns, span.end_ns, columns):
        tails = tails_of(row[1] for row in page)
        keys = zip(tails, (row[2] for row in page), strict=True)
        for (tail, said), rows in alike(keys, page).items():
            outcome, provider, model, *rest = read_kind(said)
            if outcome == OK:
                samples[provider, model].extend(row[3] for row in rows)
            if tail not in choices:
                providers.update(_at_rest(rows[0][1]))
            asked[Asked._make((*rest, choices.of(tail)))] += len(rows)
        tell(len(page))
    for times in samples.values():
        times[:] = array("q", sorted(times))
    failed = who_failed(ledger, span.start_ns, span.end_ns)
    return Ground(failed, dict(samples), frozenset(providers), asked)


def _at_rest(route: str | None) -> set[str]:
    """The providers that a call might have been sent to on a quiet day."""
    recorded = read_route(route)
    verdicts = recorded.verdicts if recorded else ()
    return {one.provider for one in verdicts if taken_at_rest(one)}
