try:
    from backend.services.smart_ai_service import LLMRequest, smart_ai_service
except ImportError:
    smart_ai_service = None

try:
    from backend.services.enhanced_portkey_orchestrator import sophia_chat

    AVAILABLE = True
except ImportError:
    AVAILABLE = False


async def ask(text):
    if smart_ai_service is None:
        return ""
    answer = await smart_ai_service.generate_response(LLMRequest(messages=[text]))
    return answer.content


async def chat(text):
    return await sophia_chat(text) if AVAILABLE else ""
