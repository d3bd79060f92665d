"""A failure in words: who answered what, and what mends it."""

from __future__ import annotations

from sophia_cli.llm.config import Config
from sophia_cli.llm.failure import Failure
from sophia_cli.llm.providers import Provider

_WORDS = {
    "auth": "the API key is not valid",
    "payment": "the account has no credit left",
    "permission": "the key may not do this",
    "budget": "the provider's budget is used up",
    "rate_limit": "too many requests",
    "timeout": "it took too long",
    "overloaded": "it is overloaded",
}


def explain(failure: Failure, provider: str, config: Config) -> tuple[str, str]:
    """One line that says what is wrong, and the command or edit that mends it (may be empty)."""
    if not failure.status:
        return f"{provider} cannot be reached: {failure.message}", _mend_connection(
            provider, config
        )
    words = _WORDS.get(failure.kind, "")
    said = failure.message if failure.message != f"HTTP {failure.status}" else ""
    text = ": ".join(part for part in (words, said) if part) or "no reason given"
    return (
        f"{provider} answered {failure.status}: {text}{_key_hint(failure, provider, config)}",
        _mend(failure, provider, config),
    )


def _key_hint(failure: Failure, provider: str, config: Config) -> str:
    known = config.providers.get(provider)
    if (
        failure.kind not in ("auth", "permission", "payment")
        or known is None
        or known.secret is None
    ):
        return ""
    return f" (key ends in {known.secret.masked}, from {known.secret.source})"


def _mend(failure: Failure, provider: str, config: Config) -> str:
    known = config.providers.get(provider)
    if failure.kind == "auth" and known is not None:
        return f"set another:  {_another(known)}"
    if failure.kind == "rate_limit" and failure.retry_after:
        return f"try again in {failure.retry_after:.0f} s, or add another provider to the route"
    if failure.kind in ("rate_limit", "overloaded", "payment", "budget"):
        return "add another provider to the route, in [routes] of sophia.toml"
    if failure.kind == "model":
        return "name another model, or map it in [models] of sophia.toml"
    return ""


def _another(provider: Provider) -> str:
    """What sets a new key; a variable of the environment would go before it."""
    shadows = provider.secret is not None and provider.secret.source == provider.key_env
    unset = f"unset {provider.key_env}; " if shadows else ""
    return f"{unset}sophia llm keys set {provider.name}"


def _mend_connection(provider: str, config: Config) -> str:
    known = config.providers.get(provider)
    return (
        f"check the network, a proxy, and base_url {known.base_url}"
        if known
        else "check the network and the base URL"
    )
