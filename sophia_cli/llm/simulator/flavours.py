"""What the providers add around an answer: their own headers."""

from __future__ import annotations

import json

from sophia_cli.llm.simulator.ask import Place
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.reply import Headers

SIMULATED = ("x-simulated", "true")


def reply_headers(place: Place, digest: Digest) -> Headers:
    """The headers that this provider sends with every answer, good or bad."""
    if place.flavour == "cortex":
        return (("x-snowflake-request-id", digest.uuid("request")), SIMULATED)
    if place.flavour == "portkey":
        return (*_portkey(place, digest), SIMULATED)
    if place.flavour == "openrouter":
        generation = f"gen-{digest.created}-{digest.hex('id', 20)}"
        return (("x-generation-id", generation), SIMULATED)
    if place.flavour == "anthropic":
        return (("request-id", f"req_{digest.hex('request')}"), SIMULATED)
    return (("x-request-id", f"req_{digest.hex('request')}"), SIMULATED)


def _portkey(place: Place, digest: Digest) -> Headers:
    config = _config(place)
    refresh = place.headers.get("x-portkey-cache-force-refresh", "").lower() == "true"
    cache = ("REFRESH" if refresh else "MISS") if config.get("cache") else "DISABLED"
    provider = _one_line(place.headers.get("x-portkey-provider", "")).lstrip("@") or "openai"
    index = "config.targets[0]" if config.get("targets") else "config"
    return (
        (
            "x-portkey-trace-id",
            _one_line(place.headers.get("x-portkey-trace-id", "")) or digest.uuid("trace"),
        ),
        ("x-portkey-retry-attempt-count", "0"),
        ("x-portkey-cache-status", cache),
        ("x-portkey-provider", provider),
        ("x-portkey-last-used-option-index", index),
    )


def _config(place: Place) -> dict[str, object]:
    try:
        config = json.loads(place.headers.get("x-portkey-config", "{}"))
    except ValueError:  # the name of a stored config
        return {}
    return config if isinstance(config, dict) else {}


def _one_line(value: str) -> str:
    """A header that is sent back: whatever it holds, it cannot start another one."""
    return " ".join(value.split()).encode("ascii", "replace").decode()
