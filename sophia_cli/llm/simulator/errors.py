"""Each provider's own shape of an error: as a whole answer and in the middle of a stream."""

from __future__ import annotations

from typing import Any

from sophia_cli.llm.simulator.ask import Place
from sophia_cli.llm.simulator.digest import Digest
from sophia_cli.llm.simulator.refusal import Refusal
from sophia_cli.llm.simulator.reply import data_event, named_event

_MESSAGES = {
    400: "The request is not valid.",
    401: "The API key is not valid.",
    402: "The credits are used up.",
    403: "This key may not do that.",
    404: "There is nothing at this address.",
    408: "The request took longer than its timeout.",
    412: "The budget of this key is exhausted.",
    413: "The request is too large.",
    422: "The request cannot be processed.",
    429: "The rate limit is reached.",
    446: "The guardrail checks of the config failed.",
    500: "The server had an error.",
    502: "The upstream provider answered with something invalid.",
    503: "No provider is available at the moment.",
    504: "The upstream provider did not answer in time.",
    529: "The provider is overloaded.",
}
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# What Portkey's gateway says itself; everything else is the provider's error, passed through.
_PORTKEY_OWN = (400, 401, 403, 404, 405, 412)


def simulated(status: int) -> Refusal:
    """The error of a fault: it says that it is simulated."""
    return Refusal(status, f"{_MESSAGES.get(status, f'Error {status}.')} (simulated)", "simulated")


def error_status(place: Place, refusal: Refusal) -> int:
    """The HTTP status: an unknown model is a 400 at Snowflake and OpenRouter, a 404 elsewhere."""
    if refusal.reason == "unknown_model" and place.flavour in ("cortex", "openrouter"):
        return 400
    return refusal.status


def error_body(place: Place, refusal: Refusal, digest: Digest) -> dict[str, Any]:
    """The error as this provider words it."""
    status = error_status(place, refusal)
    message = (
        _unknown_model(place, refusal) if refusal.reason == "unknown_model" else refusal.message
    )
    if place.flavour == "cortex":
        return {"message": message, "request_id": digest.uuid("request")}
    if place.flavour == "portkey":
        return _portkey(status, message, refusal)
    if place.anthropic_shaped:
        return _anthropic(status, message, digest)
    if place.flavour == "openrouter":
        return {"error": _openrouter(status, message), "user_id": digest.hex("user", 12)}
    return {"error": _openai(status, message, refusal)}


def error_event(place: Place, refusal: Refusal, digest: Digest, model: str) -> bytes:
    """The error as an event in a stream whose status was 200."""
    if place.anthropic_shaped:
        return named_event(_anthropic(refusal.status, refusal.message, digest))
    if place.operation == "responses":
        error = _openai(refusal.status, refusal.message, refusal)
        return named_event({**error, "type": "error", "sequence_number": 0})
    if place.flavour == "cortex":
        request_id = digest.uuid("request")
        error = {"message": refusal.message, "code": str(refusal.status), "request_id": request_id}
        return data_event({"error": error})
    if place.flavour == "openrouter":
        return data_event(_openrouter_chunk(refusal, digest, model))
    return data_event({"error": _openai(refusal.status, refusal.message, refusal)})


def _unknown_model(place: Place, refusal: Refusal) -> str:
    name = refusal.message
    if place.flavour == "cortex":
        return f"unknown model {name}"
    if place.flavour == "openrouter":
        return f"{name} is not a valid model ID"
    if place.anthropic_shaped:
        return f"model: {name}"
    return f"The model `{name}` does not exist or you do not have access to it."


def _openai(status: int, message: str, refusal: Refusal) -> dict[str, Any]:
    kind = _OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = {"unknown_model": "model_not_found", "simulated": None}.get(
        refusal.reason, refusal.reason
    )
    if refusal.reason == "simulated" and status == 429:
        code = "rate_limit_exceeded"
    return {"message": message, "type": kind, "param": refusal.param, "code": code or None}


def _anthropic(status: int, message: str, digest: Digest) -> dict[str, Any]:
    kind = _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    request_id = f"req_{digest.hex('request')}"
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def _portkey(status: int, message: str, refusal: Refusal) -> dict[str, Any]:
    if status == 408:
        error = {"message": message, "type": "timeout_error", "param": None, "code": None}
        return {"error": error}
    if status == 446:
        error = {"message": message, "type": "hooks_failed", "param": None, "code": None}
        return {"error": error, "hook_results": hook_results(verdict=False)}
    if status in _PORTKEY_OWN and refusal.reason != "unknown_model":
        return {"status": "failure", "message": message}
    error = _openai(status, f"openai error: {message}", refusal)
    return {"error": error, "provider": "openai"}


def hook_results(verdict: bool) -> dict[str, Any]:
    """What Portkey's guardrails report beside an answer."""
    check = {"id": "simulated.check", "verdict": verdict, "execution_time": 0}
    hook = {"id": "simulated-guardrail", "verdict": verdict, "type": "guardrail", "checks": [check]}
    return {"before_request_hooks": [hook], "after_request_hooks": []}


def _openrouter(status: int, message: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": status, "message": message}
    if status in (429, 502, 503):
        error["metadata"] = {"provider_name": "Simulated", "raw": message}
    return error


def _openrouter_chunk(refusal: Refusal, digest: Digest, model: str) -> dict[str, Any]:
    return {
        "id": f"gen-{digest.created}-{digest.hex('id', 20)}",
        "object": "chat.completion.chunk",
        "created": digest.created,
        "model": model,
        "provider": "Simulated",
        "error": _openrouter(refusal.status, refusal.message),
        "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
    }
