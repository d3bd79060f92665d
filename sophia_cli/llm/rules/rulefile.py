"""`[routes]`, `[models]` and `[[rules]]` of `sophia.toml`, checked: what contradicts itself is said before any call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
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
        name: _chain(file, f"[models] {name}", value, providers, "models", name)
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
        at = ("routes", name)
        file.check_names(where, table, _ROUTE_KEYS, *at)
        chains[name] = _chain(file, where, table.get("chain"), providers, *at, "chain")
        order = _order(file, where, table, chains[name], *at)
        if order.sort != AS_WRITTEN:
            orders[name] = order
    return chains, orders


def parse_rules(
    file: ConfigFile, providers: Providers, data_classes: DataClasses
) -> tuple[Rule, ...]:
    """The `[[rules]]`, in their order. Raises ConfigError for one that cannot be kept."""
    tables = file.tables.get("rules", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{file.at('rules')}: rules must be tables", "write each as [[rules]]")
    rules: list[Rule] = []
    for number, table in enumerate(tables, 1):
        where = _named(file, number, table)
        rule = _rule(file, where, table, providers, number - 1)
        _check_data_class(file, where, rule, data_classes, number - 1)
        _check_against(file, where, rule, rules)
        rules.append(rule)
    return tuple(rules)


def check_provider(
    file: ConfigFile, where: str, name: str, providers: Providers, *keys: str | int
) -> None:
    """Raise ConfigError for a provider that nobody knows; `keys` lead to where it is named."""
    if name not in providers:
        raise ConfigError(
            f"{file.at(*keys)}: {where} names the provider '{name}', which is not known",
            f"known: {', '.join(providers)}; or add [providers.{name}]",
        )


def _chain(
    file: ConfigFile, where: str, value: Any, providers: Providers, *keys: str | int
) -> Chain:
    links = []
    for row, text in enumerate(file.strings(where, value, *keys)):
        provider, slash, model = text.partition("/")
        if not slash or not provider or not model:
            at = file.at(*keys, row)
            raise ConfigError(f'{at}: {where}: "{text}" must be "provider/model"')
        check_provider(file, where, provider, providers, *keys, row)
        links.append((provider, model))
    return tuple(links)


def _order(
    file: ConfigFile, where: str, table: Mapping[str, Any], chain: Chain, *keys: str | int
) -> Order:
    at = partial(file.at, *keys)
    weights = table.get("weights", [])
    sort = table.get("sort", WEIGHT if weights else AS_WRITTEN)
    if sort not in SORTS:
        raise ConfigError(
            f"{at('sort')}: {where} sort {sort!r} is not known", f"allowed: {', '.join(SORTS)}"
        )
    if not isinstance(weights, list) or not all(_is_weight(weight) for weight in weights):
        raise ConfigError(f"{at('weights')}: {where} weights must be numbers of at least 0")
    if (sort == WEIGHT) != bool(weights):
        words = f"has weights, but sort {sort!r}" if weights else "has sort 'weight' without any"
        raise ConfigError(f"{at()}: {where} {words}", "weights = [3, 1] go with sort = 'weight'")
    if weights and len(weights) != len(chain):
        raise ConfigError(
            f"{at('weights')}: {where} has {len(weights)} weights for {len(chain)} candidates",
            "one weight for each",
        )
    if weights and not any(weights):
        words = f"{at('weights')}: {where} weights are all 0"
        raise ConfigError(words, "leave the candidates out")
    return Order(sort, tuple(float(weight) for weight in weights))


def _is_weight(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value >= 0 and isfinite(value)


def _named(file: ConfigFile, number: int, table: Mapping[str, Any]) -> str:
    name = table.get("name", f"rule {number}")
    if not isinstance(name, str) or not name.strip():
        at = file.at("rules", number - 1, "name")
        raise ConfigError(f"{at}: rule {number} name must be a string, not {name!r}")
    return f"rule '{name}'" if "name" in table else name


def _rule(
    file: ConfigFile, where: str, table: Mapping[str, Any], providers: Providers, row: int
) -> Rule:
    at = ("rules", row)
    file.check_names(where, table, _RULE_KEYS, *at)
    use = _chain(file, f"{where} use", table.get("use", []), providers, *at, "use")
    avoid = file.strings(f"{where} avoid", table.get("avoid", []), *at, "avoid")
    for name in avoid:
        provider = name.partition("/")[0]
        check_provider(file, f"{where} avoid", provider, providers, *at, "avoid")
    order = _order(file, where, table, use, *at)
    rule = Rule(where, _when(file, where, table.get("when", {}), *at, "when"), use, avoid, order)
    if rule == Rule(where, rule.when):
        words = f"{file.at(*at)}: {where} says nothing"
        raise ConfigError(words, "give it use, avoid or sort")
    for provider, model in use:
        if rule.avoids(provider, model):
            words = f"uses and avoids {provider}/{model}"
            raise ConfigError(f"{file.at(*at, 'use')}: {where} {words}")
    return rule


def _when(file: ConfigFile, where: str, table: Any, *keys: str | int) -> When:
    at = partial(file.at, *keys)
    if not isinstance(table, dict):
        raise ConfigError(f"{at()}: {where} when must be a table", 'such as {team = "data"}')
    file.check_names(f"{where} when", table, _WHEN_KEYS, *keys)
    for name, value in table.items():
        wanted, words = (int, "tokens") if name in _SIZES else (str, "a string")
        if not isinstance(value, wanted) or isinstance(value, bool) or value == "":
            raise ConfigError(f"{at(name)}: {where} when {name} must be {words}, not {value!r}")
    if "task" in table and table["task"] not in _ROUTES[:-1]:
        raise ConfigError(
            f"{at('task')}: {where} when task '{table['task']}' is not known",
            f"allowed: {', '.join(_ROUTES[:-1])}",
        )
    over, under = table.get("prompt_over"), table.get("prompt_under")
    if over is not None and under is not None and under <= over + 1:
        words = f"no prompt is over {over} and under {under} tokens"
        raise ConfigError(f"{at()}: {where} {words}")
    labels = {name: table[name] for name in _LABELS if name in table}
    return When(labels, table.get("model", ""), over, under)


def _check_data_class(
    file: ConfigFile, where: str, rule: Rule, data_classes: DataClasses, row: int
) -> None:
    """A rule about a data class may use only who may see it."""
    wanted = rule.when.labels.get("data_class")
    if wanted is None:
        return
    if wanted not in data_classes:
        raise ConfigError(
            f"{file.at('rules', row, 'when')}: {where} is about the data class '{wanted}', which is not configured",
            "add it to [data_classes]",
        )
    for provider, _ in rule.use:
        if provider not in data_classes[wanted]:
            raise ConfigError(
                f"{file.at('rules', row, 'use')}: {where} uses {provider}, which data class '{wanted}' may not reach",
                f"[data_classes] {wanted}: {', '.join(data_classes[wanted])}",
            )


def _check_against(file: ConfigFile, where: str, rule: Rule, earlier: list[Rule]) -> None:
    """Two rules about the same calls: the second is never reached."""
    for number, other in enumerate(earlier, 1):
        if other.name == where:
            at = file.at("rules", len(earlier), "name")
            raise ConfigError(f"{at}: two rules are named {where.removeprefix('rule ')}")
        if other.when == rule.when and replace(other, name=where) != rule:
            at, first = file.at("rules", len(earlier)), file.at("rules", number - 1)
            raise ConfigError(
                f"{at}: {where} and {other.name} ({first}) are about the same calls, but say"
                " different things",
                "the first would always win: change the conditions of one, or take it out",
            )
