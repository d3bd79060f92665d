"""What a configuration alone says of the candidates of a kind of call: worked out once, kept with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sophia_cli.llm.call import EMBEDDINGS, RESPONSES, Call
from sophia_cli.llm.catalogue import ModelFacts
from sophia_cli.llm.catalogue.limits import limits_of
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.routing.decision import Verdict
from sophia_cli.llm.rules.rule import Chain, Order, Rule
from sophia_cli.llm.rules.rulefile import DEFAULT_ROUTE
from sophia_cli.llm.tasks import CHEAP_TASKS, DATA_TASKS, TaskType

AVOIDS = "avoids it"
ASKED = "asked"  # the route of a call that says itself who is to answer
_MOST_PLANS = 1000  # a caller may ask for any number of models
_ORDERS = {
    "data": ("cortex", "portkey", "openrouter"),
    "primary": ("portkey", "openrouter", "cortex"),
    "cheap": ("openrouter", "portkey", "cortex"),
}
_WHY = {
    "data": "data operation",
    "primary": "primary model",
    "cheap": "experimental or cost-optimised",
}


@dataclass(frozen=True)
class Candidate:
    """A provider and a model, judged by everything that does not depend on the call's own content.

    `key` is the name of the provider's key, `weight` is its share where a chain is weighted.
    """

    verdict: Verdict
    config: Config = field(repr=False, compare=False)
    key: str = ""
    weight: float = 1.0

    @cached_property
    def facts(self) -> ModelFacts:
        """What is known of the model; looked up when a call makes it matter."""
        return limits_of(self.config, self.verdict.provider, self.verdict.model)


@dataclass(frozen=True)
class Plan:
    """The candidates of a kind of call, and what puts them in order."""

    candidates: tuple[Candidate, ...]
    order: Order = Order()

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(candidate.verdict for candidate in self.candidates)


@dataclass(frozen=True)
class _Wanted:
    """A candidate before it is judged."""

    provider: str
    model: str
    reason: str
    route: str
    weight: float = 1.0


def plan_for(call: Call, config: Config, task: str, rule: Rule | None) -> Plan:
    """The plan of a call with that task and rule. Raises ConfigError for a provider that nobody knows."""
    labels = call.labels
    key = (
        task,
        rule.name if rule else "",
        call.operation,
        call.model,
        call.provider,
        labels.data_class,
        labels.service,
        refers_back(call),
    )
    plan = config.plans.get(key)
    if plan is None:
        plan = _make(call, config, task, rule)
        if len(config.plans) >= _MOST_PLANS:
            config.plans.clear()
        config.plans[key] = plan
    found: Plan = plan
    return found


def locality(call: Call, config: Config, provider: str) -> str:
    """A data class is a hard constraint: the reason to stay out, empty where the call may go."""
    data_class = call.labels.data_class
    if data_class and provider not in config.data_classes[data_class]:
        return f"data class '{data_class}' may not go there"
    return ""


def avoided(rule: Rule | None, provider: str, model: str) -> str:
    """The reason to stay out when the rule keeps calls from there."""
    return f"{rule.name} {AVOIDS}" if rule and rule.avoids(provider, model) else ""


def refers_back(call: Call) -> bool:
    """Whether a call goes on from an earlier answer that only its provider has."""
    return call.operation == RESPONSES and bool(call.body.get("previous_response_id"))


def names_provider(call: Call, config: Config) -> bool:
    """Whether the caller says himself who is to answer."""
    name, slash, _ = call.model.partition("/")
    return bool(call.provider or (slash and name in config.providers))


def _make(call: Call, config: Config, task: str, rule: Rule | None) -> Plan:
    if call.provider and call.provider not in config.providers:
        raise ConfigError(
            f"unknown provider '{call.provider}'", f"known: {', '.join(config.providers)}"
        )
    wanted, order = _wanted(call, config, task, rule)
    seen: dict[tuple[str, str], Candidate] = {}
    for one in wanted:
        found = _judge(call, config, rule, one)
        place = (one.provider, one.model)
        if place in seen:  # a route of two models, and a call that names a third
            found = replace(seen[place], weight=seen[place].weight + one.weight)
        seen[place] = found
    return Plan(tuple(seen.values()), order)


def _judge(call: Call, config: Config, rule: Rule | None, one: _Wanted) -> Candidate:
    provider = config.providers[one.provider].for_service(call.labels.service)
    out = locality(call, config, one.provider) or avoided(rule, one.provider, one.model)
    if not out and not provider.ready:
        out = provider.problem
    if not out and call.operation not in KINDS[provider.kind].paths:
        out = f"does not speak {call.operation}"
    if not out and refers_back(call) and not KINDS[provider.kind].keeps_responses:
        out = "keeps no earlier response to go on from"
    if not out and not one.model:
        out = f"has no model named {call.model}" if call.model else "no model is configured for it"
    verdict = Verdict(one.provider, one.model, not out, out or one.reason, one.route)
    return Candidate(verdict, config, provider.key_name, one.weight)


def _wanted(
    call: Call, config: Config, task: str, rule: Rule | None
) -> tuple[list[_Wanted], Order]:
    """The candidates in order of preference, before any is judged."""
    if rule is None:
        return _usual(call, config, task)
    # An argument goes before the file; a rule about models means also those with a provider's name.
    asked = names_provider(call, config) and not (rule.when.model and not call.provider)
    if rule.use and not asked:
        return _links(rule.use, rule.order, rule.name, rule.route), rule.order
    chain = tuple(link for link in rule.use if link[0] == call.provider)
    if chain:
        return _links(chain, Order(), rule.name, rule.route), Order()
    wanted, order = _usual(call, config, task)
    # Without candidates of its own a rule may still say how the usual ones are put in order.
    return wanted, order if rule.use or rule.order == Order() else rule.order


def _usual(call: Call, config: Config, task: str) -> tuple[list[_Wanted], Order]:
    """The candidates that [models], the model asked for, [routes] and the task name, in this order."""
    name, slash, rest = call.model.partition("/")
    chain = config.models.get(call.model, ())
    if call.provider:  # the chain only says how the model is called there
        chain = tuple(link for link in chain if link[0] == call.provider)
    if chain or (call.model in config.models and not call.provider):
        words, place = f"[models] {call.model}", f"models.{call.model}"
        return _links(chain, Order(), words, place), Order()
    if _is_openrouters(call, config):
        words = "asked for, by OpenRouter's name"
        return [_Wanted("openrouter", call.model, words, ASKED)], Order()
    if slash and rest and name in ([call.provider] if call.provider else config.providers):
        return [_Wanted(name, rest, "asked for", ASKED)], Order()
    route = "" if call.provider else _route(config, task)
    order = config.orders.get(route, Order())
    if route and not call.model:
        return _links(config.routes[route], order, *_names(route)), order
    return list(_by_provider(call, config, task, route, order)), order


def _names(route: str) -> tuple[str, str]:
    """How a route is called in a reason, and in what is counted."""
    return f"[routes] {route}", f"routes.{route}"


def _links(chain: Chain, order: Order, reason: str, route: str) -> list[_Wanted]:
    weights = order.weights or (1.0,) * len(chain)
    return [
        _Wanted(provider, model, reason, route, weight)
        for (provider, model), weight in zip(chain, weights, strict=True)
    ]


def _by_provider(
    call: Call, config: Config, task: str, route: str, order: Order
) -> Iterator[_Wanted]:
    """The providers as the task asks them, each with the model asked for or with its own for the task."""
    group = _group(call, task)
    if call.provider:
        asked = [_Wanted(call.provider, "", "asked for", ASKED)]
    elif route:
        asked = _links(config.routes[route], order, *_names(route))
    else:
        named = _ORDERS[group]
        names = (*named, *(name for name in config.providers if name not in named))
        words, place = _WHY[group], f"built-in.{group}"
        asked = [_Wanted(name, "", words, place) for name in names if name in config.providers]
    for one in asked:
        provider = config.providers[one.provider].for_service(call.labels.service)
        model = _named(provider, call.model) if call.model else _default(provider, call, group)
        yield replace(one, model=model)


def _route(config: Config, task: str) -> str:
    return next((route for route in (task, DEFAULT_ROUTE) if route in config.routes), "")


def _group(call: Call, task: str) -> str:
    """`data`, `primary` or `cheap`: warehouse data classes count as data operations."""
    if task in DATA_TASKS or call.labels.data_class or call.operation == EMBEDDINGS:
        return "data"
    return "cheap" if task in CHEAP_TASKS else "primary"


def _is_openrouters(call: Call, config: Config) -> bool:
    """`openai/gpt-5` is what OpenRouter calls it: meant so where only OpenRouter is configured."""
    vendor = config.providers.get(call.model.partition("/")[0])
    openrouter = config.providers.get("openrouter")
    return (
        not call.provider
        and vendor is not None
        and vendor.name in ("openai", "anthropic")
        and not vendor.ready
        and openrouter is not None
        and openrouter.ready
    )


def _named(provider: Provider, model: str) -> str:
    return KINDS[provider.kind].model_name(provider, model) or ""


def _default(provider: Provider, call: Call, group: str) -> str:
    embeddings = call.operation == EMBEDDINGS
    own = provider.options.get("embedding_model" if embeddings else "model")
    kind = KINDS[provider.kind]
    # Another endpoint that speaks the same format serves models of its own: it has to name one.
    defaults: Mapping[str, Any] = kind.defaults if provider.name == provider.kind else {}
    return str(own or defaults.get(TaskType.EMBEDDINGS.value if embeddings else group, ""))
