try:
    from backend.services.smart_ai_service import LLMRequest, smart_ai_service
except ImportError:
    smart_ai_service = None

try:
    from sophia_cli.llm import get_unified_llm_service

    AVAILABLE = True
except ImportError:
    AVAILABLE = False


async def ask(text):
    if smart_ai_service is None:
        return ""
    answer = await smart_ai_service.generate_response(LLMRequest(messages=[text]))
    return answer.content


async def chat(text):
    return (await get_unified_llm_service().complete_response(text, task_type="chat_conversation", on_error="return")).content if AVAILABLE else ""
