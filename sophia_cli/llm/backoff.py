"""How long to wait before the next attempt."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST, LONGEST = 0.5, 8.0  # seconds


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that a provider asks to wait, in every spelling in use; None if it does not.

    `headers` have lower-case names. Milliseconds: `retry-after-ms`, `x-ms-retry-after-ms`;
    seconds or an HTTP date: `retry-after`.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name))
        if milliseconds is not None:
            return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000" is UTC too, and would be taken for this machine's zone
        moment = moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - (time.time() if now is None else now), 0.0)


def delay(attempt: int, asked: float | None) -> float:
    """Seconds before attempt number `attempt` + 1: what was asked for, else full jitter."""
    if asked is not None:
        return asked
    # Spreads load, guards nothing.
    return random.uniform(0, min(LONGEST, FIRST * 2**attempt))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or 0 <= value < 1e9 else None
