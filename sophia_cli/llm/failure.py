"""What went wrong with one attempt, and whether another one can help.

Status codes and error bodies as the providers document them: OpenAI and OpenRouter
`{"error": {"message", ...}}`, Anthropic `{"type": "error", "error": {"type", "message"}}`,
Snowflake `{"message"}`, Portkey `{"status": "failure", "message"}` or `{"html-message"}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.llm.redaction import hide_keys

_KINDS = {
    400: "invalid_request",
    401: "auth",
    402: "payment",
    403: "permission",
    404: "not_found",
    408: "timeout",
    412: "budget",
    413: "invalid_request",
    422: "invalid_request",
    425: "overloaded",
    429: "rate_limit",
    446: "guardrail",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
# The same request would meet the same answer anywhere: no retry, no other provider.
FINAL = frozenset({"invalid_request", "guardrail", "deadline"})
# What this process itself says before anything is sent, and the end of the time it had.
BUDGET, LIMIT, RESTING, DEADLINE = "budget_exceeded", "limit", "resting", "deadline"
RETRIED = frozenset({"timeout", "overloaded", "rate_limit", "server", "connection", "bad_response"})
KINDS = (
    frozenset(_KINDS.values())
    | RETRIED
    | {
        "model",
        "context_length",
        "stream_error",
        "stream_broken",
        "stopped",
        "cancelled",
        "internal",
        BUDGET,
        LIMIT,
        RESTING,
        DEADLINE,
    }
)
_MODEL_WORDS = (
    "unknown model",
    "model not found",
    "does not exist",
    "not a valid model",
    "model_not_found",
)
_EVENT_KINDS = (
    ("context", "context_length"),
    ("rate_limit", "rate_limit"),
    ("overloaded", "overloaded"),
    ("unavailable", "overloaded"),
)


@dataclass(frozen=True)
class Failure:
    """One attempt that did not give an answer. `retry_after` in seconds, None if not said."""

    kind: str
    message: str
    status: int = 0
    retry_after: float | None = None

    def __post_init__(self) -> None:
        # A provider may say the key back; from here the words go to the ledger, to logs and to people.
        object.__setattr__(self, "message", hide_keys(self.message))

    @property
    def worth_retrying(self) -> bool:
        """The same candidate may answer a moment later."""
        return self.kind in RETRIED

    @property
    def worth_another(self) -> bool:
        """Another candidate may answer."""
        return self.kind not in FINAL


def from_status(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that an HTTP status of 400 or more means."""
    from sophia_cli.llm.backoff import retry_after

    message = message_of(body) or f"HTTP {status}"
    kind = _KINDS.get(status, "server" if status >= 500 else "invalid_request")
    if kind in ("invalid_request", "not_found") and _about_model(message):
        kind = "model"
    return Failure(kind, message, status, retry_after(headers))


def from_event(error: Any, status: int = 200) -> Failure:
    """The failure that an error inside a 200 answer means, in a body or in the middle of a stream."""
    if not isinstance(error, Mapping):
        return Failure("stream_error", str(error)[:500], status)
    code, metadata = error.get("code"), error.get("metadata")
    kept = metadata.get("error_type", "") if isinstance(metadata, Mapping) else ""
    words = f"{error.get('type', '')} {code} {kept}".lower()
    kind = next((kind for word, kind in _EVENT_KINDS if word in words), "stream_error")
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:4])
    if isinstance(code, int) and kind == "stream_error":
        kind = _KINDS.get(code, "server" if code >= 500 else "stream_error")
    return Failure(kind, str(error.get("message", error))[:500], status)


def message_of(body: bytes) -> str:
    """The words of an error body in any of the providers' shapes; empty for anything else."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(reply, dict):
        return ""
    error = reply.get("error", reply)
    if isinstance(error, dict):
        error = error.get("message") or error.get("html-message") or ""
    return str(error)[:500]


def _about_model(message: str) -> bool:
    text = message.lower()
    return "model" in text and any(words in text for words in _MODEL_WORDS)
