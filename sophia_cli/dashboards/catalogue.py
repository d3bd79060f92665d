"""What the metrics of sophia are called, and which labels they have."""

from __future__ import annotations

LABELS: dict[str, tuple[str, ...]] = {
    "sophia_llm_requests_total": ("provider", "model", "route", "task", "outcome", "error_type"),
    "sophia_llm_attempts_total": ("provider", "model", "outcome", "error_type"),
    "sophia_llm_request_duration_seconds": ("provider", "model", "outcome"),
    "sophia_llm_time_to_first_chunk_seconds": ("provider", "model"),
    "sophia_llm_tokens_total": ("provider", "model", "type"),
    "sophia_llm_cost_usd_total": ("provider", "model", "route", "task"),
    "sophia_llm_saved_usd_total": ("reason",),
    "sophia_llm_unpriced_requests_total": ("provider", "model"),
    "sophia_llm_cache_lookups_total": ("provider", "result"),
    "sophia_llm_fallbacks_total": ("from", "to", "reason"),
    "sophia_llm_data_kept_local_bytes_total": ("provider", "task"),
    "sophia_llm_budget_limit_usd": ("budget",),
    "sophia_llm_budget_spent_usd": ("budget",),
    "sophia_llm_budget_held_usd": ("budget",),
    "sophia_llm_budget_unknown_usd": ("budget",),
    "sophia_llm_budget_period_start_timestamp_seconds": ("budget",),
    "sophia_llm_budget_period_end_timestamp_seconds": ("budget",),
    "sophia_llm_last_success_timestamp_seconds": ("provider",),
    "sophia_ledger_rows": (),
    "sophia_ledger_readable": (),
    "sophia_build_info": ("version",),
}


def labels_of(metric: str) -> tuple[str, ...]:
    """The labels of a metric, or of a histogram's series. Raises KeyError for one that is not declared."""
    for end in ("_bucket", "_sum", "_count"):
        family = metric.removesuffix(end)
        if family != metric and family in LABELS:
            return (*LABELS[family], *(("le",) if end == "_bucket" else ()))
    return LABELS[metric]
