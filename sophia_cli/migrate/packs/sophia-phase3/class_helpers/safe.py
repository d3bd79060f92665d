from backend.services.enhanced_portkey_orchestrator import SophiaAI, sophia_chat
from backend.services.simplified_portkey_service import SophiaLLM


async def talk(text: str) -> str:
    first = await SophiaLLM.chat(text)
    second = (await SophiaLLM.generate_code(text)).strip()
    third = await SophiaAI.research_assistant(f"{first} {second}")
    await SophiaAI.code_expert(
        "what nobody reads",
    )
    return third + await sophia_chat(message=text)


def later(text):
    return SophiaAI.chat(text)
