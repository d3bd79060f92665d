from backend.services.smart_ai_service import LLMRequest, SmartAIService, TaskType


class Workflow:
    def __init__(self):
        self.ai = SmartAIService()

    async def run(self, text):
        answer = await self.ai.generate_response(
            LLMRequest(
                messages=[{"role": "user", "content": text}],
                task_type=TaskType.BULK_PROCESSING,
                model_preference="gpt-4o",
                cost_sensitivity=0.9,
                performance_priority=False,
                is_experimental=False,
                session_id="s1",
            )
        )
        return answer.content

    async def stop(self):
        await self.ai.close()
