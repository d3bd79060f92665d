"""What one call, and the world at this moment, say against a candidate."""

from __future__ import annotations

from sophia_cli.llm.budgets.budget import REFUSE, Budget, facts_of
from sophia_cli.llm.call import Labels
from sophia_cli.llm.config import Config
from sophia_cli.llm.estimate import Estimate
from sophia_cli.llm.money import dollars
from sophia_cli.llm.outlook import Outlook
from sophia_cli.llm.prices.worstcase import worst_case
from sophia_cli.llm.routing.plan import Candidate

# Prompts below this fit every model that chats; for them nothing has to be looked up.
_FITS_ALL = 2_000
_BUDGET = "budget "


def is_about_money(reason: str) -> bool:
    """Whether a budget is the reason why a candidate is left out."""
    return reason.startswith(_BUDGET)


def needs_a_look(config: Config, size: Estimate, outlook: Outlook) -> bool:
    """Whether anything can be said against candidates beyond their plan."""
    money = bool(config.budgets) and (outlook.thorough or bool(outlook.left))
    return money or bool(size.tokens_in > _FITS_ALL or not size.plain or outlook.resting)


def objection(candidate: Candidate, labels: Labels, size: Estimate, outlook: Outlook) -> str:
    """The reason to leave a candidate out, empty when there is none. What is not known is no reason."""
    place = (candidate.verdict.provider, candidate.verdict.model)
    return (
        _incapable(candidate, size)
        or outlook.resting.get(place, "")
        or over_budget(candidate.config, labels, *place, candidate.key, size, outlook)
    )


def _incapable(candidate: Candidate, size: Estimate) -> str:
    if size.plain and size.tokens_in <= _FITS_ALL:
        return ""
    facts = candidate.facts
    if size.tools and facts.tools is False:
        return "takes no tools"
    if size.json_schema and facts.json_schema is False:
        return "keeps to no JSON schema"
    if size.images and facts.vision is False:
        return "sees no images"
    if facts.context is not None and size.tokens_in > facts.context:
        return f"too long: about {size.tokens_in:,} tokens, it takes {facts.context:,}"
    return ""


def over_budget(
    config: Config,
    labels: Labels,
    provider: str,
    model: str,
    key: str,
    size: Estimate,
    outlook: Outlook,
) -> str:
    """The budget that the worst case of a call would pass, in words; empty where all have room."""
    if not config.budgets or not (outlook.thorough or outlook.left):
        return ""
    facts = facts_of(labels, provider, model, key)
    scopes = ((budget, budget.scope(facts)) for budget in config.budgets)
    booked = [
        (budget, account)
        for budget, account in scopes
        if account and (outlook.thorough or account in outlook.left)
    ]
    if not booked:
        return ""
    worst = worst_case(config, provider, model, size).nano
    known = config.providers.get(provider)
    if worst is None and known is not None and known.kind == "simulator":
        return ""  # simulated answers cost nothing, unless somebody gave them a price
    reasons = (
        _against(budget, account, worst, size.note, outlook.left.get(account, budget.limit_nano))
        for budget, account in booked
    )
    return next((reason for reason in reasons if reason), "")


def _against(budget: Budget, account: str, worst: int | None, note: str, left: int) -> str:
    if worst is None:
        return f"{_BUDGET}{account} refuses what has no price" if budget.unpriced == REFUSE else ""
    if not budget.stop or worst <= left:
        return ""
    return (
        f"{_BUDGET}{account}: {dollars(left)} left of {dollars(budget.limit_nano)}, "
        f"this may cost {dollars(worst, at_most=True)}{f' ({note})' if note else ''}"
    )
