"""One alert, and what it is tested with."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

INFO, WARNING, CRITICAL = "info", "warning", "critical"


@dataclass(frozen=True)
class Case:
    """Samples a minute apart, as promtool writes them, and so many minutes later a look.

    `says` is the summary of the alert that fires then, `labels` those it has beside its severity;
    of a case in which none fires they are empty.
    """

    series: Mapping[str, str]
    minute: int
    says: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """A rule. It fires when `expr` has had a value for `wait`; `runbook` is what to type then.

    `board` is the uid of the board that shows more, `fires` and `quiet` are its tests.
    """

    name: str
    expr: str
    wait: str
    severity: str
    summary: str
    description: str
    runbook: str
    board: str
    fires: Case
    quiet: Case


def selector(name: str, **labels: str) -> str:
    """A series with labels; a value that begins with `~` is a pattern, with `!~` one that must not hold."""
    parts = []
    for label, value in labels.items():
        sign = "!~" if value.startswith("!~") else "=~" if value.startswith("~") else "="
        parts.append(f"{label}{sign}{json.dumps(value.lstrip('!~'), ensure_ascii=False)}")
    return f"{name}{{{','.join(parts)}}}" if parts else name


def literal(text: str) -> str:
    """A pattern that this text alone fits."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def percent(share: float) -> str:
    """A share as Prometheus' `humanizePercentage` shows it."""
    return f"{share * 100:.4g}%"
