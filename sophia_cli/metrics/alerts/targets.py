"""What alerts go by: `[alerts]` and `[budgets]` of `sophia.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.llm.budgets.budget import Budget, parse_budgets
from sophia_cli.llm.configfile import ConfigFile, Key, load
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.ledger.schema import BUCKETS

KEYS = (
    Key("alerts.success", float, 0.99, "share of calls that should be answered", minimum=0.5),
    Key(
        "alerts.p95",
        float,
        30.0,
        "seconds that 95 of 100 answers of a model should take at most",
        minimum=BUCKETS[0],
    ),
    Key("alerts.fallbacks", float, 0.2, "share of calls that may be handed on", minimum=0),
    Key(
        "alerts.silent",
        float,
        1.0,
        "hours without an answer after which a provider that is asked is silent",
        minimum=0.1,
    ),
    Key(
        "alerts.cache_drop",
        float,
        0.5,
        "part of a day's hit ratio below which that of an hour is a collapse",
        minimum=0,
    ),
    Key("alerts.least_calls", int, 20, "calls below which no ratio is judged", minimum=1),
    Key("alerts.grafana", str, "http://localhost:3000", "where the links of alerts lead"),
)
_BELOW = {"success": 1.0, "p95": BUCKETS[-2], "fallbacks": 1.0, "cache_drop": 1.0}


@dataclass(frozen=True)
class Targets:
    """The settings, checked. `budgets` are those with a limit."""

    success: float = 0.99
    p95: float = 30.0
    fallbacks: float = 0.2
    silent: float = 1.0
    cache_drop: float = 0.5
    least_calls: int = 20
    grafana: str = "http://localhost:3000"
    budgets: tuple[Budget, ...] = ()


def load_targets(environ: Mapping[str, str], root: Path) -> Targets:
    """Read the nearest `sophia.toml` upwards from `root`. Raises ConfigError."""
    file = load(environ, root)
    names = tuple(key.path.partition(".")[2] for key in KEYS)
    file.table("alerts", names)
    said = {name: file.value(key, environ) for name, key in zip(names, KEYS, strict=True)}
    for name, most in _BELOW.items():
        if said[name] >= most:
            raise _wrong(file, name, said[name], f"less than {most:g}")
    if not said["grafana"].startswith(("http://", "https://")):
        raise _wrong(file, "grafana", said["grafana"], "such as http://localhost:3000")
    budgets = tuple(one for one in parse_budgets(file) if one.limit_nano)
    return Targets(**{**said, "grafana": said["grafana"].rstrip("/")}, budgets=budgets)


def _wrong(file: ConfigFile, name: str, found: object, mend: str) -> ConfigError:
    return ConfigError(f"{file.name}: [alerts] {name} cannot be {found!r}", mend)
