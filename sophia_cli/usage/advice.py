"""Changes of routes that the ledger speaks for, each with what it costs elsewhere.

Every proposal is replayed over the recorded calls by the routing function itself. Only the order of
a route is ever proposed: who may see a data class stays as it is, whatever that costs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import Any

from sophia_cli.counted import counted
from sophia_cli.errors import SophiaError
from sophia_cli.llm.call import EMBEDDINGS
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.rules.rulefile import DEFAULT_ROUTE
from sophia_cli.llm.tasks import TaskType
from sophia_cli.usage.again import as_if_ready
from sophia_cli.usage.figures import Speed
from sophia_cli.usage.firsts import FEW
from sophia_cli.usage.ground import Ground, survey
from sophia_cli.usage.kinds import Tell, alike, in_silence
from sophia_cli.usage.past import Needs, Past, past_pages
from sophia_cli.usage.patch import patch_of
from sophia_cli.usage.pricing import Pricing
from sophia_cli.usage.replay import Replayer, Sums, speeds
from sophia_cli.usage.routes import Place
from sophia_cli.usage.scenario import replayer_of
from sophia_cli.usage.span import Span

ENOUGH = 50  # calls of a task; fewer are no evidence
_MOST = 4  # places that are tried at the head of a task's route
_CHEAPER = 0.9  # of what it costs now
_SLOWER = 1.5  # times the p95 of now, at most, for money's sake
_FASTER = 0.8  # of the p95 of now
_DEARER = 1.1  # times what it costs now, at most, for time's sake
CHEAPER, FASTER = "cheaper", "faster"


@dataclass(frozen=True)
class Advice:
    """One change of one route. `now` and `then` are the same calls under the rules of now and of then.

    `patch` is a diff of `sophia.toml`, empty where the file has to be edited by hand.
    """

    kind: str
    task: str
    chain: tuple[Place, ...]
    before: tuple[Place, ...]
    now: Sums
    then: Sums
    now_speed: Speed
    then_speed: Speed
    held: int
    patch: str

    @property
    def saves(self) -> int:
        """Nano-USD over the span; less than 0 is dearer."""
        return self.now.then_nano - self.then.then_nano

    @property
    def leaves(self) -> int:
        """Bytes that would leave the warehouse and do not now."""
        return self.then.leaves - self.now.leaves

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "kind": self.kind,
            "task": self.task,
            "chain": ["/".join(place) for place in self.chain],
            "before": ["/".join(place) for place in self.before],
            "calls": self.then.calls,
            "moved": self.then.moved,
            "held_by_a_data_class": self.held,
            "saves_usd": self.saves / 1e9,
            "saves_nano": self.saves,
            "now_usd": self.now.then_nano / 1e9,
            "then_usd": self.then.then_nano / 1e9,
            "now_seconds": vars(self.now_speed),
            "then_seconds": vars(self.then_speed),
            "bytes_that_leave": self.leaves,
            "patch": self.patch,
        }


@dataclass(frozen=True)
class Advised:
    """What is proposed for a span, and why nothing is of the tasks in `silent`.

    Of its `calls` those that are `simulated` say nothing of a provider.
    """

    span: Span
    advice: tuple[Advice, ...]
    silent: Mapping[str, str]
    calls: int
    simulated: int

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "since": str(self.span.first),
            "until": str(self.span.last),
            "calls": self.calls,
            "simulated": self.simulated,
            "advice": [one.data() for one in self.advice],
            "nothing_for": dict(self.silent),
        }


@dataclass
class _Task:
    """A task's calls: how many, and the chain that they have."""

    calls: int = 0
    held: int = 0
    chains: Counter[tuple[Place, ...]] = field(default_factory=Counter)


def advise(ledger: Ledger, config: Config, span: Span, tell: Tell = in_silence) -> Advised:
    """Look for better orders. Raises LLMError; SophiaError where the rules of now cannot be replayed."""
    ground = survey(ledger, span, tell)
    for name in ground.data_classes:
        if name not in config.data_classes:
            raise SophiaError(
                f"calls had the data class '{name}', which sophia.toml does not know",
                f'add it:  [data_classes] {name} = ["..."]',
            )
    config, _ = as_if_ready(config, ground.providers)
    tasks = _tasks(ground)
    silent = {name: _too_few(one) for name, one in tasks.items() if one.calls < ENOUGH}
    trials = {
        name: _Trial(name, one, config, ground) for name, one in tasks.items() if name not in silent
    }
    needs = reduce(or_, (trial.needs for trial in trials.values()), Needs())
    for page in past_pages(ledger, span, needs, tell) if trials else ():
        asked = alike((_task_of(calls.kind.task, calls.kind.operation) for calls in page), page)
        for name, calls in asked.items():
            if name in trials:
                trials[name].add(calls)
    text = config.file.read_text(encoding="utf-8-sig") if config.file else None
    found: list[Advice] = []
    for name, trial in trials.items():
        best, why = trial.best(text)
        found += best
        if not best:
            silent[name] = why
    ordered = sorted(found, key=lambda one: (one.leaves > 0, -one.saves, one.task))
    simulated = sum(count for one, count in ground.asked.items() if one.simulated)
    every = sum(ground.asked.values())
    return Advised(span, tuple(ordered), dict(sorted(silent.items())), every, simulated)


