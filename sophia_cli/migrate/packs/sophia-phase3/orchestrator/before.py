from backend.services.enhanced_portkey_orchestrator import (
    EnhancedLLMRequest,
    EnhancedPortkeyOrchestrator,
    TaskType,
    enhanced_orchestrator,
)


async def plan(messages, careful):
    response = await enhanced_orchestrator.complete(
        EnhancedLLMRequest(
            messages=messages,
            task_type=TaskType.CODE_GENERATION if careful else TaskType.ROUTINE_QUERIES,
        )
    )
    return response.content if response.success else None


class Planner:
    def __init__(self):
        self.orchestrator = EnhancedPortkeyOrchestrator()

    async def plan(self, messages):
        response = await self.orchestrator.complete(EnhancedLLMRequest(messages))
        return response.content
