from sophia_cli.llm import get_unified_llm_service


async def summarise(text: str) -> str:
    response = await get_unified_llm_service().complete_response(
        prompt=text, task_type="document_summary", max_tokens=300, temperature=0.7, on_error="return"
    )
    if response.error is not None:
        return f"failed ({response.error is None}): {response.error}"
    return response.content


async def worked(text: str) -> dict:
    response = await get_unified_llm_service().complete_response(text, task_type="chat_conversation", temperature=0.7, max_tokens=1000, on_error="return")
    if response.error is None and response.content:
        print("fine")
    return {"ok": (response.error is None), "text": response.content}