def _too_few(one: _Task) -> str:
    return f"too few to go by ({counted(one.calls, 'call')}, {ENOUGH} needed)"


def _task_of(task: str, operation: str) -> str:
    """The task that calls were routed as."""
    if task:
        return task
    return (TaskType.EMBEDDINGS if operation == EMBEDDINGS else TaskType.CHAT_CONVERSATION).value


def _tasks(ground: Ground) -> dict[str, _Task]:
    known = {task.value for task in TaskType}
    tasks: dict[str, _Task] = defaultdict(_Task)
    for asked, count in ground.asked.items():
        name = _task_of(asked.task, asked.operation)
        if name not in known or asked.simulated:
            continue
        one = tasks[name]
        one.calls += count
        one.held += count if asked.data_class else 0
        if choice := asked.choice:
            one.chains[(choice.first, *([choice.then] if choice.then else []))] += count
    return dict(tasks)


class _Trial:
    """The routes that are tried for one task, and the one that it has."""

    def __init__(self, task: str, one: _Task, config: Config, ground: Ground) -> None:
        self.task, self.held = task, one.held
        self._ground = ground
        route = next((name for name in (task, DEFAULT_ROUTE) if name in config.routes), "")
        common = one.chains.most_common(1)
        self.before = config.routes[route] if route else (common[0][0] if common else ())
        self._now = replayer_of(config, ground, {})
        self._tried: list[tuple[tuple[Place, ...], Replayer]] = [
            (chain, replayer_of(_with_route(config, task, chain), ground, {}))
            for chain in self._chains(config)
        ]

    def _chains(self, config: Config) -> Iterator[tuple[Place, ...]]:
        """The present route, with another at its head: one of its own, or one that has answered often enough."""
        pricing = Pricing(config)
        embeds = self.task == TaskType.EMBEDDINGS.value
        proven = [
            place
            for place, times in self._ground.samples.items()
            if len(times) >= FEW
            and place[0] in config.providers
            and config.providers[place[0]].kind != "simulator"
        ]
        heads = dict.fromkeys((*self.before[1:], *([] if embeds else proven)))
        priced = [
            (price.input + price.output, place)
            for place in heads
            if place not in self.before[:1] and (price := pricing.of(place)) is not None
        ]
        for _, head in sorted(priced)[:_MOST]:
            yield (head, *(place for place in self.before if place != head))

    @property
    def needs(self) -> Needs:
        """What calls have to be told apart by."""
        return reduce(or_, (one.needs for _, one in self._tried), self._now.needs)

    def add(self, calls: Sequence[Past]) -> None:
        """A page of the task's calls."""
        self._now.add(calls)
        for _, replayer in self._tried:
            replayer.add(calls)

    def best(self, text: str | None) -> tuple[list[Advice], str]:
        """The proposals, at most one of a kind that lets bytes leave and one that does not; or why there is none."""
        now = _sum(self._now)
        if not self._tried:
            return [], "no other model with a price has answered often enough"
        if now.unpriced or now.both < now.calls / 2:
            return [], "what it costs now is not known"
        found: dict[tuple[str, bool], Advice] = {}
        for chain, replayer in self._tried:
            advice = self._judge(chain, now, _sum(replayer), text)
            if advice is None:
                continue
            key = (advice.kind, advice.leaves > 0)
            if key not in found or advice.saves > found[key].saves:
                found[key] = advice
        return list(found.values()), "no other order would be clearly cheaper or faster"

    def _judge(
        self, chain: tuple[Place, ...], now: Sums, then: Sums, text: str | None
    ) -> Advice | None:
        if not then.moved or then.both < now.both or then.refused > now.refused:
            return None
        samples = self._ground.samples
        was, speed = speeds(now, samples)[1], speeds(then, samples)[1]
        if was.p95 is None or speed.p95 is None or then.untimed:
            return None
        cheaper = then.then_nano <= _CHEAPER * now.then_nano and speed.p95 <= _SLOWER * was.p95
        faster = speed.p95 <= _FASTER * was.p95 and then.then_nano <= _DEARER * now.then_nano
        if not cheaper and not faster:
            return None
        links = ["/".join(place) for place in chain]
        return Advice(
            kind=CHEAPER if cheaper else FASTER,
            task=self.task,
            chain=chain,
            before=tuple(self.before),
            now=now,
            then=then,
            now_speed=was,
            then_speed=speed,
            held=self.held,
            patch=patch_of(text, self.task, links),
        )


def _with_route(config: Config, task: str, chain: Sequence[Place]) -> Config:
    orders = {name: order for name, order in config.orders.items() if name != task}
    return replace(config, routes={**config.routes, task: tuple(chain)}, orders=orders)


def _sum(replayer: Replayer) -> Sums:
    total = Sums()
    for sums in replayer.tasks.values():
        total.add(sums)
    return total
