from sophia_cli.llm import get_unified_llm_service


def ask(text):
    response = get_unified_llm_service().complete_response_sync(
        model="gpt-4o", messages=[{"role": "user", "content": text}], max_tokens=200
    )
    return response.content
