"""The first of the old services: every call is an LLMRequest, and nothing is ever raised."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from backend.utils.custom_logger import custom_logger

logger = custom_logger(__name__)


class TaskType(Enum):
    EXECUTIVE_INSIGHTS = "executive_insights"
    COMPETITIVE_ANALYSIS = "competitive_analysis"
    FINANCIAL_ANALYSIS = "financial_analysis"
    MARKET_ANALYSIS = "market_analysis"
    CODE_GENERATION = "code_generation"
    DOCUMENT_ANALYSIS = "document_analysis"
    ROUTINE_QUERIES = "routine_queries"
    CREATIVE_CONTENT = "creative_content"
    EXPERIMENTAL = "experimental"
    BULK_PROCESSING = "bulk_processing"
    LEGACY_VOICE = "legacy_voice"


@dataclass
class LLMRequest:
    messages: list[dict[str, str]]
    task_type: TaskType = TaskType.ROUTINE_QUERIES
    model_preference: str | None = None
    temperature: float = 0.7
    max_tokens: int = 2000
    cost_sensitivity: float = 0.5
    performance_priority: bool = True
    is_experimental: bool = False
    user_id: str | None = None
    session_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class LLMResponse:
    content: str
    provider: str
    model: str
    cost_usd: float = 0.0
    latency_ms: float = 0.0
    tokens_used: int = 0
    cache_hit: bool = False
    error: str | None = None


class SmartAIService:
    def __init__(self) -> None:
        self.initialized = False

    async def initialize(self) -> None:
        self.initialized = True

    async def generate_response(self, request: LLMRequest) -> LLMResponse:
        started = time.time()
        try:
            return await self._call(request)
        except Exception as error:
            logger.error("LLM call failed: %s", error)
            return LLMResponse("", "none", "none", latency_ms=time.time() - started, error=str(error))

    async def _call(self, request: LLMRequest) -> LLMResponse:
        raise RuntimeError("no gateway in this tree")

    async def close(self) -> None:
        self.initialized = False


smart_ai_service = SmartAIService()


async def generate_executive_insight(query: str, context: str = "") -> LLMResponse:
    messages = [{"role": "user", "content": f"As an executive adviser: {query}\n{context}"}]
    return await smart_ai_service.generate_response(
        LLMRequest(messages=messages, task_type=TaskType.EXECUTIVE_INSIGHTS)
    )


async def generate_competitive_analysis(competitor: str, focus_areas: list[str]) -> LLMResponse:
    messages = [{"role": "user", "content": f"Analyse {competitor}: {', '.join(focus_areas)}"}]
    return await smart_ai_service.generate_response(
        LLMRequest(messages=messages, task_type=TaskType.COMPETITIVE_ANALYSIS)
    )


async def generate_code(description: str, language: str = "python") -> LLMResponse:
    messages = [{"role": "user", "content": f"Write {language}: {description}"}]
    return await smart_ai_service.generate_response(
        LLMRequest(messages=messages, task_type=TaskType.CODE_GENERATION)
    )


async def experimental_query(prompt: str, model: str | None = None) -> LLMResponse:
    return await smart_ai_service.generate_response(
        LLMRequest(
            messages=[{"role": "user", "content": prompt}],
            task_type=TaskType.EXPERIMENTAL,
            model_preference=model,
        )
    )
