"""`[routes]`, `[models]` and `[[rules]]` of `sophia.toml`, checked: what contradicts itself is said before any call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from sophia_cli.llm.configfile import ConfigFile
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.rules.rule import AS_WRITTEN, SORTS, WEIGHT, Chain, Order, Rule, When
from sophia_cli.llm.tasks import TaskType

DEFAULT_ROUTE = "default"
_ROUTES = (*(task.value for task in TaskType), DEFAULT_ROUTE)
_ROUTE_KEYS = ("chain", "sort", "weights")
_RULE_KEYS = ("name", "when", "use", "avoid", "sort", "weights")
_LABELS = ("task", "service", "team", "user", "data_class", "door")
_SIZES = ("prompt_over", "prompt_under")
_WHEN_KEYS = (*_LABELS, "model", *_SIZES)

Providers = Mapping[str, Provider]
DataClasses = Mapping[str, tuple[str, ...]]


def parse_models(file: ConfigFile, providers: Providers) -> dict[str, Chain]:
    """The `[models]` table: a name that calls use, and what answers to it."""
    return {
        name: _chain(file, f"[models] {name}", value, providers)
        for name, value in file.table("models").items()
    }


def parse_routes(
    file: ConfigFile, providers: Providers
) -> tuple[dict[str, Chain], dict[str, Order]]:
    """The `[routes]` table: a chain for each task, and the orders of those that have one."""
    chains, orders = {}, {}
    for name, value in file.table("routes", _ROUTES).items():
        where = f"[routes] {name}"
        table = value if isinstance(value, dict) else {"chain": value}
        file.check_names(where, table, _ROUTE_KEYS)
        chains[name] = _chain(file, where, table.get("chain"), providers)
        order = _order(file, where, table, chains[name])
        if order.sort != AS_WRITTEN:
            orders[name] = order
    return chains, orders


def parse_rules(
    file: ConfigFile, providers: Providers, data_classes: DataClasses
) -> tuple[Rule, ...]:
    """The `[[rules]]`, in their order. Raises ConfigError for one that cannot be kept."""
    tables = file.tables.get("rules", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{file.name}: rules must be tables", "write each as [[rules]]")
    rules: list[Rule] = []
    for number, table in enumerate(tables, 1):
        where = _named(file, number, table)
        rule = _rule(file, where, table, providers)
        _check_data_class(file, where, rule, data_classes)
        _check_against(file, where, rule, rules)
        rules.append(rule)
    return tuple(rules)


def check_provider(file: ConfigFile, where: str, name: str, providers: Providers) -> None:
    """Raise ConfigError for a provider that nobody knows."""
    if name not in providers:
        raise ConfigError(
            f"{file.name}: {where} names the provider '{name}', which is not known",
            f"known: {', '.join(providers)}; or add [providers.{name}]",
        )


def _chain(file: ConfigFile, where: str, value: Any, providers: Providers) -> Chain:
    links = []
    for text in file.strings(where, value):
        provider, slash, model = text.partition("/")
        if not slash or not provider or not model:
            raise ConfigError(f'{file.name}: {where}: "{text}" must be "provider/model"')
        check_provider(file, where, provider, providers)
        links.append((provider, model))
    return tuple(links)


def _order(file: ConfigFile, where: str, table: Mapping[str, Any], chain: Chain) -> Order:
    weights = table.get("weights", [])
    sort = table.get("sort", WEIGHT if weights else AS_WRITTEN)
    if sort not in SORTS:
        raise ConfigError(
            f"{file.name}: {where} sort {sort!r} is not known", f"allowed: {', '.join(SORTS)}"
        )
    if not isinstance(weights, list) or not all(_is_weight(weight) for weight in weights):
        raise ConfigError(f"{file.name}: {where} weights must be numbers of at least 0")
    if (sort == WEIGHT) != bool(weights):
        words = f"has weights, but sort {sort!r}" if weights else "has sort 'weight' without any"
        raise ConfigError(
            f"{file.name}: {where} {words}", "weights = [3, 1] go with sort = 'weight'"
        )
    if weights and len(weights) != len(chain):
        raise ConfigError(
            f"{file.name}: {where} has {len(weights)} weights for {len(chain)} candidates",
            "one weight for each",
        )
    if weights and not any(weights):
        raise ConfigError(f"{file.name}: {where} weights are all 0", "leave the candidates out")
    return Order(sort, tuple(float(weight) for weight in weights))


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value >= 0 and isfinite(value)


def _named(file: ConfigFile, number: int, table: Mapping[str, Any]) -> str:
    name = table.get("name", f"rule {number}")
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{file.name}: rule {number} name must be a string, not {name!r}")
    return f"rule '{name}'" if "name" in table else name


def _rule(file: ConfigFile, where: str, table: Mapping[str, Any], providers: Providers) -> Rule:
    file.check_names(where, table, _RULE_KEYS)
    use = _chain(file, f"{where} use", table.get("use", []), providers)
    avoid = file.strings(f"{where} avoid", table.get("avoid", []))
    for name in avoid:
        check_provider(file, f"{where} avoid", name.partition("/")[0], providers)
    order = _order(file, where, table, use)
    rule = Rule(where, _when(file, where, table.get("when", {})), use, avoid, order)
    if rule == Rule(where, rule.when):
        raise ConfigError(f"{file.name}: {where} says nothing", "give it use, avoid or sort")
    for provider, model in use:
        if rule.avoids(provider, model):
            raise ConfigError(f"{file.name}: {where} uses and avoids {provider}/{model}")
    return rule


def _when(file: ConfigFile, where: str, table: Any) -> When:
    if not isinstance(table, dict):
        raise ConfigError(f"{file.name}: {where} when must be a table", 'such as {team = "data"}')
    file.check_names(f"{where} when", table, _WHEN_KEYS)
    for name, value in table.items():
        wanted, words = (int, "tokens") if name in _SIZES else (str, "a string")
        if not isinstance(value, wanted) or isinstance(value, bool) or value == "":
            raise ConfigError(f"{file.name}: {where} when {name} must be {words}, not {value!r}")
    if "task" in table and table["task"] not in _ROUTES[:-1]:
        raise ConfigError(
            f"{file.name}: {where} when task '{table['task']}' is not known",
            f"allowed: {', '.join(_ROUTES[:-1])}",
        )
    over, under = table.get("prompt_over"), table.get("prompt_under")
    if over is not None and under is not None and under <= over + 1:
        raise ConfigError(f"{file.name}: {where} no prompt is over {over} and under {under} tokens")
    labels = {name: table[name] for name in _LABELS if name in table}
    return When(labels, table.get("model", ""), over, under)


def _check_data_class(file: ConfigFile, where: str, rule: Rule, data_classes: DataClasses) -> None:
    """A rule about a data class may use only who may see it."""
    wanted = rule.when.labels.get("data_class")
    if wanted is None:
        return
    if wanted not in data_classes:
        raise ConfigError(
            f"{file.name}: {where} is about the data class '{wanted}', which is not configured",
            "add it to [data_classes]",
        )
    for provider, _ in rule.use:
        if provider not in data_classes[wanted]:
            raise ConfigError(
                f"{file.name}: {where} uses {provider}, which data class '{wanted}' may not reach",
                f"[data_classes] {wanted}: {', '.join(data_classes[wanted])}",
            )


def _check_against(file: ConfigFile, where: str, rule: Rule, earlier: list[Rule]) -> None:
    """Two rules about the same calls: the second is never reached."""
    for number, other in enumerate(earlier, 1):
        if other.name == where:
            raise ConfigError(f"{file.name}: two rules are named {where.removeprefix('rule ')}")
        if other.when == rule.when and replace(other, name=where) != rule:
            first, second = _line(file, number), _line(file, len(earlier) + 1)
            raise ConfigError(
                f"{file.name}: {other.name}{first} and {where}{second} are about the same calls, "
                "but say different things",
                "the first would always win: change the conditions of one, or take it out",
            )


def _line(file: ConfigFile, number: int) -> str:
    """Where a rule begins in the file; empty where that is not easily seen."""
    try:
        text = file.path.read_text(encoding="utf-8-sig") if file.path else ""
    except OSError:
        return ""
    lines = [n for n, line in enumerate(text.splitlines(), 1) if _HEAD.match(line)]
    return f" (line {lines[number - 1]})" if len(lines) >= number else ""


_HEAD = re.compile(r"\s*\[\[\s*rules\s*\]\]")
