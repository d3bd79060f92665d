"""What a call can cost at most, before it is sent: what budgets hold back, and what routes are compared by."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.llm.catalogue.limits import limits_of
from sophia_cli.llm.config import Config
from sophia_cli.llm.estimate import WORST_CONTEXT, Estimate
from sophia_cli.llm.prices import Price, price_of


@dataclass(frozen=True)
class WorstCase:
    """`nano` is nano-USD, None where a price is not known; `tokens_out` is the longest answer.

    `price` is that of the candidate itself, by which its answer is counted.
    """

    nano: int | None
    tokens_out: int
    price: Price | None = None


def worst_case(config: Config, provider: str, model: str, size: Estimate) -> WorstCase:
    """The most that a call of that size can cost at a candidate.

    OpenRouter may answer by a model that its configuration names as a fallback: the dearest counts,
    and one without a price leaves all without.
    """
    worst = _of_model(config, provider, model, size)
    others = _fallbacks(config, provider, size)
    if not others:
        return worst
    cases = [worst, *(_of_model(config, provider, other, size) for other in others)]
    known = [case.nano for case in cases if case.nano is not None]
    longest = max(case.tokens_out for case in cases)
    return WorstCase(max(known) if len(known) == len(cases) else None, longest, worst.price)


def _of_model(config: Config, provider: str, model: str, size: Estimate) -> WorstCase:
    tokens_in, tokens_out = size.worst_in, size.worst_out
    if tokens_out and not size.limit:  # the caller's own limit is sent as it is
        most = limits_of(config, provider, model).output
        tokens_out = tokens_out if most is None else min(tokens_out, most)
    if size.history:
        tokens_in = max(tokens_in, limits_of(config, provider, model).context or WORST_CONTEXT)
    price = price_of(config, provider, model)
    nano = price.worst(tokens_in, tokens_out) if price else None
    return WorstCase(nano, tokens_out, price)


def _fallbacks(config: Config, provider: str, size: Estimate) -> tuple[str, ...]:
    known = config.providers.get(provider)
    if known is None:
        return ()
    configured = tuple(known.options.get("fallback_models", ()))
    return configured + size.models if known.kind == "openrouter" else configured
