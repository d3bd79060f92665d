"""Who is let in: the keys and headers that each provider insists on."""

from __future__ import annotations

from sophia_cli.llm.simulator.ask import Ask, Place
from sophia_cli.llm.simulator.refusal import Refusal

BAD_KEY = "invalid"
_TOKEN_TYPES = ("PROGRAMMATIC_ACCESS_TOKEN", "KEYPAIR_JWT", "OAUTH")
_OWN_HEADERS = {"portkey": "x-portkey-api-key", "anthropic": "x-api-key", "openrouter": "x-api-key"}
_PORTKEY_TARGETS = ("x-portkey-provider", "x-portkey-virtual-key", "x-portkey-config")


def key_of(place: Place) -> str:
    """The key of a request, wherever its provider carries it; empty if there is none."""
    own = place.headers.get(_OWN_HEADERS.get(place.flavour, ""), "").strip()
    scheme, _, token = place.headers.get("authorization", "").strip().partition(" ")
    return own or (token.strip() if scheme.lower() in ("bearer", "snowflake") else "")


def admit(place: Place) -> None:
    """Let a request with a usable key pass. Raises Refusal with status 401."""
    if place.flavour == "local" or (place.flavour, place.operation) == ("openrouter", "models"):
        return
    key = key_of(place)
    if not key:
        raise Refusal(401, _no_key(place), "missing_api_key")
    if key == BAD_KEY:
        raise Refusal(401, _bad_key(place), "invalid_api_key")
    if place.flavour == "cortex":
        _check_token_type(place)


def check_headers(ask: Ask) -> None:
    """Check the headers beside the key. Raises Refusal with status 400."""
    headers = ask.place.headers
    if (
        ask.flavour == "anthropic"
        and ask.place.anthropic_shaped
        and "anthropic-version" not in headers
    ):
        raise Refusal(400, "anthropic-version: header is required", "missing_header")
    if ask.flavour == "portkey" and ask.operation != "models":
        named = any(headers.get(name) for name in _PORTKEY_TARGETS)
        if not named and not (ask.model.startswith("@") and "/" in ask.model):
            message = "Either x-portkey-config or x-portkey-provider header is required"
            raise Refusal(400, message, "missing_header")


def _check_token_type(place: Place) -> None:
    if place.headers.get("authorization", "").lower().startswith("snowflake "):
        return
    token_type = place.headers.get("x-snowflake-authorization-token-type", "")
    if token_type not in _TOKEN_TYPES:
        raise Refusal(401, "Invalid or missing X-Snowflake-Authorization-Token-Type.", "token_type")


def _no_key(place: Place) -> str:
    words = {
        "openrouter": "No auth credentials found",
        "anthropic": "x-api-key header is required",
        "portkey": "Portkey Error: Missing API Key. Error Code: 01",
        "cortex": "Authorization header is missing.",
    }
    return words.get(place.flavour, "You didn't provide an API key.")


def _bad_key(place: Place) -> str:
    words = {
        "openrouter": "User not found.",
        "anthropic": "invalid x-api-key",
        "portkey": "Portkey Error: Invalid API Key. Error Code: 03",
        "cortex": "Programmatic access token is invalid.",
    }
    return words.get(place.flavour, "Incorrect API key provided.")
