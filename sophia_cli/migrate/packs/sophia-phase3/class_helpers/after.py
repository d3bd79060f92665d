from backend.services.enhanced_portkey_orchestrator import SophiaAI
from sophia_cli.llm import get_unified_llm_service


async def talk(text: str) -> str:
    first = (await get_unified_llm_service().complete_response(text, task_type="chat_conversation", on_error="return")).content
    second = (await get_unified_llm_service().complete_response(text, task_type="code_generation", on_error="return")).content.strip()
    third = (await get_unified_llm_service().complete_response(f"{first} {second}", task_type="business_intelligence", on_error="return")).content
    await get_unified_llm_service().complete_response(
        "what nobody reads",
        task_type="code_generation",
        on_error="return",
    )
    return third + (await get_unified_llm_service().complete_response(prompt=text, task_type="chat_conversation", on_error="return")).content


def later(text):
    return SophiaAI.chat(text)
