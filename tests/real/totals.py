"""What every figure of the boards and the alerts has to be: the same asked of the ledger, in SQL.

The columns before the last are labels of a series, the last is its value. `:until` is the moment of
the question in seconds since 1970, `:day` the beginning of its day.
"""

from __future__ import annotations

from collections.abc import Mapping

_USD, _ANSWERED = "SUM(cost_nano) / 1e9", "SUM(outcome IN ('ok', 'cached'))"
_SHARE = f"1.0 * {_ANSWERED} / SUM(outcome != 'cancelled')"
_FAILED, _MISSED = "SUM(outcome IN ('error', 'unknown'))", "SUM(outcome != 'ok')"
_UNPRICED = "SUM(outcome = 'ok' AND cost_nano IS NULL)"
_SAVED = "SELECT SUM(saved_nano) / 1e9 FROM calls WHERE outcome = 'cached'"
_KEPT = "SELECT SUM(kept_local) FROM calls"
_CALLS = "SELECT COUNT(*) FROM calls"
_HANDED_ON = """FROM attempts one JOIN attempts other
    ON one.call_id = other.call_id AND other.number = one.number + 1 AND one.provider != other.provider"""
_SILENT = """SELECT provider, :until - MAX(started_ns + latency_us * 1000) / 1e9 FROM calls
    WHERE outcome = 'ok' GROUP BY provider"""

# What each budget has spent in the day of `:until`, and its limit.
_BUDGETS = """(SELECT 'everything' AS budget, SUM(cost_nano) / 1e9 AS spent, 40.0 AS most FROM calls
        WHERE started_ns >= :day * 1000000000
    UNION SELECT 'bulk', SUM(cost_nano) / 1e9, 0.2 FROM calls
        WHERE started_ns >= :day * 1000000000 AND task = 'bulk')"""
_GONE = "((:until - :day) / 86400.0)"


def _by(labels: str, value: str, where: str = "", source: str = "calls") -> str:
    return f"SELECT {labels}, {value} AS v FROM {source} GROUP BY {labels} {where}"


def _shown(labels: str, value: str) -> str:
    """Only what is not 0, as tables of many rows show it."""
    return _by(labels, value, "HAVING v > 0")


_MODEL, _TASK, _WAY = "provider, model", "via AS route, task", "via AS route, task, provider"
_PER_1K = f"1000 * {_USD} / {_ANSWERED}"


def _grouped(labels: str, value: str) -> str:
    return _shown(labels, value).replace(
        f"GROUP BY {labels}", f"GROUP BY {labels.replace(' AS route', '')}"
    )


