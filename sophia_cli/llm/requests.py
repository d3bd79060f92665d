"""From a call and a chosen candidate to the HTTP request that goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sophia_cli.llm.call import CHAT, Call, Request
from sophia_cli.llm.config import Config
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.routing import Verdict, keeps_origin

# What a vendor's client says that another provider may hear; keys and account ids are not among it.
_CARRIED = ("accept", "content-type", "anthropic-version", "anthropic-beta", "idempotency-key")
_NOT_FORWARDED = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")
# Endpoints that are known to take `stream_options`; a home-made one may refuse what it does not know.
_TAKES_STREAM_OPTIONS = ("api.openai.com", "openrouter.ai", "api.portkey.ai")


@dataclass(frozen=True)
class Prepared:
    """A request and what has to be undone in its answer. `provider` is None for a client's own endpoint."""

    request: Request
    provider: Provider | None
    drop_usage: bool = False


def prepare(call: Call, verdict: Verdict, config: Config) -> Prepared:
    """The request for one candidate."""
    if keeps_origin(call, config):
        return _to_origin(call)
    provider = config.providers[verdict.provider].for_service(call.labels.service)
    kind = KINDS[provider.kind]
    body: dict[str, Any] = {**call.body, "model": verdict.model}
    drop_usage = kind.stream_usage and _ask_for_usage(call, body)
    body = kind.shape_body(call.operation, verdict.model, body)
    body = kind.extend_body(provider, call.operation, body)
    headers = {"content-type": "application/json"}
    if call.origin:
        headers |= {name: value for name, value in call.origin.headers.items() if name in _CARRIED}
    headers |= kind.headers(provider, call.labels, call.id)
    url = provider.base_url + kind.paths[call.operation]
    request = Request("POST", url, headers, _encode(body), call.timeout)
    return Prepared(request, provider, drop_usage)


def _to_origin(call: Call) -> Prepared:
    origin = call.origin
    assert origin is not None  # narrows the type
    body, drop_usage = call.raw, False
    if urlsplit(origin.url).hostname in _TAKES_STREAM_OPTIONS:
        changed = dict(call.body)
        drop_usage = _ask_for_usage(call, changed)
        body = _encode(changed) if drop_usage else body
    headers = {name: value for name, value in origin.headers.items() if name not in _NOT_FORWARDED}
    return Prepared(
        Request(origin.method, origin.url, headers, body, call.timeout), None, drop_usage
    )


def _ask_for_usage(call: Call, body: dict[str, Any]) -> bool:
    """Have a chat stream say its tokens; True when nobody asked for that and it must be taken out again."""
    options = body.get("stream_options") or {}
    if call.operation != CHAT or not call.stream or options.get("include_usage"):
        return False
    body["stream_options"] = {**options, "include_usage": True}
    return call.door != "native"


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
