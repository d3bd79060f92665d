"""Names that only look like the old services, and uses that cannot be moved."""

from backend.services.simplified_portkey_service import SophiaLLM, simplified_llm_service
from backend.services.smart_ai_service import LLMRequest, TaskType, smart_ai_service

PORTS = {"smart_ai_service": 8001, "portkey_gateway": 8002}
STATUS = {"PortkeyGateway": "up", "SmartAIService": "up"}
TEMPLATE = '''
from backend.services.smart_ai_service import smart_ai_service
await smart_ai_service.generate_response(request)
'''


class PortkeyGatewayService:
    """Not the gateway."""

    async def complete(self, request):
        return request


class UnifiedLLMServiceService:
    async def generate_response(self, request):
        return request


async def lost(text, task, **more):
    await PortkeyGatewayService().complete(text)
    await UnifiedLLMServiceService().generate_response(text)
    await smart_ai_service.generate_text(text)
    await smart_ai_service.constitutional_complete(text)
    await smart_ai_service.generate_response(LLMRequest(messages=[text], task_type=task))
    await smart_ai_service.generate_response(LLMRequest(messages=[text], task_type=TaskType.LEGACY_VOICE))
    await smart_ai_service.generate_response(LLMRequest(messages=[text], **more))
    if hasattr(simplified_llm_service, "stream"):
        await simplified_llm_service.stream(text)
    if hasattr(SophiaLLM, "summarise"):
        await SophiaLLM.summarise(text)
    return await SophiaLLM.analyze_business(text, context="last year")
