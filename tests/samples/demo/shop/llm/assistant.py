"""SmartAssistant: one place for prompts of the back office. It never raises."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from enum import Enum

import httpx

# US dollars for a million tokens, in and out.
PRICES = {"gpt-4o": (2.5, 10.0), "gpt-4o-mini": (0.15, 0.6)}


class TaskKind(Enum):
    """What a request is for; decides the model."""

    REPORT = "report"
    COPY = "copy"
    SUPPORT = "support"


@dataclass
class LLMRequest:
    """One question. `cost_sensitivity` from 0 to 1: above 0.7 the small model answers."""

    messages: list[dict[str, str]]
    kind: TaskKind = TaskKind.SUPPORT
    temperature: float = 0.3
    max_tokens: int = 400
    cost_sensitivity: float = 0.5


@dataclass(frozen=True)
class LLMAnswer:
    """What came back; `error` says why `content` is empty. `cost_usd` is None where unknown."""

    content: str = ""
    provider: str = "openai"
    model: str = ""
    cost_usd: float | None = None
    latency_ms: float = 0.0
    tokens_used: int = 0
    error: str | None = None


class SmartAssistant:
    """Chooses a model, asks it, and turns every failure into an answer with `error`."""

    def __init__(self, timeout: float = 30.0) -> None:
        self.timeout = timeout

    async def generate_response(self, request: LLMRequest) -> LLMAnswer:
        """Ask, from async code."""
        started = time.perf_counter()
        try:
            async with httpx.AsyncClient(timeout=self.timeout) as http:
                response = await http.post(_url(), json=_body(request), headers=_headers())
            return _read(response, started)
        except httpx.HTTPError as error:
            return _failed(error, started)

    def answer_now(self, request: LLMRequest) -> LLMAnswer:
        """Ask, from code that cannot await."""
        started = time.perf_counter()
        try:
            response = httpx.post(
                _url(), json=_body(request), headers=_headers(), timeout=self.timeout
            )
            return _read(response, started)
        except httpx.HTTPError as error:
            return _failed(error, started)


def _url() -> str:
    base = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
    return f"{base.rstrip('/')}/chat/completions"


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}


def _body(request: LLMRequest) -> dict[str, object]:
    small = request.cost_sensitivity > 0.7 or request.kind is TaskKind.SUPPORT
    return {
        "model": "gpt-4o-mini" if small else "gpt-4o",
        "messages": request.messages,
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
    }


def _read(response: httpx.Response, started: float) -> LLMAnswer:
    response.raise_for_status()
    body = response.json()
    usage = body.get("usage", {})
    sent, received = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    price = PRICES.get(body["model"])
    return LLMAnswer(
        content=body["choices"][0]["message"]["content"] or "",
        model=body["model"],
        cost_usd=(sent * price[0] + received * price[1]) / 1e6 if price else None,
        latency_ms=_since(started),
        tokens_used=sent + received,
    )


def _failed(error: httpx.HTTPError, started: float) -> LLMAnswer:
    return LLMAnswer(latency_ms=_since(started), error=str(error) or type(error).__name__)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


assistant = SmartAssistant()
