import openai
from sophia_cli.llm import get_unified_llm_service

openai.api_key = "from-the-environment"


def ask(text):
    response = get_unified_llm_service().complete_response_sync(
        model="gpt-4",
        messages=[{"role": "user", "content": text}],
        temperature=0.2,
    )
    print(response.total_tokens)
    return response.content.strip()


async def later(text):
    response = await get_unified_llm_service().complete_response(model="gpt-4", messages=[{"role": "user", "content": text}])
    return response.content


def one_line(text):
    return get_unified_llm_service().complete_response_sync(model="gpt-4", messages=[text]).content
