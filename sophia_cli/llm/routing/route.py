"""From a call to the candidates that may take it, in their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from sophia_cli.llm.call import EMBEDDINGS, OTHER, Call, Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import (
    MORE_MONEY,
    BudgetExceeded,
    ConfigError,
    LLMError,
    NoRoute,
    NotConfigured,
)
from sophia_cli.llm.estimate import Estimate, estimate
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.prices.worstcase import worst_case
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.routing.decision import GIVEN, INFERRED, Decision, Task, Verdict
from sophia_cli.llm.routing.inference import infer
from sophia_cli.llm.routing.judgement import is_about_money, needs_a_look, objection, over_budget
from sophia_cli.llm.routing.plan import Candidate, avoided, locality, plan_for
from sophia_cli.llm.rules.rule import (
    AS_WRITTEN,
    LATENCY,
    PRICE,
    Order,
    Rule,
    first_rule,
    weighted_place,
)
from sophia_cli.llm.tasks import TaskType

OWN = "own"  # the route of a client that goes where it wanted
_QUIET = Outlook()
_CHAT = Task(TaskType.CHAT_CONVERSATION.value)
_EMBEDDINGS = Task(TaskType.EMBEDDINGS.value)
_Judged = tuple[Candidate, Verdict]
Place = tuple[str, str]  # provider, model


def decide(call: Call, config: Config, outlook: Outlook = _QUIET) -> Decision:
    """The candidates of a call. Raises NotConfigured, NoRoute or ConfigError when there is none.

    BudgetExceeded where only money is missing. All but ConfigError carry the decision: every candidate and why it was left out.
    """
    return decide_again(call, config, outlook, None, None)


def decide_again(
    call: Call, config: Config, outlook: Outlook, task: Task | None, size: Estimate | None
) -> Decision:
    """The same for a call of which only that is known: its labels, and what its task and size were.

    What its body says is worked out where it is not given.
    """
    data_class = call.labels.data_class
    if data_class and data_class not in config.data_classes:
        known = ", ".join(config.data_classes) or "none yet"
        raise ConfigError(
            f"the data class '{data_class}' is not configured",
            f"add it to [data_classes] in sophia.toml (known: {known})",
        )
    task = _task(call, config) if task is None else task
    size = estimate(call, config.max_output) if size is None else size
    rule = first_rule(config.rules, call, task.name, size.tokens_in)
    if _stays(call, config, rule):
        verdicts: tuple[Verdict, ...] = (_judge_origin(call, config, rule, task, size, outlook),)
        instead = None
    else:
        verdicts, instead = _judge_all(call, config, rule, task, size, outlook)
    decision = Decision(verdicts, task, size, call.provider, instead)
    for verdict in verdicts:
        if verdict.taken:
            return decision
    raise _no_candidate(decision, call, config)


def keeps_origin(call: Call, config: Config) -> bool:
    """Whether a vendor's client goes where it wanted: until routes are written, and for calls no route is about."""
    if call.origin is None or not config.rules:
        return _stays(call, config, None)
    size = estimate(call, config.max_output)
    rule = first_rule(config.rules, call, _task(call, config).name, size.tokens_in)
    return _stays(call, config, rule)


def _stays(call: Call, config: Config, rule: Rule | None) -> bool:
    return call.origin is not None and (
        call.operation == OTHER or not (config.routed or call.provider or rule)
    )


def _task(call: Call, config: Config) -> Task:
    if call.labels.task:
        return Task(call.labels.task, GIVEN)
    if call.operation == EMBEDDINGS:
        return _EMBEDDINGS
    sign = infer(call) if config.infer_task else None
    return Task(sign.task.value, INFERRED, sign.words) if sign else _CHAT


def _labelled(call: Call, task: Task) -> Labels:
    """The labels that the call will be booked under."""
    return replace(call.labels, task=task.name) if task.source == INFERRED else call.labels


def _judge_all(
    call: Call, config: Config, rule: Rule | None, task: Task, size: Estimate, outlook: Outlook
) -> tuple[tuple[Verdict, ...], Place | None]:
    """The verdicts, and who would have been first as written where a price changed that."""
    plan = plan_for(call, config, task.name, rule)
    if plan.order.sort == AS_WRITTEN and not needs_a_look(config, size, outlook):
        return plan.verdicts, None
    labels = _labelled(call, task)
    judged: list[_Judged] = []
    for candidate in plan.candidates:
        verdict = candidate.verdict
        if verdict.taken and (out := objection(candidate, labels, size, outlook)):
            verdict = Verdict(verdict.provider, verdict.model, False, out)
        judged.append((candidate, verdict))
    written = _first_taken(judged)
    if plan.order.sort != AS_WRITTEN:
        judged = _sorted(judged, plan.order, call, size, outlook)
    moved = plan.order.sort == PRICE and written != _first_taken(judged)
    return tuple(verdict for _, verdict in judged), written if moved else None


