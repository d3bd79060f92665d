"""The third old service: an answer says whether it succeeded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SimplifiedLLMRequest:
    prompt: str
    task_type: str = "routine_queries"
    temperature: float = 0.7
    max_tokens: int = 1000
    system: str | None = None


@dataclass
class SimplifiedLLMResponse:
    content: str
    success: bool
    error: str | None = None


class SimplifiedPortkeyService:
    async def initialize(self) -> None: ...

    async def complete(self, request: SimplifiedLLMRequest) -> SimplifiedLLMResponse:
        return SimplifiedLLMResponse("", False, "no gateway in this tree")

    async def close(self) -> None: ...


simplified_llm_service = SimplifiedPortkeyService()


class SophiaLLM:
    @staticmethod
    async def chat(message: str) -> str:
        response = await simplified_llm_service.complete(SimplifiedLLMRequest(message))
        return response.content if response.success else f"Error: {response.error}"

    @staticmethod
    async def analyze_business(query: str, context: str = "") -> str:
        return await SophiaLLM.chat(f"As an analyst: {query}\n{context}")

    @staticmethod
    async def generate_code(requirements: str, language: str = "python") -> str:
        return await SophiaLLM.chat(f"Write {language}: {requirements}")
