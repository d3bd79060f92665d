"""Every metric there is: its name, what it counts and in which unit, and its labels.

The one list that the exporter, remote write, boards, alerts and the README go by. No label holds a
prompt, a user's name, a call's id or free text: what is not configured and not often used is `other`.
"""

from __future__ import annotations

from dataclasses import dataclass

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"


@dataclass(frozen=True)
class Family:
    """One metric. `unit` is empty for plain counts; a histogram has `_bucket`, `_sum` and `_count`."""

    name: str
    kind: str
    unit: str
    labels: tuple[str, ...]
    help: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which Prometheus keeps it."""
        if self.kind != HISTOGRAM:
            return (self.name,)
        return tuple(f"{self.name}_{end}" for end in ("bucket", "sum", "count"))


_WHO = ("provider", "model")

REQUESTS = Family(
    "sophia_llm_requests_total",
    COUNTER,
    "",
    (*_WHO, "route", "task", "outcome", "error_type"),
    "Finished calls: each once, whatever it took. outcome is ok, cached, error, cancelled or unknown.",
)
ATTEMPTS = Family(
    "sophia_llm_attempts_total",
    COUNTER,
    "",
    (*_WHO, "outcome", "error_type"),
    "Requests sent to providers: retries and fallbacks of one call are several.",
)
DURATION = Family(
    "sophia_llm_request_duration_seconds",
    HISTOGRAM,
    "seconds",
    (*_WHO, "outcome"),
    "Time of every finished call, failed and cancelled ones too.",
)
FIRST_CHUNK = Family(
    "sophia_llm_time_to_first_chunk_seconds",
    HISTOGRAM,
    "seconds",
    _WHO,
    "Time to the first event of a streamed answer.",
)
TOKENS = Family(
    "sophia_llm_tokens_total",
    COUNTER,
    "",
    (*_WHO, "type"),
    "Tokens that providers reported. type is input, output, cached (among input) or reasoning (among output).",
)
COST = Family(
    "sophia_llm_cost_usd_total",
    COUNTER,
    "usd",
    (*_WHO, "route", "task"),
    "What priced calls cost.",
)
SAVED = Family(
    "sophia_llm_saved_usd_total",
    COUNTER,
    "usd",
    ("reason",),
    "What was not spent. reason is cache: what its answers once cost; or route: what the first candidate"
    " as written would have cost more, where a route's order is by price.",
)
UNPRICED = Family(
    "sophia_llm_unpriced_requests_total",
    COUNTER,
    "",
    _WHO,
    "Answered calls whose cost is not known: they are in no sum of money.",
)
LOOKUPS = Family(
    "sophia_llm_cache_lookups_total",
    COUNTER,
    "",
    ("provider", "result"),
    "Calls that the cache was asked for. result is hit, or miss; then provider is who answered instead.",
)
FALLBACKS = Family(
    "sophia_llm_fallbacks_total",
    COUNTER,
    "",
    ("from", "to", "reason"),
    "Calls handed on to another candidate. reason is the error_type of the one before.",
)
KEPT_LOCAL = Family(
    "sophia_llm_data_kept_local_bytes_total",
    COUNTER,
    "bytes",
    ("provider", "task"),
    "Bytes of requests and answers that never left the warehouse.",
)
_BUDGET = ("budget",)
BUDGET_LIMIT = Family(
    "sophia_llm_budget_limit_usd",
    GAUGE,
    "usd",
    _BUDGET,
    "What a budget allows in its present day or month.",
)
BUDGET_SPENT = Family(
    "sophia_llm_budget_spent_usd", GAUGE, "usd", _BUDGET, "What is spent of it, exactly."
)
BUDGET_HELD = Family(
    "sophia_llm_budget_held_usd", GAUGE, "usd", _BUDGET, "What is put aside for calls under way."
)
BUDGET_UNKNOWN = Family(
    "sophia_llm_budget_unknown_usd",
    GAUGE,
    "usd",
    _BUDGET,
    "What may be spent: answers of unknown cost, and leases of processes that are gone.",
)
PERIOD_START = Family(
    "sophia_llm_budget_period_start_timestamp_seconds",
    GAUGE,
    "seconds",
    _BUDGET,
    "When the budget's present day or month began.",
)
PERIOD_END = Family(
    "sophia_llm_budget_period_end_timestamp_seconds",
    GAUGE,
    "seconds",
    _BUDGET,
    "When it ends, and the budget is whole again.",
)
LAST_SUCCESS = Family(
    "sophia_llm_last_success_timestamp_seconds",
    GAUGE,
    "seconds",
    ("provider",),
    "When a provider last answered.",
)
ROWS = Family("sophia_ledger_rows", GAUGE, "", (), "Calls in the ledger.")
READABLE = Family("sophia_ledger_readable", GAUGE, "", (), "Whether the ledger could be read.")
BUILD = Family("sophia_build_info", GAUGE, "", ("version",), "Version of sophia; always 1.")

FAMILIES = (
    REQUESTS,
    ATTEMPTS,
    DURATION,
    FIRST_CHUNK,
    TOKENS,
    COST,
    SAVED,
    UNPRICED,
    LOOKUPS,
    FALLBACKS,
    KEPT_LOCAL,
    BUDGET_LIMIT,
    BUDGET_SPENT,
    BUDGET_HELD,
    BUDGET_UNKNOWN,
    PERIOD_START,
    PERIOD_END,
    LAST_SUCCESS,
    ROWS,
    READABLE,
    BUILD,
)
BY_NAME = {family.name: family for family in FAMILIES}
