"""The label values that a configuration makes possible: series that exist at 0 before their first call.

A counter that is born at 1 has lost its first step: Prometheus sees growth between two samples only.
"""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call, Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.failure import RETRIED
from sophia_cli.llm.providers import KINDS
from sophia_cli.llm.routing.plan import plan_for
from sophia_cli.llm.rules.rule import Chain
from sophia_cli.llm.rules.rulefile import DEFAULT_ROUTE
from sophia_cli.llm.tasks import TaskType

# What most calls that fail fail of; any other kind has a series from its first call on.
EXPECTED = tuple(sorted(RETRIED | {"auth", "invalid_request"}))
TASKS = ("", *(task.value for task in TaskType))


@dataclass(frozen=True)
class Combinations:
    """`calls` are (provider, model, route, task), `handovers` (from, to) of neighbours in a chain."""

    calls: frozenset[tuple[str, str, str, str]]
    handovers: frozenset[tuple[str, str]]
    warehouses: frozenset[str]

    @property
    def models(self) -> frozenset[tuple[str, str]]:
        """Every provider with every model of it that is configured."""
        return frozenset(call[:2] for call in self.calls)

    @property
    def providers(self) -> frozenset[str]:
        """Every provider that may be asked."""
        return frozenset(call[0] for call in self.calls)


def combinations(config: Config) -> Combinations:
    """What `[routes]`, `[[rules]]`, `[models]` and, without routes, the built-in order make possible."""
    chains = [*_routes(config), *_rules(config), *_models(config)]
    if not config.routes:
        chains += _built_in(config)
    return Combinations(
        calls=frozenset(
            (*link, route, task)
            for route, tasks, chain in chains
            for task in tasks
            for link in chain
        ),
        handovers=frozenset(
            (one[0], other[0])
            for _, _, chain in chains
            for one, other in zip(chain, chain[1:], strict=False)
        ),
        warehouses=frozenset(
            name for name, one in config.providers.items() if KINDS[one.kind].keeps_local
        ),
    )


_Chains = list[tuple[str, tuple[str, ...], Chain]]


def _routes(config: Config) -> _Chains:
    others = tuple(task for task in TASKS if task not in config.routes)
    return [
        (f"routes.{name}", others if name == DEFAULT_ROUTE else (name,), chain)
        for name, chain in config.routes.items()
    ]


def _rules(config: Config) -> _Chains:
    return [
        (rule.route, (rule.when.labels.get("task", ""),), rule.use)
        for rule in config.rules
        if rule.use
    ]


def _models(config: Config) -> _Chains:
    return [(f"models.{name}", ("",), chain) for name, chain in config.models.items()]


def _built_in(config: Config) -> _Chains:
    found: _Chains = []
    for task in TASKS:
        operation = EMBEDDINGS if task == TaskType.EMBEDDINGS else CHAT
        call = Call(operation, {}, Labels(task=task), id="")
        try:
            verdicts = plan_for(call, config, task, None).verdicts
        except ConfigError:
            continue
        taken = [verdict for verdict in verdicts if verdict.taken]
        if taken:
            found.append((taken[0].route, (task,), tuple(verdict.place for verdict in taken)))
    return found