BOARDS: Mapping[tuple[str, str, str], str] = {
    ("cost", "Spend", "A"): f"SELECT {_USD} FROM calls",
    ("cost", "USD per 1k answered", "A"): f"SELECT {_PER_1K} FROM calls",
    ("cost", "Saved by cache", "A"): _SAVED,
    ("cost", "Unpriced", "A"): f"SELECT {_UNPRICED} FROM calls",
    ("cost", "Fullest budget", "A"): f"SELECT MAX(spent / most) FROM {_BUDGETS}",
    ("cost", "Highest forecast", "A"): f"SELECT MAX(spent / most / {_GONE}) FROM {_BUDGETS}",
    ("cost", "Budgets", "A"): f"SELECT budget, spent / most FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "A"): f"SELECT budget, most FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "B"): f"SELECT budget, spent FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "C"): f"SELECT budget, 0 FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "D"): f"SELECT budget, 0 FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "E"): f"SELECT budget, spent / {_GONE} FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "F"):
        f"SELECT budget, MAX(most - spent, 0) * (:until - :day) / spent FROM {_BUDGETS}",
    ("cost", "Budgets and what they will come to", "G"):
        f"SELECT budget, (:day + 86400) * 1000 FROM {_BUDGETS}",
    ("cost", "Models", "A"): _grouped(_MODEL, _USD),
    ("cost", "Models", "B"): _grouped(_MODEL, "COUNT(*)"),
    ("cost", "Models", "C"): _grouped(_MODEL, _PER_1K),
    ("cost", "Models", "D"): _grouped(_MODEL, _UNPRICED),
    ("cost", "Tasks", "A"): _grouped(_TASK, _USD),
    ("cost", "Tasks", "B"): _grouped(_TASK, "COUNT(*)"),
    ("cost", "Tasks", "C"): _grouped(_TASK, _PER_1K),
    ("cost", "Saved, by reason", "A"):
        """SELECT CASE outcome WHEN 'cached' THEN 'cache' ELSE 'route' END AS reason, SUM(saved_nano) / 1e9
        FROM calls WHERE saved_nano > 0 GROUP BY 1""",
    ("cost", "Unpriced calls by model", "A"): _grouped(_MODEL, _UNPRICED),
    ("latency", "Tokens per second", "A"):
        """SELECT SUM(CASE outcome WHEN 'cached' THEN 0 ELSE tokens_out END) * 1e6
        / SUM(CASE outcome WHEN 'ok' THEN latency_us END) FROM calls""",
    ("latency", "Models", "A"): _grouped(_MODEL, "COUNT(*)"),
    ("latency", "Models", "B"): _grouped(_MODEL, "AVG(latency_us) / 1e6"),
    ("overview", "Calls", "A"): _CALLS,
    ("overview", "Answered", "A"): f"SELECT {_SHARE} FROM calls",
    ("overview", "Spend", "A"): f"SELECT {_USD} FROM calls",
    ("overview", "Saved by cache", "A"): _SAVED,
    ("overview", "Unpriced", "A"): f"SELECT {_UNPRICED} FROM calls",
    ("overview", "Kept local", "A"): _KEPT,
    ("overview", "Fullest budget", "A"): f"SELECT MAX(spent / most) FROM {_BUDGETS}",
    ("overview", "Budgets", "A"): f"SELECT budget, spent / most FROM {_BUDGETS}",
    ("overview", "Providers compared", "A"): _grouped(_MODEL, "COUNT(*)"),
    ("overview", "Providers compared", "B"): _by(_MODEL, _SHARE),
    ("overview", "Providers compared", "E"):
        _grouped(_MODEL, "SUM(CASE outcome WHEN 'cached' THEN 0 ELSE tokens_in END)"),
    ("overview", "Providers compared", "F"):
        _grouped(_MODEL, "SUM(CASE outcome WHEN 'cached' THEN 0 ELSE tokens_out END)"),
    ("overview", "Providers compared", "G"): _grouped(_MODEL, _USD),
    ("overview", "Providers compared", "H"): _grouped(_MODEL, _PER_1K),
    ("overview", "Providers compared", "I"): _grouped(_MODEL, _UNPRICED),
    ("overview", "Since a provider last answered", "A"): _SILENT,
    ("overview", "Versions", "A"): "SELECT 1",
    ("overview", "Calls in the ledger", "A"): _CALLS,
    ("overview", "Ledger readable", "A"): "SELECT 1",
    ("reliability", "Answered", "A"): f"SELECT {_SHARE} FROM calls",
    ("reliability", "Failed calls", "A"): f"SELECT {_FAILED} FROM calls",
    ("reliability", "Failed attempts", "A"): f"SELECT {_MISSED} FROM attempts",
    ("reliability", "Handed on", "A"): f"SELECT COUNT(*) {_HANDED_ON}",
    ("reliability", "Cancelled", "A"): "SELECT SUM(outcome = 'cancelled') FROM calls",
    ("reliability", "Ledger readable", "A"): "SELECT 1",
    ("reliability", "Models", "A"): _grouped(_MODEL, "COUNT(*)"),
    ("reliability", "Models", "B"): _by(_MODEL, _FAILED),
    ("reliability", "Models", "C"): _by(_MODEL, _SHARE),
    ("reliability", "Models", "D"): _by(_MODEL, "COUNT(*)", source="attempts"),
    ("reliability", "Models", "E"): _by(_MODEL, _MISSED, source="attempts"),
    ("reliability", "Since a provider last answered", "A"): _SILENT,
    ("routing", "Calls", "A"): _CALLS,
    ("routing", "Kept local", "A"): _KEPT,
    ("routing", "Cache hits", "A"):
        """SELECT 1.0 * SUM(outcome = 'cached') / (SUM(outcome = 'cached') +
        (SELECT SUM(missed) FROM totals)) FROM calls""",
    ("routing", "Saved by cache", "A"): _SAVED,
    ("routing", "Handed on", "A"): "",  # two panels are called so: they are told apart below
    ("routing", "Kept in the warehouse, by task", "A"): _grouped("task", "SUM(kept_local)"),
    ("routing", "Who answers what", "A"): _grouped(_WAY, "COUNT(*)"),
    ("routing", "Who answers what", "B"): _grouped(_WAY, _SHARE),
    ("routing", "Who answers what", "C"): _grouped(_WAY, _PER_1K),
}  # fmt: skip
HANDED_ON = {
    "stat": f"SELECT COUNT(*) {_HANDED_ON}",
    "table": f"""SELECT one.provider AS "from", other.provider AS "to", one.error_kind AS reason, COUNT(*)
        {_HANDED_ON} GROUP BY 1, 2, 3""",
}
# Quantiles of these are known to within their bucket, twice as wide as the one before.
_FIRST = "SELECT first_us FROM calls WHERE first_us IS NOT NULL ORDER BY 1"
_ALL = "SELECT latency_us FROM calls ORDER BY 1"
QUANTILES: Mapping[tuple[str, str, str], tuple[float, str]] = {
    ("latency", "p50", "A"): (0.5, _ALL),
    ("latency", "p95", "A"): (0.95, _ALL),
    ("latency", "p99", "A"): (0.99, _ALL),
    ("latency", "First piece, p50", "A"): (0.5, _FIRST),
    ("latency", "First piece, p95", "A"): (0.95, _FIRST),
    ("overview", "p95 latency", "A"): (0.95, _ALL),
}
# The same by model.
BY_MODEL: Mapping[tuple[str, str, str], float] = {
    ("latency", "Models", "C"): 0.5,
    ("latency", "Models", "D"): 0.95,
    ("latency", "Models", "E"): 0.99,
    ("overview", "Providers compared", "C"): 0.5,
    ("overview", "Providers compared", "D"): 0.95,
}

