"""Calls of the past as routing sees them: who asked, for what, and how large they were. Their text is gone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, NamedTuple

from sophia_cli.llm.call import RESPONSES, Call, Labels, Origin, Usage
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import pages_between
from sophia_cli.llm.routing.decision import INFERRED
from sophia_cli.usage.kinds import Tell, alike, in_silence, kind_column, read_kind
from sophia_cli.usage.routes import ROUTE, Place, Recorded, read_route, taken_at_rest
from sophia_cli.usage.span import Span

OWN_ENDPOINT = "its own endpoint"
# What an earlier decision says of the call itself, in the words of `routing.judgement`.
_SIGNS = (
    ("tools", "takes no tools", True),
    ("json_schema", "keeps to no JSON schema", True),
    ("images", "sees no images", 1),
)
_FITS_ALL = 2_000  # tokens; of smaller prompts routing asks nothing about their size
_ESTIMATE = '"estimate": {'
_SMALL = re.compile(r'"tokens_in": (\d+), "worst_in": \d+, "worst_out": \d+(?:, "limit": \d+)?')
_MOST_SIZES = 50_000  # that are remembered


class Kind(NamedTuple):
    """What calls have in common that go the same way: what routing sees of them, and how they ended.

    `decision` is what of their decisions can make a difference, `route` that of one of them, whole.
    `name` tells apart what is shared out by weight, `user` and `team` are there where somebody asks
    for them.
    """

    door: str
    operation: str
    service: str
    task: str
    data_class: str
    requested_model: str
    user: str
    team: str
    name: str
    outcome: str
    provider: str
    model: str
    decision: str
    route: str

    @property
    def place(self) -> Place:
        return self.provider, self.model

    @property
    def asked(self) -> tuple[str, ...]:
        """All that routing can tell it by: no more than what was asked."""
        return (*self[:9], self.decision)


_FIGURES = (
    *("tokens_in", "tokens_out", "tokens_cached", "tokens_written", "tokens_reasoning"),
    *("cost_nano", "latency_us", "bytes_sent + bytes_received", "kept_local"),
)


class Past(NamedTuple):
    """Calls of one kind, in order, a column for each figure; `carried` are bytes sent and received."""

    kind: Kind
    moments: Sequence[int]
    tokens_in: Sequence[int | None]
    tokens_out: Sequence[int | None]
    cached: Sequence[int | None]
    written: Sequence[int | None]
    reasoning: Sequence[int | None]
    costs: Sequence[int | None]
    times: Sequence[int]
    carried: Sequence[int]
    kept_local: Sequence[int]

    @property
    def calls(self) -> int:
        """How many they are."""
        return len(self.moments)

    def only(self, chosen: Sequence[object]) -> Past:
        """Those of them for which it holds."""
        columns: Iterable[Any] = self[1:]
        return Past(self.kind, *(tuple(compress(column, chosen)) for column in columns))

    @property
    def told(self) -> Past:
        """Those of which somebody said the tokens."""
        if None not in self.tokens_in and None not in self.tokens_out:
            return self
        both = zip(self.tokens_in, self.tokens_out, strict=True)
        return self.only([sent is not None and received is not None for sent, received in both])

    @property
    def tokens(self) -> Iterator[tuple[int, int, int]]:
        """In, out and of reasoning, of each of which somebody said them."""
        for sent, received, thought in zip(
            self.tokens_in, self.tokens_out, self.reasoning, strict=True
        ):
            if sent is not None and received is not None:
                yield sent, received, thought or 0

    @property
    def usages(self) -> Iterator[Usage | None]:
        """The tokens of each; None where nobody said them."""
        rows = zip(
            *(self.tokens_in, self.tokens_out, self.cached, self.written, self.reasoning),
            strict=True,
        )
        for sent, received, cached, written, thought in rows:
            if sent is None or received is None:
                yield None
            else:
                yield Usage(sent, received, cached or 0, thought or 0, None, written or 0)


@dataclass(frozen=True)
class Needs:
    """What calls have to be told apart by: labels that rules and budgets ask for, the size, the name."""

    labels: frozenset[str] = frozenset()
    size: bool = False
    name: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.labels | other.labels, self.size or other.size, self.name or other.name)


def past_pages(
    ledger: Ledger, span: Span, needs: Needs, tell: Tell = in_silence
) -> Iterator[list[Past]]:
    """The calls of a span, page after page in order, those of a page by their kinds. Raises LLMError."""
    # A session goes the same way as a whole.
    name = "COALESCE(NULLIF(session, ''), id)" if needs.name else "''"
    user, team = (one if one in needs.labels else "''" for one in ("user", "team"))
    kind = kind_column((*Kind._fields[:6], user, team, name, *Kind._fields[9:12]))
    sizes = _Sizes(every=needs.size)
    for page in pages_between(ledger, span.start_ns, span.end_ns, (ROUTE, kind, *_FIGURES)):
        keys = zip(sizes.without(row[1] for row in page), (row[2] for row in page), strict=True)
        yield [
            _past(read_kind(said), decision, rows)
            for (decision, said), rows in alike(keys, page).items()
        ]
        tell(len(page))


def _past(said: Sequence[str], decision: str, rows: Sequence[tuple[Any, ...]]) -> Past:
    moments, routes, _, *figures = zip(*rows, strict=True)
    return Past(Kind._make((*said, decision, routes[0])), moments, *figures)


class _Sizes:
    """Decisions without the sizes of calls, wherever routing does not ask for these."""

    def __init__(self, *, every: bool) -> None:
        self._every = every
        self._known: dict[str, str] = {}

    def without(self, routes: Iterable[str]) -> Iterator[str]:
        """What of a decision can make a difference. Two that are alike in it go the same way."""
        known = self._known
        for route in routes:
            head, _, tail = route.partition(_ESTIMATE)
            size, _, tail = tail.partition("}")
            if size not in known:
                if len(known) >= _MOST_SIZES:
                    known.clear()
                known[size] = f"{{{size}}}" if self._every or _is_large(size) else "{}"
            yield head + known[size] + tail


def _is_large(size: str) -> bool:
    """Whether routing may ask about the size of a call, as it is written down: it asks for more than text, or is long."""
    tokens = _SMALL.fullmatch(size)
    return tokens is None or int(tokens[1]) > _FITS_ALL


@dataclass(frozen=True)
class Remembered:
    """A call to decide anew, its decision of then, and who was to be asked, in that order."""

    call: Call
    recorded: Recorded
    chain: tuple[Place, ...]


def remember(kind: Kind) -> Remembered | None:
    """A call of that kind; None where its decision was not kept."""
    recorded = read_route(kind.route)
    if recorded is None:
        return None
    recorded = _with_signs(recorded)
    taken = [verdict for verdict in recorded.verdicts if taken_at_rest(verdict)]
    origin = None
    if kind.door == "dropin":
        own = [one for one in recorded.verdicts if one.reason.startswith(OWN_ENDPOINT)]
        origin = Origin(own[0].provider if own else "", "POST", "", {})
    inferred = recorded.task.source == INFERRED
    labels = Labels(
        "" if inferred else kind.task,
        kind.data_class,
        kind.service,
        kind.user,
        kind.name,
        kind.team,
    )
    back = kind.operation == RESPONSES and recorded.estimate.history
    call = Call(
        operation=kind.operation,
        body={"previous_response_id": "..."} if back else {},
        labels=labels,
        door=kind.door,
        model=kind.requested_model,
        provider=recorded.asked,
        origin=origin,
        id=kind.name,
    )
    return Remembered(call, recorded, tuple(verdict.place for verdict in taken))


def _with_signs(recorded: Recorded) -> Recorded:
    """Of a decision of before the time when capabilities were kept, what its reasons tell of them."""
    if recorded.whole:
        return recorded
    reasons = {verdict.reason for verdict in recorded.verdicts}
    seen: dict[str, Any] = {name: value for name, words, value in _SIGNS if words in reasons}
    if not seen:
        return recorded
    return replace(recorded, estimate=replace(recorded.estimate, **seen))
