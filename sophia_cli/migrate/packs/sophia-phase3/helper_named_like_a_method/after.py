from backend.services.smart_ai_service import generate_code
from sophia_cli.llm import get_unified_llm_service


class Writer:
    async def generate_code(self, text):
        answer = await get_unified_llm_service().complete_response(text, task_type="code_generation", on_error="return")
        return answer.content

    async def insight(self, text):
        answer = await get_unified_llm_service().complete_response(prompt=text, task_type="business_intelligence", on_error="return")
        return answer.content if not answer.error else ""

    async def other(self, text):
        await self.generate_code(text)
        return await generate_code(text, language="go")
