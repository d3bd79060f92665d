"""Deciding calls of the past anew, under other rules: by the routing function itself, never by a copy of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.errors import ConfigError, NotRouted
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.providers import Provider
from sophia_cli.llm.routing import decide_again
from sophia_cli.llm.routing.decision import INFERRED, Task, Verdict
from sophia_cli.llm.rules.rule import AS_WRITTEN, LATENCY, WEIGHT
from sophia_cli.llm.tasks import TaskType
from sophia_cli.usage.past import OWN_ENDPOINT, Kind, Needs, Remembered, remember
from sophia_cli.usage.routes import Place

_CHAT = Task(TaskType.CHAT_CONVERSATION.value)
_BY_LATENCY = f", by {LATENCY}"
_MOST = 50_000  # kinds of calls that are remembered


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

    def is_that_of(self, past: Remembered) -> bool:
        """Whether the call would go as it went; how fast candidates were then is not known any more."""
        if self.by_latency and sorted(self.chain) == sorted(past.chain):
            reasons = [one.reason for one in past.recorded.verdicts if one.taken]
            return all(reason.endswith(_BY_LATENCY) for reason in reasons)
        return self.chain == past.chain


@dataclass(frozen=True)
class Answer:
    """What deciding a call anew came to. `same`: it would go as it went."""

    way: Way
    same: bool


class Again:
    """Decides calls under one configuration. Health and budgets are those of a quiet day."""

    def __init__(self, config: Config, latency: Mapping[Place, float]) -> None:
        self.config = config
        self._outlook = Outlook(latency=latency, thorough=False)
        self._known: dict[object, Answer | None] = {}

    @property
    def needs(self) -> Needs:
        """What these rules tell calls apart by."""
        sorts = {order.sort for order in self.config.every_order}
        rules = self.config.rules
        return Needs(
            frozenset(name for rule in rules for name in rule.when.labels),
            size=bool(sorts - {AS_WRITTEN, LATENCY, WEIGHT})
            or any(rule.when.over is not None or rule.when.under is not None for rule in rules),
            name=WEIGHT in sorts,
        )

    def answer(self, kind: Kind) -> Answer | None:
        """The way that calls of a kind would go; None where their decision was not kept.

        Calls that routing cannot tell apart are decided once. Raises ConfigError where a data class
        is not configured.
        """
        key = kind.asked
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= _MOST:
                self._known.clear()
            answer = self._known[key] = self._decide(kind)
            return answer

    def _decide(self, kind: Kind) -> Answer | None:
        past = remember(kind)
        if past is None:
            return None
        task = past.recorded.task
        if task.source == INFERRED and not self.config.infer_task:
            task = _CHAT
        try:
            decision = decide_again(
                past.call, self.config, self._outlook, task, past.recorded.estimate
            )
            way = _way(decision.candidates)
        except NotRouted as error:
            way = Way((), error.message)
        except ConfigError as error:
            if kind.data_class and kind.data_class not in self.config.data_classes:
                raise
            way = Way((), error.message)
        return Answer(way, way.is_that_of(past))


def _way(candidates: tuple[Verdict, ...]) -> Way:
    first = candidates[0]
    return Way(
        tuple(one.place for one in candidates),
        first.reason,
        all(one.reason.endswith(_BY_LATENCY) for one in candidates),
        unknown=first.reason.startswith(OWN_ENDPOINT) and not first.provider,
    )
