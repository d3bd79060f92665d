from backend.services.smart_ai_service import LLMRequest, smart_ai_service

try:
    from backend.services.enhanced_portkey_orchestrator import sophia_chat
except ImportError:
    pass


async def ask(text):
    answer = await smart_ai_service.generate_response(LLMRequest(messages=[{"role": "user", "content": text}]))
    return answer.content


async def chat(text):
    return await sophia_chat(text)
