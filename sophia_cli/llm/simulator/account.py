"""What OpenRouter says of the key that a request is signed with: `GET /key`, as its reference shows it."""

from __future__ import annotations

from typing import Any


def account() -> dict[str, Any]:
    """A key without a limit that has spent nothing."""
    data = {
        "label": "simulated",
        "limit": None,
        "limit_remaining": None,
        "usage": 0,
        "is_free_tier": False,
        "is_provisioning_key": False,
        "rate_limit": {"requests": -1, "interval": "10s"},
    }
    return {"data": data}
