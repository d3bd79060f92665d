"""The values that pass through the engine: a call on its way in, an answer on its way out."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sophia_cli.llm.form import Form

# Operations are named by the wire format they speak.
CHAT, MESSAGES, RESPONSES = "chat", "messages", "responses"
EMBEDDINGS, OTHER = "embeddings", "other"

# Seconds: for the whole attempt, or by phase (connect, read, write, pool); None for no limit.
Timeout = float | Mapping[str, float | None] | None

_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-portkey-api-key")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # in the order of its characters
# Of its own, so that an application that seeds `random` does not repeat ids; names guard nothing.
_random = random.Random()
os.register_at_fork(after_in_child=_random.seed)
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_call_id() -> str:
    """Sixteen characters that name a call: 25 bits of the time in steps of 32 s, then 55 random bits.

    Beginning with the time they come in order, so that a large ledger grows at one end only.
    """
    value = (int(time.time()) >> 5 & 0x1FFFFFF) << 55 | _random.getrandbits(55)
    return "".join([_PAIRS[value >> shift & 1023] for shift in (70, 60, 50, 40, 30, 20, 10, 0)])


@dataclass(frozen=True)
class Labels:
    """Who asks and what for; none of it is sent in the prompt."""

    task: str = ""
    data_class: str = ""
    service: str = ""
    user: str = ""
    session: str = ""
    team: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """Where a vendor's own client wanted to send its request, and with which headers."""

    provider: str
    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def keys(self) -> tuple[str, ...]:
        """What the client signs in with: never to be written down."""
        found = (self.headers.get(name, "").removeprefix("Bearer ") for name in _KEY_HEADERS)
        return tuple(value for value in found if len(value) >= 8)


@dataclass(frozen=True)
class Call:
    """One request of the application, before a provider is chosen.

    `raw` are the bytes as a vendor's client made them; `body` is the same, parsed. `attempts` is
    how often one candidate may be tried, `timeout` holds for each attempt, `deadline` for all of
    them (seconds, 0 for no limit). `form` is how the answer must look.
    """

    operation: str
    body: Mapping[str, Any]
    labels: Labels
    door: str = "native"
    raw: bytes = b""
    stream: bool = False
    model: str = ""
    provider: str = ""
    origin: Origin | None = None
    attempts: int = 3
    timeout: Timeout = 60.0
    deadline: float = 0.0
    id: str = field(default_factory=new_call_id)
    form: Form | None = None

    @property
    def is_free(self) -> bool:
        """Whether no answer to it costs anything, as a vendor's list of models."""
        reads = self.origin is not None and self.origin.method in ("GET", "HEAD", "DELETE")
        return self.operation == OTHER and reads


@dataclass(frozen=True)
class Request:
    """One HTTP request to a provider."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: Timeout


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer. `input` and `output` count all of them, the others are among these.

    `cached` were read from the provider's cache, `written` into it (`written_hour` of them to stay
    for an hour), `audio_in` and `audio_out` were sound.

    `cost_nano` is what the provider itself says the call cost, in nano-USD; None if it does not.
    """

    input: int
    output: int
    cached: int = 0
    reasoning: int = 0
    cost_nano: int | None = None
    written: int = 0
    written_hour: int = 0
    audio_in: int = 0
    audio_out: int = 0


@dataclass(frozen=True)
class Try:
    """One candidate that was asked, or could not be: `outcome` is `not_sent` where nothing went out.

    `error_kind` and `error` say why it gave no answer; both are empty for the one that did.
    """

    provider: str
    model: str
    outcome: str
    error_kind: str = ""
    error: str = ""
    status: int = 0

    @property
    def why(self) -> str:
        """The failure in a few words."""
        if self.outcome == "not_sent":
            return self.error
        return f"{self.status or ''} {self.error_kind.replace('_', ' ')}".strip()


@dataclass(frozen=True)
class LLMResponse:
    """A complete answer. `cost_usd` is None when the price is not known: unpriced, never zero.

    `attempts` are the candidates in their order: the last one answered, those before it did not; a
    kept answer has none.
    `parsed` is the answer's value where a `response_format` with a schema was asked for.
    """

    content: str
    provider: str = ""
    model: str = ""
    cost_usd: float | None = None
    latency_ms: float = 0.0
    tokens_in: int | None = None
    tokens_out: int | None = None
    finish_reason: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    call_id: str = ""
    cached: bool = False
    simulated: bool = False
    error: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    parsed: Any = None
    attempts: tuple[Try, ...] = ()

    @property
    def total_tokens(self) -> int | None:
        """Prompt and answer together; None when the provider did not say."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return self.tokens_in + self.tokens_out
