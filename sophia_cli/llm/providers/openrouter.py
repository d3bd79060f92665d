"""OpenRouter: experimental and cost-optimised models, one key for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sophia_cli.llm.call import CHAT, MESSAGES, Labels
from sophia_cli.llm.providers.base import Body, Kind, Option, Provider, bearer, vendor_of

_CLAUDE = re.compile(r"^(claude-[a-z]+-\d+)-(\d{1,2})(?:-\d{8}|-latest)?$")
_DATED = re.compile(r"-(\d{8}|latest)$")


def _with_vendor(provider: Provider, model: str) -> str | None:
    """`gpt-5` is `openai/gpt-5` there, `claude-sonnet-4-5-20250929` is `anthropic/claude-sonnet-4.5`."""
    vendor = vendor_of(model)
    if "/" in model or not vendor:
        return model if "/" in model else None
    if vendor == "anthropic":
        model = _CLAUDE.sub(r"\1.\2", model)
        model = _DATED.sub("", model)
    return f"{vendor}/{model}"


def _headers(provider: Provider, labels: Labels, call_id: str) -> dict[str, str]:
    """The key, and the application's name and address, which OpenRouter shows in its rankings."""
    headers = bearer(provider)
    for option, name in (("referer", "HTTP-Referer"), ("title", "X-OpenRouter-Title")):
        if option in provider.options:
            headers[name] = str(provider.options[option])
    return headers


def _extend(provider: Provider, operation: str, body: Body) -> Body:
    """Fallback models and preferences; what the call itself says of either goes before.

    `models` beside `model`, and `fallbacks` in Anthropic's dialect: OpenRouter's guide to fallbacks.
    """
    added: Body = {}
    others = [name for name in provider.options.get("fallback_models", ()) if name != body["model"]]
    if others and operation == CHAT and "models" not in body:
        added["models"] = others
    if others and operation == MESSAGES and not body.keys() & {"models", "fallbacks"}:
        added["fallbacks"] = [{"model": name} for name in others]
    if "preferences" in provider.options and "provider" not in body:
        added["provider"] = provider.options["preferences"]
    return {**body, **added} if added else body


def fault_in_preferences(table: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with `[providers.openrouter.preferences]`, and what is allowed; empty for nothing."""
    for name, value in table.items():
        if name not in PREFERENCES:
            return f"has no key '{name}'", f"allowed: {', '.join(PREFERENCES)}"
        kinds, words = PREFERENCES[name]
        strings = all(isinstance(item, str) for item in value) if isinstance(value, list) else True
        truth = isinstance(value, bool) and bool not in kinds  # True is an int too
        if not isinstance(value, kinds) or truth or not strings:
            return f"{name} must be {words}, not {value!r}", ""
    return "", ""


_LIST = ((list,), "a list of strings")
_TRUTH = ((bool,), "true or false")
_FIGURE = ((int, float, dict), "a number, or a table of percentiles")
# The names are those of OpenRouter's guide to provider routing.
PREFERENCES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "order": _LIST,
    "only": _LIST,
    "ignore": _LIST,
    "allow_fallbacks": _TRUTH,
    "require_parameters": _TRUTH,
    "data_collection": ((str,), "'allow' or 'deny'"),
    "zdr": _TRUTH,
    "enforce_distillable_text": _TRUTH,
    "quantizations": _LIST,
    "sort": ((str, dict), "'price', 'throughput', 'latency' or a table"),
    "preferred_min_throughput": _FIGURE,
    "preferred_max_latency": _FIGURE,
    "max_price": ((dict,), "a table of USD per million tokens"),
}


OPENROUTER = Kind(
    name="openrouter",
    base_url="https://openrouter.ai/api/v1",
    key_env="OPENROUTER_API_KEY",
    url_env="OPENROUTER_BASE_URL",
    paths={
        "chat": "/chat/completions",
        "messages": "/messages",
        "responses": "/responses",
        "embeddings": "/embeddings",
    },
    defaults={
        "data": "openai/gpt-5.2",
        "primary": "openai/gpt-5.2",
        "cheap": "deepseek/deepseek-v3.2",
        "embeddings": "openai/text-embedding-3-small",
    },
    model_name=_with_vendor,
    headers=_headers,
    extend_body=_extend,
    options=(
        Option("fallback_models", list, "models that it asks after the one that was asked for"),
        Option("preferences", dict, "its own rules of routing, as its guide names them", free=True),
        Option("title", str, "the application's name in its rankings", header=True),
        Option("referer", str, "the application's address there", plain=True),
    ),
    stream_usage=False,  # usage is always in the last chunk; asking for it is a deprecated no-op
    check="/key",
)
