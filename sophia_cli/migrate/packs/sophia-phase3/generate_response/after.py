"""Market agent of the sales floor."""

import logging

from sophia_cli.llm import TaskType, get_unified_llm_service

logger = logging.getLogger(__name__)


class MarketAgent:
    async def start(self) -> None:
        pass

    async def brief(self, question: str, history: list[dict[str, str]]) -> str:
        response = await get_unified_llm_service().complete_response(
            messages=[*history, {"role": "user", "content": question}],  # the newest last
            task_type=TaskType.BUSINESS_INTELLIGENCE,
            temperature=0.2,
            user="sales",
            max_tokens=2000,
            on_error="return",
        )
        if response.error:
            logger.warning("no brief: %s", response.error)
            return ""
        logger.info("%s tokens by %s", response.total_tokens or 0, response.provider)
        return response.content

    async def code(self, text: str) -> str:
        response = await get_unified_llm_service().complete_response(
            messages=[{"role": "user", "content": text}],
            task_type=TaskType.CODE_GENERATION,
            max_tokens=4000,
            temperature=0.7,
            on_error="return",
        )
        return response.content if not response.error else ""

    async def small_talk(self, text: str) -> str:
        answer = await get_unified_llm_service().complete_response(messages=[{"role": "user", "content": text}], task_type=TaskType.CHAT_CONVERSATION, temperature=0.7, max_tokens=2000, on_error="return")
        return answer.content
