"""Market agent of the sales floor."""

import logging

from backend.services.smart_ai_service import LLMRequest, TaskType, smart_ai_service

logger = logging.getLogger(__name__)


class MarketAgent:
    async def start(self) -> None:
        await smart_ai_service.initialize()

    async def brief(self, question: str, history: list[dict[str, str]]) -> str:
        request = LLMRequest(
            messages=[*history, {"role": "user", "content": question}],  # the newest last
            task_type=TaskType.MARKET_ANALYSIS,
            temperature=0.2,
            user_id="sales",
        )
        response = await smart_ai_service.generate_response(request)
        if response.error:
            logger.warning("no brief: %s", response.error)
            return ""
        logger.info("%s tokens by %s", response.tokens_used, response.provider)
        return response.content

    async def code(self, text: str) -> str:
        response = await smart_ai_service.generate_response(
            LLMRequest(
                messages=[{"role": "user", "content": text}],
                task_type=TaskType.CODE_GENERATION,
                max_tokens=4000,
            )
        )
        return response.content if not response.error else ""

    async def small_talk(self, text: str) -> str:
        answer = await smart_ai_service.generate_response(LLMRequest([{"role": "user", "content": text}]))
        return answer.content
