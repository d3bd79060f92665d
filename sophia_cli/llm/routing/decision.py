"""What routing gives back: every candidate with a reason, the task it was judged for, the call's size."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sophia_cli.llm.call import Call
from sophia_cli.llm.estimate import Estimate

GIVEN, INFERRED = "given", "inferred"


@dataclass(frozen=True)
class Verdict:
    """One candidate, taken or not, and the reason. `route` is what named it, such as `routes.default`."""

    provider: str
    model: str
    taken: bool
    reason: str
    route: str = field(default="", compare=False)

    @property
    def place(self) -> tuple[str, str]:
        """Provider and model."""
        return self.provider, self.model


@dataclass(frozen=True)
class Task:
    """What a call is for and how that is known: `given`, `inferred` (why says by which sign), or neither."""

    name: str
    source: str = ""
    why: str = ""

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.source, self.why) if part)
        return f"{self.name} ({said or 'none was given'})"


@dataclass(frozen=True)
class Decision:
    """Every candidate that was looked at; those taken are tried in this order.

    `asked` is the provider that the caller named. `instead` is who would have been asked first as the
    candidates are written, where it is their price that put another one there.
    """

    verdicts: tuple[Verdict, ...] = ()
    task: Task = Task("")
    estimate: Estimate = field(default_factory=Estimate)
    asked: str = ""
    instead: tuple[str, str] | None = None

    @property
    def candidates(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.taken)

    @property
    def route(self) -> str:
        """What named the candidates: one of few words, however many calls there are."""
        for verdict in self.verdicts:
            if verdict.taken:
                return verdict.route
        return self.verdicts[0].route if self.verdicts else ""

    def label(self, call: Call) -> Call:
        """The call with its task in its labels where that was inferred: what is counted is what was routed."""
        if self.task.source != INFERRED:
            return call
        return replace(call, labels=replace(call.labels, task=self.task.name))

    def record(self) -> str:
        """The decision as JSON, for the ledger: `candidates` are provider, model, taken, reason.

        With what was asked of them it is all that deciding anew needs.
        """
        size = self.estimate
        asked = json.dumps(self.asked) if self.asked else '""'
        return (
            f'{{"task": {_task_as_json(self.task)}, "asked": {asked}, '
            f'"estimate": {{"tokens_in": {size.tokens_in}, '
            f'"worst_in": {size.worst_in}, "worst_out": {size.worst_out}{_demands(size)}}}, '
            f'"candidates": [{", ".join(map(_as_json, self.verdicts))}]}}'
        )


# The same few verdicts are written down with every call of a kind.
@lru_cache(maxsize=4096)
def _as_json(verdict: Verdict) -> str:
    return json.dumps([verdict.provider, verdict.model, verdict.taken, verdict.reason])


@lru_cache(maxsize=256)
def _task_as_json(task: Task) -> str:
    return json.dumps([task.name, task.source, task.why])


def _demands(size: Estimate) -> str:
    """What a call asks for beyond text; empty for most."""
    said = f', "limit": {size.limit}' if size.limit else ""
    if size.plain and not (size.history or size.models):
        return said
    for name in ("tools", "json_schema", "history"):
        said += f', "{name}": true' if getattr(size, name) else ""
    if size.images:
        said += f', "images": {size.images}'
    return said + (f', "models": {json.dumps(size.models)}' if size.models else "")
