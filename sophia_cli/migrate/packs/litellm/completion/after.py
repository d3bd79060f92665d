from sophia_cli.llm import get_unified_llm_service


def ask(text):
    response = get_unified_llm_service().complete_response_sync(model="gpt-4o", messages=[{"role": "user", "content": text}])
    return response.content


async def later(text):
    response = await get_unified_llm_service().complete_response(model="gpt-4o", messages=[text])
    return response.content


async def named(text):
    response = await get_unified_llm_service().complete_response(model="gpt-4o", messages=[text])
    if response.total_tokens > 100:
        return ""
    return response.content