_WITHIN = "started_ns > (:until - {seconds}) * 1000000000 AND started_ns <= :until * 1000000000"
_JUDGED = """SUM(outcome = 'error' AND error_kind NOT IN ('budget_exceeded', 'context_length', 'guardrail',
    'invalid_request')) * 1.0 / SUM(outcome IN ('ok', 'cached', 'error'))"""


def _lately(seconds: int, value: str, labels: str = "", source: str = "calls") -> str:
    where = _WITHIN.format(seconds=seconds)
    named, grouped = (f"{labels}, ", f" GROUP BY {labels}") if labels else ("", "")
    return f"SELECT {named}{value} AS v FROM {source} WHERE {where}{grouped}"


# What stands before the first comparison of an alert; where it is a growth in a window, Prometheus
# guesses at the ends of the window, by a part of its steps.
EXACT_ALERTS: Mapping[str, str] = {
    "SophiaProviderSilent": _SILENT.replace(":until - MAX", "(:until - MAX").replace(
        "/ 1e9", "/ 1e9) / 3600"
    ),
    "SophiaBudget50To80": f"SELECT budget, spent / most FROM {_BUDGETS}",
    "SophiaBudget80To100": f"SELECT budget, spent / most FROM {_BUDGETS}",
    "SophiaBudget100": f"SELECT budget, spent / most FROM {_BUDGETS}",
    "SophiaBudgetForecastDay": f"SELECT budget, spent / most / {_GONE} FROM {_BUDGETS}",
    "SophiaLedgerUnreadable": "SELECT 1",
}
GROWN_ALERTS: Mapping[str, str] = {
    "SophiaErrorsFast": _lately(3600, _JUDGED),
    "SophiaErrorsSlow": _lately(21_600, _JUDGED),
    "SophiaFallbacks": f"""SELECT 1.0 * (SELECT COUNT(*) {_HANDED_ON} JOIN calls ON calls.id = one.call_id
        WHERE {_WITHIN.format(seconds=3600)}) / SUM(outcome IN ('ok', 'cached', 'error'))
        FROM calls WHERE {_WITHIN.format(seconds=3600)}""",
    "SophiaUnpriced": _lately(3600, _UNPRICED, "provider, model"),
}  # fmt: skip
