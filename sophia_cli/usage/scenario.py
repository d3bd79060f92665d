"""A replay with all that it stands on, and in words what it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sophia_cli.counted import counted
from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger import Ledger
from sophia_cli.llm.prices import Price
from sophia_cli.llm.rules.rule import LATENCY
from sophia_cli.usage.again import Again, as_if_ready, read_rules
from sophia_cli.usage.figures import rank
from sophia_cli.usage.firsts import FEW
from sophia_cli.usage.ground import Ground, Samples, survey
from sophia_cli.usage.kinds import Tell, in_silence
from sophia_cli.usage.limits import Limits, Passed
from sophia_cli.usage.pricing import Pricing
from sophia_cli.usage.replay import Replay, Replayer, run
from sophia_cli.usage.routes import Place
from sophia_cli.usage.span import Span
from sophia_cli.usage.words import short


@dataclass(frozen=True)
class Scenario:
    """A replay and what must be known of it. `name` says under what, `assumed` whose keys are not here."""

    name: str
    replay: Replay
    budgets: tuple[Passed, ...]
    assumed: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What this replay does not know, each with its count."""
        return tuple(_unknown(self))

    def data(self) -> dict[str, Any]:
        """For other programs."""
        return {
            "under": self.name,
            **self.replay.data(),
            "budgets_passed": [vars(one) for one in self.budgets],
            "assumed_ready": list(self.assumed),
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True)
class Rules:
    """What to replay under: the rules of one file, `path`, and `named`, the prices of another. `name` says which."""

    name: str
    config: Config
    path: Path | None
    named: Mapping[str, Price]


def rules_of(
    config: Config, rules: Path | None, prices: Path | None, environ: Mapping[str, str]
) -> Rules:
    """Read the files; what neither of them says is as it is. Raises SophiaError, ConfigError."""
    other = read_rules(rules, environ) if rules else config
    named = read_rules(prices, environ).prices if prices else {}
    if prices and not named:
        raise SophiaError(f"{prices} has no [prices]", 'such as [prices."portkey/gpt-5"]')
    name = ", ".join(str(path) for path in (rules, prices) if path)
    return Rules(name, replace(other, prices={**other.prices, **named}), rules, named)


def scenario(ledger: Ledger, span: Span, under: Rules, tell: Tell = in_silence) -> Scenario:
    """Replay a span. Raises SophiaError, LLMError."""
    ground = survey(ledger, span, tell)
    config = under.config
    assumed: tuple[str, ...] = ()
    if under.path:
        check_data_classes(under.path, config, ground)
        config, assumed = as_if_ready(config, ground.providers)
    limits = Limits(config) if config.budgets else None
    replayer = replayer_of(config, ground, under.named, limits, route=under.path is not None)
    found = run(ledger, span, replayer, ground.samples, tell)
    budgets = limits.passed(span) if limits else ()
    return Scenario(under.name, found, budgets, assumed)


def replayer_of(
    config: Config,
    ground: Ground,
    prices: Mapping[str, Price],
    limits: Limits | None = None,
    *,
    route: bool = True,
) -> Replayer:
    """What replays calls under a configuration; without `route` they stay where they went."""
    again = Again(config, _latency(config, ground.samples)) if route else None
    return Replayer(again, Pricing(config), prices, ground.failed, ground.samples, limits)


def check_data_classes(path: Path, config: Config, ground: Ground) -> None:
    """A data class is a hard constraint: rules that do not know one say nothing of its calls."""
    for name, count in ground.data_classes.items():
        if name not in config.data_classes:
            raise SophiaError(
                f"{path} does not say who may see data class '{name}', "
                f"which {counted(count, 'recorded call')} had",
                f'add it:  [data_classes] {name} = ["..."]',
            )


def _latency(config: Config, samples: Samples) -> dict[Place, float]:
    if not any(order.sort == LATENCY for order in config.every_order):
        return {}
    return {place: rank(times, 0.5) / 1e6 for place, times in samples.items() if times}


def _unknown(found: Scenario) -> Iterator[str]:
    total = found.replay.total
    if total.moved:
        yield "quality: whether another model answers as well, no ledger can say"
        yield "tokens are counted as recorded; another model counts the same text differently"
    for count, words in (
        (total.unknown, "went by a decision that was not kept whole"),
        (total.untold, "would have moved, and nobody said their tokens: no money"),
        (total.unpriced, "would have moved to a model without a price: no money"),
        (total.untimed, f"would have moved to a model with fewer than {FEW} answers: no time"),
    ):
        if count:
            yield f"{counted(count, 'call')} {words}"
    if total.uncached:
        yield (
            f"{short(total.uncached)} tokens came from a provider's cache: counted in full elsewhere"
        )
    if found.assumed:
        yield f"a key is taken for granted for {', '.join(found.assumed)}: none is set here"
    if not total.moved and not (total.unknown or total.refused):
        yield "nothing: every call goes where it went"
