"""What the service knows before a call: providers, routes, data classes, prices.

Read once from `sophia.toml` and the environment; nothing is asked of the network.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sophia_cli.llm.budgets.budget import Budget, parse_budgets
from sophia_cli.llm.cache.policy import CachePolicy, parse_cache
from sophia_cli.llm.catalogue.limits import parse_limits
from sophia_cli.llm.configfile import ConfigFile, Key, load, path_of
from sophia_cli.llm.endpoints import from_environment, from_file
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.estimate import MOST_OUTPUT
from sophia_cli.llm.folders import own_folder
from sophia_cli.llm.keyfile import FILE, KEYRING, open_keys
from sophia_cli.llm.metrics.place import AUTO, check_place
from sophia_cli.llm.metrics.place import KEYS as METRICS_KEYS
from sophia_cli.llm.prices import Price, parse_prices
from sophia_cli.llm.privacy import Privacy, parse_privacy
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.rules.rule import Chain, Order, Rule
from sophia_cli.llm.rules.rulefile import check_provider, parse_models, parse_routes, parse_rules

KEYS = (
    Key(
        "llm.service",
        str,
        "",
        "name of the calling service, a label of every call",
        "SOPHIA_SERVICE",
    ),
    Key(
        "llm.timeout",
        float,
        60.0,
        "seconds without a byte from the provider after which an attempt is given up",
        "SOPHIA_LLM_TIMEOUT",
        0.001,
    ),
    Key(
        "llm.attempts",
        int,
        3,
        "how often one candidate is tried (native door)",
        "SOPHIA_LLM_ATTEMPTS",
        1,
    ),
    Key(
        "llm.longest_wait",
        float,
        20.0,
        "seconds; a longer Retry-After moves on to the next candidate",
        "SOPHIA_LLM_LONGEST_WAIT",
        0,
    ),
    Key(
        "llm.ledger", str, "", "path of the ledger (default: the XDG state folder)", "SOPHIA_LEDGER"
    ),
    Key(
        "llm.keys",
        str,
        FILE,
        "where `sophia llm keys` keeps them: `file`, or `keyring` with the extra of that name",
        "SOPHIA_KEYS",
    ),
    Key(
        "llm.durability",
        str,
        "call",
        "`call`: a call is on disk before its answer returns; `batch`: within 50 ms, for services",
        "SOPHIA_LLM_DURABILITY",
    ),
    Key(
        "llm.http",
        str,
        "",
        "what calls go over: `httpx`, `httpx2` (default where installed) or, if async, `aiohttp` (extra `fast`)",
        "SOPHIA_LLM_HTTP",
    ),
    Key(
        "llm.deadline",
        float,
        0.0,
        "seconds for a whole call, retries and fallbacks included; 0 is no limit",
        "SOPHIA_LLM_DEADLINE",
        0,
    ),
    Key(
        "llm.breaker_failures",
        int,
        5,
        "failures in a row after which a candidate is left alone for a while; 0 never does",
        "",
        0,
    ),
    Key(
        "llm.breaker_rest",
        float,
        30.0,
        "seconds until a candidate that was left alone gets one call to show that it answers again",
        "",
        0.1,
    ),
    Key(
        "llm.infer_task",
        bool,
        True,
        "whether a chat without a task gets one from its last message (see Who answers)",
    ),
    Key(
        "llm.max_output",
        int,
        MOST_OUTPUT,
        "tokens an answer is expected to have at most where the call sets no limit",
        "SOPHIA_LLM_MAX_OUTPUT",
        1,
    ),
    Key(
        "llm.otel",
        bool,
        False,
        "OpenTelemetry spans and metrics of every call (needs the extra `otel`)",
        "SOPHIA_OTEL",
    ),
)
HTTPX, HTTPX2, AIOHTTP = "httpx", "httpx2", "aiohttp"
# Variables that are read beside those of the settings and of providers.
VARIABLES = (
    ("SOPHIA_CONFIG", "path of the `sophia.toml` to read, wherever the working directory is"),
    ("XDG_STATE_HOME", "folder of the ledger's folder (default: `~/.local/state`)"),
    ("XDG_CONFIG_HOME", "folder of the keys' folder (default: `~/.config`)"),
    ("XDG_CACHE_HOME", "folder of the folder for OpenRouter's prices (default: `~/.cache`)"),
    ("HTTPS_PROXY", "proxy to the providers, as `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`"),
    ("SSL_CERT_FILE", "certificates to trust, as `SSL_CERT_DIR`"),
)
_LOG = logging.getLogger("sophia_cli.llm.config")
CALL, BATCH = "call", "batch"  # durability
_CHOICES = {
    "durability": (CALL, BATCH),
    "keys": (FILE, KEYRING),
    "http": ("", HTTPX, HTTPX2, AIOHTTP),
}


@dataclass(frozen=True)
class Config:
    """Settings of `sophia_cli.llm`, checked. Chains are tuples of `(provider, model)`.

    `orders` says how a route of that name is put in order, where it is not as written. `plans` is
    what routing has worked out from all this: kept with it, no part of what it says.
    """

    service: str = ""
    timeout: float = 60.0
    attempts: int = 3
    longest_wait: float = 20.0
    ledger: Path | None = None
    durability: str = CALL
    http: str = ""
    deadline: float = 0.0
    breaker_failures: int = 5
    breaker_rest: float = 30.0
    otel: bool = False
    providers: Mapping[str, Provider] = field(default_factory=dict)
    routes: Mapping[str, Chain] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    models: Mapping[str, Chain] = field(default_factory=dict)
    data_classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    infer_task: bool = True
    max_output: int = MOST_OUTPUT
    openrouter_prices: Path | None = None
    keys: str = FILE
    cache: CachePolicy = field(default_factory=CachePolicy)
    privacy: Privacy = field(default_factory=Privacy)
    write: str = AUTO
    file: Path | None = None
    # What `price_of` has found, until when: it lives and goes with the configuration.
    priced: dict[tuple[str, str], tuple[Price | None, float]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    plans: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def every_order(self) -> tuple[Order, ...]:
        """How routes and rules put candidates in order, where it is not as written."""
        return (*self.orders.values(), *(rule.order for rule in self.rules))

    @property
    def routed(self) -> bool:
        """Whether somebody wrote routes: from then on drop-in calls follow them."""
        return bool(self.routes or self.models)


def load_config(environ: Mapping[str, str] | None = None, start: Path | None = None) -> Config:
    """Read the configuration. Raises ConfigError naming file, key and what is allowed."""
    environ = os.environ if environ is None else environ
    file = load(environ, start)
    file.table("llm", tuple(key.path.partition(".")[2] for key in KEYS))
    settings = {key.path.partition(".")[2]: file.value(key, environ) for key in KEYS}
    settings["ledger"] = _ledger_path(settings["ledger"], file, environ)
    for name, allowed in _CHOICES.items():
        if settings[name] not in allowed:
            raise ConfigError(
                f"{file.at('llm', name)}: [llm] {name} = '{settings[name]}' is not known",
                f"allowed: {', '.join(filter(None, allowed))}",
            )
    keys = open_keys(environ, settings["keys"])
    providers = {**from_environment(keys), **from_file(file, keys)}
    routes, orders = parse_routes(file, providers)
    models = parse_models(file, providers)
    data_classes = _data_classes(file, providers)
    return Config(
        **settings,
        providers=providers,
        routes=routes,
        orders=orders,
        rules=parse_rules(file, providers, data_classes),
        models=models,
        data_classes=data_classes,
        prices=parse_prices(file),
        budgets=parse_budgets(file),
        openrouter_prices=_refreshed_prices(environ),
        limits=parse_limits(file),
        cache=parse_cache(file, environ),
        privacy=parse_privacy(file, environ, data_classes),
        write=_place(file, environ),
        file=file.path,
    )


def default_ledger(environ: Mapping[str, str]) -> Path | None:
    """Where the ledger stands when nothing is said: the XDG state folder; None for who has no home."""
    folder = own_folder(environ, "STATE")
    if folder is None:
        _tell_of_no_home()
    return folder and folder / "ledger.sqlite3"


@lru_cache
def _tell_of_no_home() -> None:
    _LOG.warning(
        "there is no home for the ledger (HOME is not set): calls are counted in memory only;"
        " name a place with SOPHIA_LEDGER"
    )


def _refreshed_prices(environ: Mapping[str, str]) -> Path | None:
    folder = own_folder(environ, "CACHE")
    return folder and folder / "openrouter-prices.json"


def _ledger_path(value: str, file: ConfigFile, environ: Mapping[str, str]) -> Path | None:
    if not value:
        return default_ledger(environ)
    named = bool(environ.get("SOPHIA_LEDGER", "").strip())
    where = (
        "the environment: SOPHIA_LEDGER" if named else f"{file.at('llm', 'ledger')}: [llm] ledger"
    )
    path = path_of(where, value)
    beside = file.path.parent if file.path and not named else Path.cwd()
    return path if path.is_absolute() else beside / path


def _place(file: ConfigFile, environ: Mapping[str, str]) -> str:
    file.table("metrics", tuple(key.path.partition(".")[2] for key in METRICS_KEYS))
    return check_place(file, file.value(METRICS_KEYS[0], environ))


def _data_classes(
    file: ConfigFile, providers: Mapping[str, Provider]
) -> dict[str, tuple[str, ...]]:
    classes = {}
    for name, value in file.table("data_classes").items():
        where = f"[data_classes] {name}"
        classes[name] = file.strings(where, value, "data_classes", name)
        for provider in classes[name]:
            check_provider(file, where, provider, providers, "data_classes", name)
    return classes


def describe_settings(keys: tuple[Key, ...]) -> list[tuple[str, Any, str, str]]:
    """Key, default, environment variable and meaning: the rows of the README's table."""
    return [(key.path, _shown(key.default), key.env or "-", key.doc) for key in keys]


def _shown(default: Any) -> Any:
    if isinstance(default, tuple):
        return ", ".join(default)
    return str(default).lower() if isinstance(default, bool) else default
