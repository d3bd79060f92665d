"""Configured rules: which calls one is about, and what it says of their candidates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import blake2b

from sophia_cli.llm.call import EMBEDDINGS, Call
from sophia_cli.llm.tasks import TaskType

Chain = tuple[tuple[str, str], ...]

AS_WRITTEN, PRICE, LATENCY, WEIGHT = "order", "price", "latency", "weight"
SORTS = (AS_WRITTEN, PRICE, LATENCY, WEIGHT)


@dataclass(frozen=True)
class Order:
    """What puts a chain in order. `weights` has one figure for each of its links."""

    sort: str = AS_WRITTEN
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class When:
    """The calls that a rule is about: every condition that is set holds for them.

    `labels` are values that task, service, team, user, data_class and door must have, `model` is a
    glob over the model asked for, `over` and `under` are estimated tokens of the prompt.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    over: int | None = None
    under: int | None = None

    def holds(self, call: Call, task: str, tokens: int) -> bool:
        """Whether a call of that task, with about so many tokens, is one of them."""
        for name, value in self.labels.items():
            if value != _said(call, task, name):
                return False
        if self.model and not fnmatchcase(call.model, self.model):
            return False
        if self.over is not None and tokens <= self.over:
            return False
        return self.under is None or tokens < self.under


@dataclass(frozen=True)
class Rule:
    """`use` names the candidates (empty: those that there would be anyway), `avoid` takes some away."""

    name: str
    when: When = When()
    use: Chain = ()
    avoid: tuple[str, ...] = ()
    order: Order = Order()

    @property
    def route(self) -> str:
        """How calls that it routes are counted: `rules.` and its name, or its number."""
        return f"rules.{self.name.removeprefix('rule ').strip(chr(39))}"

    def is_about(self, call: Call, task: str, tokens: int) -> bool:
        """Whether it holds. Chat models do not embed: `use` is for embeddings only where it says so."""
        if (
            self.use
            and call.operation == EMBEDDINGS
            and self.when.labels.get("task") != TaskType.EMBEDDINGS
        ):
            return False
        return self.when.holds(call, task, tokens)

    def avoids(self, provider: str, model: str) -> bool:
        """Whether it keeps calls from there."""
        return provider in self.avoid or f"{provider}/{model}" in self.avoid


def first_rule(rules: tuple[Rule, ...], call: Call, task: str, tokens: int) -> Rule | None:
    """The first rule that is about a call."""
    for rule in rules:
        if rule.is_about(call, task, tokens):
            return rule
    return None


def weighted_place(key: str, provider: str, model: str, weight: float) -> float:
    """Where a candidate stands for one key, lowest first: the same each time, shared out by weight over many keys.

    Rendezvous hashing: a candidate that comes or goes moves no call between the others.
    """
    if weight <= 0:
        return math.inf
    if not key:  # nothing to share out: the heaviest first
        return -weight
    text = f"{key}\0{provider}/{model}".encode("utf-8", "surrogatepass")
    drawn = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
    return -math.log((drawn + 1) / (2**64 + 1)) / weight


def _said(call: Call, task: str, name: str) -> str:
    if name == "task":
        return task
    return call.door if name == "door" else str(getattr(call.labels, name))
