"""When two requests are the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sophia_cli.llm.cache.policy import CachePolicy, task_of
from sophia_cli.llm.call import Call
from sophia_cli.llm.config import Config
from sophia_cli.llm.routing import keeps_origin

_VERSION = 1
# What beside the body changes the answer of a vendor's own endpoint, and whose account it is.
_HEADERS = (
    "authorization",
    "x-api-key",
    "api-key",
    "anthropic-version",
    "anthropic-beta",
    "openai-organization",
    "openai-project",
)


def key_of(call: Call, config: Config, policy: CachePolicy) -> str:
    """A hash of everything that the answer may depend on. Raises ValueError for what is no JSON."""
    labels = call.labels
    tenants = {
        "all": (),
        "team": (labels.team,),
        "service": (labels.team, labels.service),
        "user": (labels.team, labels.service, labels.user),
    }
    said: list[Any] = [
        _VERSION,
        call.operation,
        # A stream is kept as it was passed on, and the doors pass on different events.
        [call.stream, call.door if call.stream else ""],
        [call.model, call.provider, task_of(call)],
        [policy.shared_by, *tenants[policy.shared_by]],
        labels.data_class,
        {name: value for name, value in call.body.items() if name not in ("model", "stream")},
    ]
    if call.origin and keeps_origin(call, config):
        headers = call.origin.headers
        said += [call.origin.url, {name: headers.get(name, "") for name in _HEADERS}]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
