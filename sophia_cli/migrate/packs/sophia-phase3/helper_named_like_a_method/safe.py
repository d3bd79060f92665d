from backend.services.smart_ai_service import generate_code, generate_executive_insight


class Writer:
    async def generate_code(self, text):
        answer = await generate_code(text)
        return answer.content

    async def insight(self, text):
        answer = await generate_executive_insight(query=text)
        return answer.content if not answer.error else ""

    async def other(self, text):
        await self.generate_code(text)
        return await generate_code(text, language="go")
