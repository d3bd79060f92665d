"""Which provider and model may take a call, in which order, and why: a pure function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sophia_cli.llm.call import EMBEDDINGS, OTHER, Call
from sophia_cli.llm.config import DEFAULT_ROUTE, Config
from sophia_cli.llm.errors import ConfigError, LLMError, NoRoute, NotConfigured
from sophia_cli.llm.providers import KINDS, Provider
from sophia_cli.llm.tasks import CHEAP_TASKS, DATA_TASKS, TaskType

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
class Verdict:
    """One candidate, taken or not, and the reason."""

    provider: str
    model: str
    taken: bool
    reason: str

    @property
    def place(self) -> tuple[str, str]:
        """Provider and model."""
        return self.provider, self.model


@dataclass(frozen=True)
class Decision:
    """Every candidate that was looked at; those taken are tried in this order."""

    verdicts: tuple[Verdict, ...]

    @property
    def candidates(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.taken)


def decide(call: Call, config: Config) -> Decision:
    """The candidates of a call. Raises NotConfigured, NoRoute or ConfigError when there is none."""
    if call.labels.data_class and call.labels.data_class not in config.data_classes:
        known = ", ".join(config.data_classes) or "none yet"
        raise ConfigError(
            f"the data class '{call.labels.data_class}' is not configured",
            f"add it to [data_classes] in sophia.toml (known: {known})",
        )
    if keeps_origin(call, config):
        return _checked([_judge_origin(call, config)], call, config)
    seen: dict[tuple[str, str], Verdict] = {}
    for provider, model, reason in _wanted(call, config):
        verdict = _judge(call, config, provider, model, reason)
        seen.setdefault((verdict.provider, verdict.model), verdict)
    return _checked(list(seen.values()), call, config)


def keeps_origin(call: Call, config: Config) -> bool:
    """Whether a vendor's client goes where it wanted: until routes are written, and for calls no route is about."""
    return call.origin is not None and (
        call.operation == OTHER or not (config.routed or call.provider)
    )


def task_group(call: Call) -> str:
    """`data`, `primary` or `cheap`: warehouse data classes count as data operations."""
    task = call.labels.task
    if task in DATA_TASKS or call.labels.data_class or call.operation == EMBEDDINGS:
        return "data"
    return "cheap" if task in CHEAP_TASKS else "primary"


def _wanted(call: Call, config: Config) -> Iterator[tuple[str, str, str]]:
    """Provider, model and reason of every candidate, in order, before any is judged."""
    name, slash, rest = call.model.partition("/")
    if call.provider and call.provider not in config.providers:
        raise ConfigError(
            f"unknown provider '{call.provider}'", f"known: {', '.join(config.providers)}"
        )
    chain = config.models.get(call.model, ())
    if (
        call.provider
    ):  # an argument goes before the file: the chain only says how the model is called
        chain = tuple(link for link in chain if link[0] == call.provider)
    if chain or (call.model in config.models and not call.provider):
        for provider, model in chain:
            yield provider, model, f"[models] {call.model}"
    elif _is_openrouters(call, config):
        yield "openrouter", call.model, "asked for, by OpenRouter's name"
    elif slash and rest and name in ([call.provider] if call.provider else config.providers):
        yield name, rest, "asked for"
    elif call.model:
        for provider, reason in _ordered(call, config):
            yield provider, _named(config.providers[provider], call.model), reason
    else:
        yield from _by_task(call, config)


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


def _by_task(call: Call, config: Config) -> Iterator[tuple[str, str, str]]:
    task = _task_of(call)
    for route in (task, DEFAULT_ROUTE):
        if route in config.routes and not call.provider:
            for provider, model in config.routes[route]:
                yield provider, model, f"[routes] {route}"
            return
    for provider, reason in _ordered(call, config):
        yield provider, _default_model(config.providers[provider], call), reason


def _ordered(call: Call, config: Config) -> list[tuple[str, str]]:
    """The providers in the order in which the call's task asks them."""
    if call.provider:
        return [(call.provider, "asked for")]
    task = _task_of(call)
    for route in (task, DEFAULT_ROUTE):
        if route in config.routes:
            return [(provider, f"[routes] {route}") for provider, _ in config.routes[route]]
    group = task_group(call)
    order = _ORDERS[group]
    others = [name for name in config.providers if name not in order]
    return [(name, _WHY[group]) for name in (*order, *others) if name in config.providers]


def _judge(call: Call, config: Config, name: str, model: str, reason: str) -> Verdict:
    provider = config.providers[name]
    out = _locality(call, config, name)
    if not out and not provider.ready:
        out = provider.problem
    if not out and call.operation not in KINDS[provider.kind].paths:
        out = f"does not speak {call.operation}"
    if not out and not model:
        out = f"has no model named {call.model}" if call.model else "no model is configured for it"
    return Verdict(name, model, not out, out or reason)


def _judge_origin(call: Call, config: Config) -> Verdict:
    assert call.origin is not None  # narrows the type
    out = _locality(call, config, call.origin.provider)
    return Verdict(
        call.origin.provider, call.model, not out, out or "its own endpoint; no route is about it"
    )


def _locality(call: Call, config: Config, provider: str) -> str:
    """A data class is a hard constraint: the reason to stay out, empty where the call may go."""
    data_class = call.labels.data_class
    if data_class and provider not in config.data_classes[data_class]:
        return f"data class '{data_class}' may not go there"
    return ""


def _checked(verdicts: list[Verdict], call: Call, config: Config) -> Decision:
    decision = Decision(tuple(verdicts))
    if decision.candidates:
        return decision
    raise _no_candidate(decision, call, config)


def _no_candidate(decision: Decision, call: Call, config: Config) -> LLMError:
    asked = config.providers.get(call.provider or call.model.partition("/")[0])
    if asked and not asked.ready:
        return NotConfigured(f"{asked.name} is not configured: {asked.problem}", asked.mend)
    if not any(provider.ready for provider in config.providers.values()):
        half = "; ".join(
            f"{p.name}: {p.problem}" for p in config.providers.values() if half_configured(p)
        )
        return NotConfigured(
            f"no LLM provider is configured{f' ({half})' if half else ''}",
            'export OPENROUTER_API_KEY=...   or, to try without one:   [routes] default = ["simulator/small"] '
            "and [providers.simulator] in sophia.toml",
        )
    reasons = "; ".join(f"{v.provider}: {v.reason}" for v in decision.verdicts)
    return NoRoute(
        f"no provider may take this call ({reasons or 'the chain is empty'})",
        "see [routes] and [models] in sophia.toml",
    )


def half_configured(provider: Provider) -> bool:
    """Whether somebody began to configure it: one half of a key is there, the other is not."""
    if provider.ready:
        return False
    said = provider.options.get("account") or provider.secret
    return bool(said) or not provider.problem.endswith("is not set")


def _task_of(call: Call) -> str:
    if call.operation == EMBEDDINGS:
        return TaskType.EMBEDDINGS.value
    return call.labels.task or TaskType.CHAT_CONVERSATION.value


def _named(provider: Provider, model: str) -> str:
    return KINDS[provider.kind].model_name(provider, model) or ""


def _default_model(provider: Provider, call: Call) -> str:
    embeddings = call.operation == EMBEDDINGS
    own = provider.options.get("embedding_model" if embeddings else "model")
    group = "embeddings" if embeddings else task_group(call)
    kind = KINDS[provider.kind]
    # Another endpoint that speaks the same format serves models of its own: it has to name one.
    return str(own or (kind.defaults.get(group, "") if provider.name == provider.kind else ""))
