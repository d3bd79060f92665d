from backend.services.portkey_gateway import CompletionRequest, get_portkey_gateway


async def ask(text):
    gateway = await get_portkey_gateway()
    response = await gateway.complete(
        CompletionRequest(messages=[{"role": "user", "content": text}], temperature=0.1)
    )
    return response.text


async def report():
    other = await get_portkey_gateway()
    return await other.get_usage_report()


async def pieces(text):
    gateway = await get_portkey_gateway()
    async for piece in gateway.stream_complete(
        CompletionRequest(messages=[{"role": "user", "content": text}], stream=True)
    ):
        yield piece
