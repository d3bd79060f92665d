"""Ledgers with calls of chosen days, written by the ledger's own writer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sophia_cli.llm.ledger import Attempt, Final, Ledger, Opening
from sophia_cli.llm.ledger.record import CACHED, OK

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC).timestamp()
CONFIG = """
[providers.company]
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
[routes]
sql_generation = ["cortex/claude-4-sonnet", "portkey/gpt-5"]
default = ["portkey/gpt-5", "openrouter/meta-llama/llama-4-scout"]
[data_classes]
customer = ["cortex"]
[prices."cortex/claude-4-sonnet"]
input = 3.0
output = 15.0
[prices."portkey/gpt-5"]
input = 1.25
output = 10.0
[prices."openrouter/meta-llama/llama-4-scout"]
input = 0.1
output = 0.3
"""
SQL = [["cortex", "claude-4-sonnet"], ["portkey", "gpt-5"]]
CHAT = [["portkey", "gpt-5"], ["openrouter", "meta-llama/llama-4-scout"]]


@dataclass
class Seeded:
    """A ledger that calls are put into, one after the other."""

    ledger: Ledger
    count: int = 0
    ids: list[str] = field(default_factory=list)

    def call(
        self,
        day: str,
        task: str,
        chain: Sequence[Sequence[str]],
        *,
        place: Sequence[str] | None = None,
        outcome: str = OK,
        tokens: tuple[int, int] | None = (1000, 200),
        nano: int | None = 6_000_000,
        took: float = 1.0,
        failed: Sequence[tuple[str, str, str, int]] = (),
        out: Sequence[Sequence[str]] = (),
        why: str = "",
        asked: str = "",
        **labels: Any,
    ) -> str:
        """One call of a day at noon and so many seconds; `failed` are attempts before its end."""
        self.count += 1
        name = labels.pop("id", f"call{self.count:012}")
        noon = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
        provider, model = place or chain[0]
        reason = why or f"[routes] {task or 'default'}"
        size = {"tokens_in": 1000, "worst_in": 4000, "worst_out": 16384}
        route = {
            "task": [task or "chat_conversation", "given" if task else "", ""],
            "asked": asked,
            "estimate": {**size, **labels.pop("estimate", {})},
            "candidates": [
                *([*link, True, reason] for link in chain),
                *([*link[:2], False, link[2]] for link in out),
            ],
        }
        attempts = [
            Attempt(number, *one[:2], "error", one[2], one[3], 90_000)
            for number, one in enumerate(failed, 1)
        ]
        if outcome == OK:
            attempts.append(
                Attempt(len(attempts) + 1, provider, model, OK, "", 200, round(took * 1e6))
            )
        final = {name: labels.pop(name) for name in list(labels) if name in Final._fields}
        opening = {"door": "native", "operation": "chat", "task": task, **labels}
        moment = round((noon + self.count) * 1e9)
        self.ledger.begin(Opening(id=name, started_ns=moment, route=json.dumps(route), **opening))
        self.ledger.finish(
            Final(
                id=name,
                outcome=outcome,
                provider=provider if attempts or outcome == CACHED else "",
                model=model if attempts or outcome == CACHED else "",
                attempts=tuple(attempts),
                tokens_in=tokens[0] if tokens else None,
                tokens_out=tokens[1] if tokens else None,
                cost_nano=nano,
                latency_us=round(took * 1e6),
                **{"billable": outcome == OK, "bytes_sent": 4000, "bytes_received": 800, **final},
            )
        )
        self.ids.append(name)
        return name


def seed(path: Path) -> Seeded:
    """A ledger with a month of calls: two tasks, three models, failures, cached and unpriced calls."""
    seeded = Seeded(Ledger(path))
    for day in range(1, 28):
        for number in range(day % 4 + 1):
            took = 0.8 + 0.05 * ((day * 7 + number * 3) % 11)
            seeded.call(
                f"2026-11-{day:02}",
                "sql_generation",
                SQL,
                took=took,
                kept_local=4800,
                data_class="customer" if number == 0 else "",
                service="reports",
                team="data",
                out=[["openrouter", "x", "data class 'customer' may not go there"]],
            )
            seeded.call(
                f"2026-11-{day:02}",
                "",
                CHAT,
                tokens=(2000 + 100 * day, 300),
                nano=5_500_000 + 125_000 * day,
                took=took + 1,
                service="site",
                team="web",
            )
    seeded.call(
        "2026-11-20",
        "",
        CHAT,
        place=CHAT[1],
        failed=[("portkey", "gpt-5", "rate_limit", 429)],
        nano=250_000,
        service="site",
        fallbacks=(("portkey", "openrouter", "rate_limit"),),
    )
    seeded.call(
        "2026-11-21",
        "",
        CHAT,
        place=CHAT[1],
        outcome="error",
        failed=[("portkey", "gpt-5", "rate_limit", 429), (*CHAT[1], "server", 500)],
        error_kind="server",
        error="upstream said no",
        nano=None,
        tokens=None,
        service="site",
    )
    seeded.call("2026-11-22", "bulk", [["company", "own"]], nano=None, took=0.2)
    seeded.call(
        "2026-11-23",
        "",
        CHAT,
        outcome=CACHED,
        nano=0,
        saved_nano=7_000_000,
        billable=False,
        bytes_sent=0,
        bytes_received=0,
    )
    seeded.call("2026-11-24", "", [["simulator", "small"]], nano=None, simulated=True, took=0.01)
    seeded.call("2026-11-24", "", CHAT, outcome="cancelled", nano=None, tokens=None)
    seeded.ledger.close()
    return seeded
