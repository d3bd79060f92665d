from sophia_cli.llm import get_unified_llm_service

MODEL = "claude-sonnet-4-5"
client = get_unified_llm_service()


def ask(text):
    message = client.complete_response_sync(
        model=MODEL,
        max_tokens=200,
        system="Answer in one line.",
        messages=[{"role": "user", "content": text}],
        stop=["END"],
    )
    return message.content


class Reader:
    def __init__(self, project):
        self.vertex = get_unified_llm_service()

    async def read(self, text):
        message = await self.vertex.complete_response(model=MODEL, max_tokens=9, messages=[text])
        return message.content
