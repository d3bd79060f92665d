"""Deciding calls of the past anew, under other rules: by the routing function itself, never by a copy of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.errors import ConfigError, NotRouted
from sophia_cli.llm.estimate import Estimate
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.routing import decide_again
from sophia_cli.llm.routing.decision import INFERRED, Task, Verdict
from sophia_cli.llm.rules.rule import AS_WRITTEN, LATENCY, WEIGHT
from sophia_cli.llm.tasks import TaskType
from sophia_cli.usage.past import OWN_ENDPOINT, Past
from sophia_cli.usage.routes import Place

_CHAT = Task(TaskType.CHAT_CONVERSATION.value)
_FITS_ALL = 2_000  # tokens; of smaller prompts routing asks nothing about their size
_BY_LATENCY = f", by {LATENCY}"


def read_rules(path: Path, environ: Mapping[str, str]) -> Config:
    """The configuration in a file like `sophia.toml`. Raises ConfigError, SophiaError."""
    if not path.is_file():
        raise SophiaError(f"there is no file {path}", "cp sophia.toml new.toml, and change it")
    return load_config({**environ, "SOPHIA_CONFIG": os.fspath(path.absolute())})


def as_if_ready(config: Config, seen: Iterable[str]) -> tuple[Config, tuple[str, ...]]:
    """The configuration as if providers had their keys that calls went to, or that its routes name.

    Also gives the names of those whose key is not here: a replay asks nobody and needs none.
    """
    chains = (
        *config.routes.values(),
        *(rule.use for rule in config.rules),
        *config.models.values(),
    )
    wanted = {*seen, *(provider for chain in chains for provider, _ in chain)}
    missing = {
        name: provider
        for name, provider in config.providers.items()
        if name in wanted and not provider.ready
    }
    ready: dict[str, Provider] = {
        name: replace(provider, problem="", mend="") for name, provider in missing.items()
    }
    return replace(config, providers={**config.providers, **ready}), tuple(sorted(missing))


@dataclass(frozen=True)
class Way:
    """Who is to be asked, in order. `why` is the reason of the first, or why there is none.

    `unknown`: it depends on what was not recorded.
    """

    chain: tuple[Place, ...]
    why: str
    by_latency: bool = False
    unknown: bool = False

    def is_that_of(self, past: Past) -> bool:
        """Whether the call would go as it went; how fast candidates were then is not known any more."""
        if self.by_latency and sorted(self.chain) == sorted(past.chain):
            reasons = [one.reason for one in past.recorded.verdicts if one.taken]
            return all(reason.endswith(_BY_LATENCY) for reason in reasons)
        return self.chain == past.chain


class Again:
    """Decides calls under one configuration. Health and budgets are those of a quiet day."""

    def __init__(self, config: Config, latency: Mapping[Place, float]) -> None:
        self.config = config
        self._outlook = Outlook(latency=latency, thorough=False)
        sorts = {order.sort for order in config.every_order}
        self._by_size = bool(sorts - {AS_WRITTEN, LATENCY, WEIGHT}) or any(
            rule.when.over is not None or rule.when.under is not None for rule in config.rules
        )
        self._by_name = WEIGHT in sorts
        self._known: dict[object, Way] = {}

    def way_of(self, past: Past) -> Way:
        """The way a call would go. Raises ConfigError where a data class is not configured."""
        call, size, labels = past.call, past.recorded.estimate, past.call.labels
        task = past.recorded.task
        if task.source == INFERRED and not self.config.infer_task:
            task = _CHAT
        key = (
            *(task, call.operation, call.door, call.model, call.provider),
            *(labels.task, labels.data_class, labels.service, labels.team, labels.user),
            call.origin.provider if call.origin else None,
            bool(call.body),
            (call.labels.session or call.id) if self._by_name else "",
            size if self._matters(size) else None,
        )
        return self._known.get(key) or self._decide(key, past, task)

    def _matters(self, size: Estimate) -> bool:
        return self._by_size or not size.plain or size.tokens_in > _FITS_ALL

    def _decide(self, key: object, past: Past, task: Task) -> Way:
        if len(self._known) > 50_000:
            self._known.clear()
        try:
            decision = decide_again(
                past.call, self.config, self._outlook, task, past.recorded.estimate
            )
            way = _way(decision.candidates)
        except NotRouted as error:
            way = Way((), error.message)
        except ConfigError as error:
            if past.call.labels.data_class not in ("", *self.config.data_classes):
                raise
            way = Way((), error.message)
        self._known[key] = way
        return way


def _way(candidates: tuple[Verdict, ...]) -> Way:
    first = candidates[0]
    return Way(
        tuple(one.place for one in candidates),
        first.reason,
        all(one.reason.endswith(_BY_LATENCY) for one in candidates),
        unknown=first.reason.startswith(OWN_ENDPOINT) and not first.provider,
    )
