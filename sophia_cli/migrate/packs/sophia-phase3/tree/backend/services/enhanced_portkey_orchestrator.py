"""The fourth old service: the third with more of everything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TaskType(str, Enum):
    ROUTINE_QUERIES = "routine_queries"
    CODE_GENERATION = "code_generation"
    MARKET_ANALYSIS = "market_analysis"


@dataclass
class EnhancedLLMRequest:
    messages: list[dict[str, str]]
    task_type: TaskType = TaskType.ROUTINE_QUERIES
    temperature: float = 0.7
    max_tokens: int = 4000
    use_cache: bool = True
    cost_sensitivity: float = 0.5


@dataclass
class EnhancedLLMResponse:
    content: str
    success: bool = True
    model: str = ""
    error: str | None = None


class EnhancedPortkeyOrchestrator:
    async def complete(self, request: EnhancedLLMRequest) -> EnhancedLLMResponse:
        return EnhancedLLMResponse("", False, error="no gateway in this tree")

    async def close(self) -> None: ...


enhanced_orchestrator = EnhancedPortkeyOrchestrator()


class SophiaAI:
    @staticmethod
    async def chat(message: str) -> str:
        messages = [{"role": "user", "content": message}]
        response = await enhanced_orchestrator.complete(EnhancedLLMRequest(messages))
        return response.content if response.success else f"Error: {response.error}"

    @staticmethod
    async def code_expert(task: str) -> str:
        return await SophiaAI.chat(f"As a developer: {task}")

    @staticmethod
    async def business_analyst(query: str) -> str:
        return await SophiaAI.chat(f"As an analyst: {query}")

    @staticmethod
    async def research_assistant(topic: str) -> str:
        return await SophiaAI.chat(f"Research: {topic}")


async def sophia_chat(message: str) -> str:
    return await SophiaAI.chat(message)
