"""A call of the past as routing sees it: who asked, for what, and how large it was. Its text is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sophia_cli.llm.call import RESPONSES, Call, Labels, Origin, Usage
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.ledger.history import calls_between
from sophia_cli.llm.routing.decision import INFERRED
from sophia_cli.usage.routes import Place, Recorded, read_route, taken_at_rest
from sophia_cli.usage.span import Span

OWN_ENDPOINT = "its own endpoint"
# What an earlier decision says of the call itself, in the words of `routing.judgement`.
_SIGNS = (
    ("tools", "takes no tools", True),
    ("json_schema", "keeps to no JSON schema", True),
    ("images", "sees no images", 1),
)


class Row(NamedTuple):
    """The columns that deciding anew and pricing anew need."""

    started_ns: int
    id: str
    door: str
    operation: str
    service: str
    task: str
    data_class: str
    user: str
    session: str
    team: str
    requested_model: str
    stream: int
    route: str
    outcome: str
    provider: str
    model: str
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    tokens_written: int | None
    tokens_reasoning: int | None
    cost_nano: int | None
    latency_us: int
    bytes_sent: int
    bytes_received: int
    kept_local: int
    simulated: int

    @property
    def place(self) -> Place:
        return self.provider, self.model

    @property
    def usage(self) -> Usage | None:
        """Its tokens; None where nobody said them."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return Usage(
            self.tokens_in,
            self.tokens_out,
            self.tokens_cached or 0,
            self.tokens_reasoning or 0,
            None,
            self.tokens_written or 0,
        )


def rows_between(ledger: Ledger, span: Span) -> Iterator[Row]:
    """The calls of a span, in order. Raises LLMError."""
    for row in calls_between(ledger, span.start_ns, span.end_ns, Row._fields[1:]):
        yield Row(*row)


@dataclass(frozen=True)
class Past:
    """A call to decide anew, its decision of then, and who was to be asked, in that order."""

    call: Call
    recorded: Recorded
    chain: tuple[Place, ...]


def past_of(row: Row) -> Past | None:
    """The call of a row; None where its decision was not kept, or not where its own client wanted to go."""
    recorded = read_route(row.route)
    if recorded is None:
        return None
    recorded = _with_signs(recorded)
    taken = [verdict for verdict in recorded.verdicts if taken_at_rest(verdict)]
    origin = None
    if row.door == "dropin":
        own = [one for one in recorded.verdicts if one.reason.startswith(OWN_ENDPOINT)]
        origin = Origin(own[0].provider if own else "", "POST", "", {})
    inferred = recorded.task.source == INFERRED
    labels = Labels(
        "" if inferred else row.task,
        row.data_class,
        row.service,
        row.user,
        row.session,
        row.team,
    )
    back = row.operation == RESPONSES and recorded.estimate.history
    call = Call(
        operation=row.operation,
        body={"previous_response_id": "..."} if back else {},
        labels=labels,
        door=row.door,
        stream=bool(row.stream),
        model=row.requested_model,
        provider=recorded.asked,
        origin=origin,
        id=row.id,
    )
    return Past(call, recorded, tuple(verdict.place for verdict in taken))


def _with_signs(recorded: Recorded) -> Recorded:
    """Of a decision of before the time when capabilities were kept, what its reasons tell of them."""
    if recorded.whole:
        return recorded
    reasons = {verdict.reason for verdict in recorded.verdicts}
    seen: dict[str, Any] = {name: value for name, words, value in _SIGNS if words in reasons}
    if not seen:
        return recorded
    return replace(recorded, estimate=replace(recorded.estimate, **seen))
