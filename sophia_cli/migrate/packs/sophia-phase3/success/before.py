from backend.services.simplified_portkey_service import (
    SimplifiedLLMRequest,
    simplified_llm_service,
)


async def summarise(text: str) -> str:
    response = await simplified_llm_service.complete(
        SimplifiedLLMRequest(prompt=text, task_type="document_analysis", max_tokens=300)
    )
    if not response.success:
        return f"failed ({response.success}): {response.error}"
    return response.content


async def worked(text: str) -> dict:
    response = await simplified_llm_service.complete(SimplifiedLLMRequest(text))
    if response.success and response.content:
        print("fine")
    return {"ok": response.success, "text": response.content}
