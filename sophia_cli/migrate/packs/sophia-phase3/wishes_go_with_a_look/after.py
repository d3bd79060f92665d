from sophia_cli.llm import TaskType, get_unified_llm_service


class Workflow:
    def __init__(self):
        self.ai = get_unified_llm_service()

    async def run(self, text):
        answer = await self.ai.complete_response(
            messages=[{"role": "user", "content": text}],
            task_type=TaskType.BULK,
            model="gpt-4o",
            session="s1",
            temperature=0.7,
            max_tokens=2000,
            on_error="return",
        )
        return answer.content

    async def stop(self):
        pass
