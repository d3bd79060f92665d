"""A failure in words: who answered what, and what mends it."""

from __future__ import annotations

from sophia_cli.llm.call import Try
from sophia_cli.llm.config import Config
from sophia_cli.llm.failure import DEADLINE, LIMIT, RESTING, Failure
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
_AGAIN = "ask again: what has come is not the whole answer; a proxy may cut long ones"
_TO_ROUTE = "add another provider to the route"
_ANOTHER = f"{_TO_ROUTE}, in [routes] of sophia.toml"
_MENDS = {
    "rate_limit": _ANOTHER,
    "overloaded": _ANOTHER,
    "payment": _ANOTHER,
    "budget": _ANOTHER,
    "timeout": f"ask for less, with max_tokens, or {_ANOTHER}",
    "server": f"try again in a moment, or {_ANOTHER}",
    "stream_error": f"ask again, or {_ANOTHER}",
    "stream_broken": _AGAIN,
    "connection": _AGAIN,
    "permission": "allow it where the key was made, or use another key",
    "guardrail": "change the request, or the rules that the provider was given",
    "context_length": "ask for less, or name a model that takes more in [models] of sophia.toml",
    "model": "name another model, or map it in [models] of sophia.toml",
}
# What this process says itself: nothing was sent.
_OWN = {
    DEADLINE: "give it more time:  SOPHIA_LLM_DEADLINE, or [llm] deadline in sophia.toml",
    LIMIT: f"raise its limit in [providers] of sophia.toml, or {_ANOTHER}",
    RESTING: f"try again in a moment, or {_ANOTHER}",
}


def explain(
    failure: Failure, provider: str, config: Config, short: Try | None = None
) -> tuple[str, str]:
    """One line that says what is wrong, and the command or edit that mends it (may be empty).

    `short` is another candidate that a budget had no money for: it need not be added to the route.
    """
    message, mend = _explain(failure, provider, config)
    if short is not None:
        money = f"raise the limit that kept {short.provider} out, in [budgets]: {short.error}"
        mend = mend.replace(_ANOTHER, money).replace(_TO_ROUTE, money)
    return message, mend


def _explain(failure: Failure, provider: str, config: Config) -> tuple[str, str]:
    if failure.kind in _OWN:
        return failure.message, _OWN[failure.kind]
    known = config.providers.get(provider)
    if not failure.status:
        return f"{provider} cannot be reached: {failure.message}", mend_connection(failure, known)
    words = _WORDS.get(failure.kind, "")
    said = failure.message if failure.message != f"HTTP {failure.status}" else ""
    text = ": ".join(part for part in (words, said) if part) or "no reason given"
    return (
        f"{provider} answered {failure.status}: {text}{_key_hint(failure, known)}",
        _mend(failure, known),
    )


def _key_hint(failure: Failure, known: Provider | None) -> str:
    about_key = failure.kind in ("auth", "permission", "payment")
    if not about_key or known is None or known.secret is None:
        return ""
    return f" (key ends in {known.secret.masked}, from {known.secret.source})"


def _mend(failure: Failure, known: Provider | None) -> str:
    if failure.kind == "auth" and known is not None:
        return _mend_key(known)
    if failure.kind == "rate_limit" and failure.retry_after:
        return f"try again in {failure.retry_after:.0f} s, or {_TO_ROUTE}"
    if failure.kind in ("bad_response", "not_found"):
        address = f" {known.base_url}" if known else ""
        return f"see whether base_url{address} is an API's, and what a proxy makes of it"
    return _MENDS.get(failure.kind, "")


def _mend_key(known: Provider) -> str:
    if known.secret:
        return f"set another:  {another_key(known)}"
    if known.options.get("private_key_path"):
        return "see whether the user has this key:  DESC USER shows its RSA_PUBLIC_KEY_FP"
    if known.key_env:
        return f"set one:  sophia llm keys set {known.name}"
    return f"name the variable that holds its key:  api_key_env, in [providers.{known.name}]"


def another_key(provider: Provider) -> str:
    """The command that sets a new key; a variable of the environment would go before it."""
    shadows = provider.secret is not None and provider.secret.source == provider.key_env
    unset = f"unset {provider.key_env}; " if shadows else ""
    return f"{unset}sophia llm keys set {provider.name}"


def mend_connection(failure: Failure, known: Provider | None) -> str:
    """What to look at when nobody answered."""
    if failure.kind == "timeout":
        return "give it more time:  SOPHIA_LLM_TIMEOUT, or [llm] timeout in sophia.toml"
    where = f"base_url {known.base_url}" if known else "the base URL"
    return f"check the network, a proxy, and {where}"
