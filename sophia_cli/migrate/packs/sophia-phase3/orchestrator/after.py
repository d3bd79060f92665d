from sophia_cli.llm import TaskType, get_unified_llm_service


async def plan(messages, careful):
    response = await get_unified_llm_service().complete_response(
        messages=messages,
        task_type=TaskType.CODE_GENERATION if careful else TaskType.CHAT_CONVERSATION,
        temperature=0.7,
        max_tokens=4000,
        on_error="return",
    )
    return response.content if response.error is None else None


class Planner:
    def __init__(self):
        self.orchestrator = get_unified_llm_service()

    async def plan(self, messages):
        response = await self.orchestrator.complete_response(messages=messages, task_type=TaskType.CHAT_CONVERSATION, temperature=0.7, max_tokens=4000, on_error="return")
        return response.content
