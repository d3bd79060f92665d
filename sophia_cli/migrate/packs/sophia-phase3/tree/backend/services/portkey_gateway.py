"""The second old service: the same over Portkey, with streams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any


@dataclass
class CompletionRequest:
    messages: list[dict[str, str]]
    model: str | None = None
    temperature: float = 0.7
    max_tokens: int = 1500
    stream: bool = False


@dataclass
class CompletionResponse:
    text: str
    model: str = ""
    tokens_used: int = 0
    error: str | None = None


class PortkeyGateway:
    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        return CompletionResponse("", error="no gateway in this tree")

    async def stream_complete(self, request: CompletionRequest) -> AsyncIterator[str]:
        yield ""

    async def get_usage_report(self) -> dict[str, Any]:
        return {}

    async def close(self) -> None: ...


_gateway: PortkeyGateway | None = None


async def get_portkey_gateway() -> PortkeyGateway:
    global _gateway
    if _gateway is None:
        _gateway = PortkeyGateway()
    return _gateway
