"""One budget: its limit, its window, and which calls it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeGuard

from sophia_cli.llm.call import Labels
from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.prices import NANO

DAY, MONTH = "day", "month"
ALLOW, WARN, REFUSE = "allow", "warn", "refuse"
# What a budget can be about: labels of the call, and who would answer it.
SELECTORS = ("team", "service", "task", "data_class", "user", "key", "provider", "model")
KEYS = ("limit", "per", "each", "warn", "unpriced", "stop", *SELECTORS)
_MOST = 1e9  # USD; beyond it a figure is a mistake, and integers of nano-USD end near


@dataclass(frozen=True)
class Budget:
    """A limit in nano-USD for each `day` or `month` (UTC), over the calls that match.

    `match` maps a selector to the value it must have; `each` makes one budget for every value of
    that selector. `stop` refuses what would pass the limit; without it the budget only warns.
    `unpriced` says what becomes of calls whose price is not known: `allow`, `warn` or `refuse`.
    """

    name: str
    limit_nano: int
    per: str = MONTH
    match: Mapping[str, str] = field(default_factory=dict)
    each: str = ""
    warn: tuple[float, ...] = (0.5, 0.8, 1.0)
    unpriced: str = WARN
    stop: bool = True

    def scope(self, facts: Mapping[str, str]) -> str:
        """The account that such a call is booked on; empty when the budget is not about it."""
        if any(facts.get(name, "") != value for name, value in self.match.items()):
            return ""
        if not self.each:
            return self.name
        value = facts.get(self.each, "").encode("utf-8", "backslashreplace").decode()
        return f"{self.name}/{value}"

    def window(self, now: float) -> str:
        """The day or month of a moment (seconds since 1970), such as `2026-11-24` or `2026-11`."""
        day, month = windows_of(now)
        return day if self.per == DAY else month

    def is_account(self, account: str, window: str, now: float) -> bool:
        """Whether an account of the ledger is one of this budget's in its present window."""
        return account.partition("/")[0] == self.name and window == self.window(now)


def windows_of(now: float) -> tuple[str, str]:
    """The day and the month of a moment, in UTC."""
    text = datetime.fromtimestamp(now, UTC).date().isoformat()
    return text, text[:7]


def facts_of(labels: Labels, provider: str, model: str, key: str) -> dict[str, str]:
    """What the selectors of a budget look at. `key` is the name of the provider's key."""
    return {
        "team": labels.team,
        "service": labels.service,
        "task": labels.task,
        "data_class": labels.data_class,
        "user": labels.user,
        "key": key,
        "provider": provider,
        "model": model,
    }


def parse_budgets(file: ConfigFile) -> tuple[Budget, ...]:
    """The `[budgets.NAME]` tables. Raises ConfigError naming file, key and what is allowed."""
    return tuple(_parse(file, name, table) for name, table in file.table("budgets").items())


def _parse(file: ConfigFile, name: str, table: Any) -> Budget:
    where = f"[budgets.{name}]"
    at = partial(file.at, "budgets", name)
    if not isinstance(table, dict):
        raise ConfigError(
            f"{at()}: {where} must be a table", f'[budgets.{name}]  limit = 50  per = "month"'
        )
    if "/" in name:
        raise ConfigError(f"{at()}: {where} the name of a budget has no '/'")
    file.check_names(where, table, KEYS, "budgets", name)
    limit = table.get("limit")
    if not _is_number(limit) or not 0 <= limit <= _MOST:
        raise ConfigError(
            f"{at('limit')}: {where} limit must be USD, not {limit!r}", "such as limit = 75.0"
        )
    for selector in SELECTORS:
        if not isinstance(table.get(selector, ""), str):
            raise ConfigError(
                f"{at(selector)}: {where} {selector} must be a string, not {table[selector]!r}"
            )
    stop = table.get("stop", True)
    if not isinstance(stop, bool):
        raise ConfigError(f"{at('stop')}: {where} stop must be true or false, not {stop!r}")
    return Budget(
        name=name,
        limit_nano=round(limit * NANO),
        per=_choice(at, where, table, "per", MONTH, (DAY, MONTH)),
        match={selector: table[selector] for selector in SELECTORS if selector in table},
        each=_choice(at, where, table, "each", "", SELECTORS),
        warn=_shares(at, where, table.get("warn", list(Budget.warn))),
        unpriced=_choice(at, where, table, "unpriced", WARN, (ALLOW, WARN, REFUSE)),
        stop=stop,
    )


def _choice(
    at: Callable[[str], str],
    where: str,
    table: Mapping[str, Any],
    key: str,
    default: str,
    allowed: tuple[str, ...],
) -> str:
    value = table.get(key, default)
    if key in table and value not in allowed:
        raise ConfigError(
            f"{at(key)}: {where} {key} = {value!r} is not known", f"allowed: {', '.join(allowed)}"
        )
    return str(value)


def _shares(at: Callable[[str], str], where: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not all(
        _is_number(share) and 0 < share <= 1 for share in value
    ):
        raise ConfigError(
            f"{at('warn')}: {where} warn must be a list of shares of the limit, not {value!r}",
            "such as warn = [0.5, 0.8, 1.0]",
        )
    return tuple(sorted(float(share) for share in value))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
