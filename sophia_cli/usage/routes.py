"""What the ledger keeps of a routing decision, read back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sophia_cli.llm.estimate import Estimate
from sophia_cli.llm.routing.decision import Decision, Task, Verdict
from sophia_cli.llm.routing.judgement import is_about_money

NOT_RECORDED = "not recorded"
ROUTE = "COALESCE(route, '')"  # the column; calls of before decisions were kept have none
_CANDIDATES = '"candidates"'
_SIZES = ("tokens_in", "worst_in", "worst_out", "limit", "images")
_FLAGS = ("tools", "json_schema", "history")

Place = tuple[str, str]  # provider, model


@dataclass(frozen=True)
class Recorded(Decision):
    """A decision as it was written down.

    `whole` is False for one of before the time when capabilities were written down too.
    """

    whole: bool = True


@dataclass(frozen=True, eq=False)
class Choice:
    """Who was to answer, who would have been asked next, and why that was the order.

    Each is itself alone, which makes it a cheap key; who wants equal ones together looks at what they say.
    """

    first: Place
    then: Place | None
    why: str


def read_route(text: str | None) -> Recorded | None:
    """The decision in a ledger's `route`; None for what is none."""
    try:
        head, mark, tail = (text or "").rpartition(_CANDIDATES)
        found = json.loads(f"{head}{mark}: []}}")
        name, source, why = found["task"]
        size = found["estimate"]
        verdicts = _verdicts(tail)
        said: dict[str, Any] = {key: int(size.get(key, 0)) for key in _SIZES}
        said |= {key: bool(size.get(key, False)) for key in _FLAGS}
        estimate = Estimate(**said, models=tuple(map(str, size.get("models", ()))))
        task = Task(str(name), str(source), str(why))
        asked = found.get("asked")
        return Recorded(verdicts, task, estimate, str(asked or ""), whole=asked is not None)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def taken_at_rest(verdict: Verdict) -> bool:
    """Whether a candidate was taken, or left out only for what holds for a moment: money, or a rest after failures."""
    passing = is_about_money(verdict.reason) or verdict.reason.startswith("rests for ")
    return verdict.taken or passing


def tails_of(routes: Iterable[str]) -> list[str]:
    """What each says of the candidates: calls of a kind have it alike, whatever their size."""
    return [route[route.find(_CANDIDATES) :] for route in routes]


class Choices:
    """The choices in routes. Most calls have one of very few: each is read once."""

    def __init__(self) -> None:
        self._known: dict[str, Choice | None] = {}

    def of(self, tail: str) -> Choice | None:
        """The choice in the tail of a route; None where nobody was to be asked, or nothing is recorded."""
        if tail not in self._known:
            self._known[tail] = _choice(tail)
        return self._known[tail]

    def __contains__(self, tail: str) -> bool:
        """Whether it was read before."""
        return tail in self._known


@lru_cache(maxsize=4096)
def _verdicts(tail: str) -> tuple[Verdict, ...]:
    """The candidates as they are written after their name. Raises as JSON and their shape want."""
    return tuple(map(_verdict, json.loads(f"[{tail.strip().lstrip(':').rstrip('}')}]")[0]))


def _choice(tail: str) -> Choice | None:
    try:
        found = _verdicts(tail.removeprefix(_CANDIDATES))
        taken = [verdict for verdict in found if verdict.taken]
    except (ValueError, LookupError, TypeError):
        return None
    if not taken:
        return None
    return Choice(taken[0].place, taken[1].place if len(taken) > 1 else None, taken[0].reason)


def _verdict(row: Any) -> Verdict:
    provider, model, taken, reason = row
    return Verdict(str(provider), str(model), bool(taken), str(reason))
