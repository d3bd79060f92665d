"""A request as the simulator reads it: which provider it is meant for and what it wants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sophia_cli.llm.simulator.digest import Digest, canonical
from sophia_cli.llm.simulator.refusal import Refusal

# `local` is an OpenAI-compatible server that asks for no key, as Ollama does.
FLAVOURS = ("openai", "anthropic", "cortex", "portkey", "openrouter", "local")
UNKNOWN_MODEL = "unknown-model"
_OPERATIONS = (
    ("/chat/completions", "POST", "chat"),
    ("/messages/count_tokens", "POST", "count_tokens"),
    ("/messages", "POST", "messages"),
    ("/embeddings", "POST", "embeddings"),
    ("/responses", "POST", "responses"),
    ("/models", "GET", "models"),
    ("/key", "GET", "key"),
    ("/inference:complete", "POST", "cortex_complete"),
    ("/inference:embed", "POST", "cortex_embed"),
)
_HOSTS = (
    ("snowflakecomputing.com", "cortex"),
    ("portkey.ai", "portkey"),
    ("openrouter.ai", "openrouter"),
    ("api.anthropic.com", "anthropic"),
)


@dataclass(frozen=True)
class Place:
    """Where a request went: enough to answer it with an error in the right shape."""

    flavour: str
    operation: str
    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def anthropic_shaped(self) -> bool:
        """Whether the operation speaks Anthropic's format."""
        if self.operation == "models":
            return self.flavour == "anthropic"
        return self.operation in ("messages", "count_tokens")


@dataclass(frozen=True)
class Ask:
    """A request that was understood."""

    place: Place
    digest: Digest
    model: str = ""
    stream: bool = False
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def flavour(self) -> str:
        """The provider that is being played."""
        return self.place.flavour

    @property
    def operation(self) -> str:
        """What is asked for: chat, messages, embeddings and so on."""
        return self.place.operation


def locate(method: str, path: str, headers: Mapping[str, str], flavour: str | None) -> Place:
    """Find the provider and the operation; an unknown path has the operation ""."""
    lower = {name.lower(): value for name, value in headers.items()}
    path = path.partition("?")[0].rstrip("/")
    operation = next((name for end, _, name in _OPERATIONS if path.endswith(end)), "")
    flavour = flavour or _flavour(path, lower)
    if operation == "key" and flavour != "openrouter":
        operation = ""
    return Place(flavour, operation, method.upper(), path, lower)


def digest_of(place: Place, body: bytes, seed: int) -> Digest:
    """The digest of a question, the same for every spelling of its JSON."""
    try:
        question = canonical(_parsed(body))
    except (Refusal, RecursionError):
        question = body.hex()
    return Digest.of(seed, place.flavour, place.operation, question)


def read(place: Place, body: bytes, digest: Digest) -> Ask:
    """Parse the body and check what every operation needs. Raises Refusal."""
    if not place.operation:
        raise Refusal(404, f"The path {place.path} does not exist.", "not_found")
    allowed = next(method for _, method, name in _OPERATIONS if name == place.operation)
    if place.method != allowed:
        raise Refusal(
            405, f"{place.method} is not allowed here, use {allowed}.", "method_not_allowed"
        )
    parsed = _parsed(body) if allowed == "POST" else {}
    return Ask(place, digest, _model(place, parsed), parsed.get("stream") is True, parsed)


def _flavour(path: str, headers: Mapping[str, str]) -> str:
    host = headers.get("host", "").partition(":")[0]
    known = next((flavour for end, flavour in _HOSTS if host.endswith(end)), None)
    if known:
        return known
    if path.startswith("/api/v2/cortex/"):
        return "cortex"
    if any(name.startswith("x-portkey-") for name in headers):
        return "portkey"
    if path.startswith("/api/v1/") or any(name.startswith("x-openrouter-") for name in headers):
        return "openrouter"
    messages = path.endswith(("/messages", "/count_tokens"))
    return "anthropic" if messages or "anthropic-version" in headers else "openai"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body of the request is not valid JSON.", "invalid_json") from None
    if not isinstance(parsed, dict):
        raise Refusal(400, "The body of the request must be a JSON object.", "invalid_json")
    return parsed


def _model(place: Place, body: Mapping[str, Any]) -> str:
    """The model that answers: for OpenRouter the first of its fallbacks that exists."""
    if place.operation in ("models", "key"):
        return ""
    names = [body.get("model")]
    if place.flavour == "openrouter" and isinstance(body.get("models"), list):
        names += body["models"]
    asked = [name for name in names if isinstance(name, str) and name]
    if not asked:
        raise Refusal(400, "You must provide a model parameter.", "missing_model", "model")
    known = [name for name in asked if name.rpartition("/")[2] != UNKNOWN_MODEL]
    if not known:
        raise Refusal(404, asked[-1], "unknown_model", "model")
    return known[0]
