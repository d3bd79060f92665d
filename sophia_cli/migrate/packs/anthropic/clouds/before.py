from anthropic import AnthropicBedrock, AsyncAnthropicVertex

MODEL = "claude-sonnet-4-5"
client = AnthropicBedrock(aws_region="us-east-1")


def ask(text):
    message = client.messages.create(
        model=MODEL,
        max_tokens=200,
        system="Answer in one line.",
        messages=[{"role": "user", "content": text}],
        stop_sequences=["END"],
    )
    return message.content[0].text


class Reader:
    def __init__(self, project):
        self.vertex = AsyncAnthropicVertex(project_id=project, region="europe-west1")

    async def read(self, text):
        message = await self.vertex.messages.create(model=MODEL, max_tokens=9, messages=[text])
        return message.content[0].text
