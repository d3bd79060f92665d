from backend.services.portkey_gateway import CompletionRequest, get_portkey_gateway
from sophia_cli.llm import get_unified_llm_service


async def ask(text):
    gateway = get_unified_llm_service()
    response = await gateway.complete_response(
        messages=[{"role": "user", "content": text}], temperature=0.1, max_tokens=1500, on_error="return"
    )
    return response.content


async def report():
    other = await get_portkey_gateway()
    return await other.get_usage_report()


async def pieces(text):
    gateway = await get_portkey_gateway()
    async for piece in gateway.stream_complete(
        CompletionRequest(messages=[{"role": "user", "content": text}], stream=True)
    ):
        yield piece