def _first_taken(judged: Sequence[_Judged]) -> Place | None:
    return next((verdict.place for _, verdict in judged if verdict.taken), None)


def _sorted(
    judged: list[_Judged], order: Order, call: Call, size: Estimate, outlook: Outlook
) -> list[_Judged]:
    """The candidates by the order's measure; those without one last, as they were written."""

    def measure(one: _Judged) -> float:
        candidate, verdict = one
        if order.sort == PRICE:
            cost = worst_case(candidate.config, verdict.provider, verdict.model, size).nano
            return math.inf if cost is None else cost
        if order.sort == LATENCY:
            return outlook.latency.get((verdict.provider, verdict.model), math.inf)
        key = call.labels.session or call.id
        return weighted_place(key, verdict.provider, verdict.model, candidate.weight)

    total = sum(candidate.weight for candidate, _ in judged)
    return [
        (candidate, _with_words(verdict, order, candidate.weight, total))
        for candidate, verdict in sorted(judged, key=measure)
    ]


def _with_words(verdict: Verdict, order: Order, weight: float, total: float) -> Verdict:
    if not verdict.taken:
        return verdict
    words = f"weight {weight:g} of {total:g}" if order.weights else f"by {order.sort}"
    return replace(verdict, reason=f"{verdict.reason}, {words}")


def _judge_origin(
    call: Call, config: Config, rule: Rule | None, task: Task, size: Estimate, outlook: Outlook
) -> Verdict:
    """A client's own endpoint. Its vendor's health is left to that client, which retries by itself."""
    assert call.origin is not None  # narrows the type
    name, model = call.origin.provider, call.model
    out = (
        locality(call, config, name)
        or avoided(rule, name, model)
        or over_budget(config, _labelled(call, task), name, model, "", size, outlook)
    )
    words = out or "its own endpoint; no route is about it"
    return Verdict(name, model, not out, words, OWN)


def _no_candidate(decision: Decision, call: Call, config: Config) -> LLMError:
    asked = config.providers.get(call.provider or call.model.partition("/")[0])
    if asked and not asked.ready:
        words = f"{asked.name} is not configured: {asked.problem}"
        return NotConfigured(words, asked.mend, decision=decision)
    if not any(provider.ready for provider in config.providers.values()):
        half = "; ".join(
            f"{p.name}: {p.problem}" for p in config.providers.values() if half_configured(p)
        )
        return NotConfigured(
            f"no LLM provider is configured{f' ({half})' if half else ''}",
            'export OPENROUTER_API_KEY=...   or, to try without one:   [routes] default = ["simulator/small"] '
            "and [providers.simulator] in sophia.toml",
            decision=decision,
        )
    reasons = "; ".join(f"{v.provider}: {v.reason}" for v in decision.verdicts)
    if any(is_about_money(verdict.reason) for verdict in decision.verdicts):
        return BudgetExceeded(reasons, MORE_MONEY, decision=decision)
    unset = dict.fromkeys(v.provider for v in decision.verdicts if _lacks_key(v, config))
    others = [v for v in decision.verdicts if v.provider not in unset]
    # Of a model that nobody else has it is not known whether the ones without a key have it.
    only_keys = all(locality(call, config, verdict.provider) for verdict in others)
    ways = [f"sophia llm keys set {name}" for name in unset] if only_keys else []
    return NoRoute(
        f"no provider may take this call ({reasons or 'the chain is empty'})",
        "\n".join([*ways, f"{'or ' if ways else ''}see [routes] and [models] in sophia.toml"]),
        decision=decision,
    )


def _lacks_key(verdict: Verdict, config: Config) -> bool:
    """Whether a candidate is out for want of a key alone."""
    provider = config.providers.get(verdict.provider)
    return bool(
        provider and provider.key_env and verdict.reason == f"{provider.key_env} is not set"
    )


def half_configured(provider: Provider) -> bool:
    """Whether somebody began to configure it: one half of a key is there, the other is not."""
    if provider.ready:
        return False
    said = provider.options.get("account") or provider.secret
    return bool(said) or not provider.problem.endswith("is not set")
