from sophia_cli.llm import TaskType, get_unified_llm_service

try:
    from backend.services.enhanced_portkey_orchestrator import sophia_chat
except ImportError:
    pass


async def ask(text):
    answer = await get_unified_llm_service().complete_response(messages=[{"role": "user", "content": text}], task_type=TaskType.CHAT_CONVERSATION, temperature=0.7, max_tokens=2000, on_error="return")
    return answer.content


async def chat(text):
    return await sophia_chat(text)
