import os

from portkey_ai import AsyncPortkey, Portkey

portkey = Portkey(
    api_key=os.environ["PORTKEY_API_KEY"],
    virtual_key="openai-prod",
    metadata={"team": "search"},
)


def ask(text):
    answer = portkey.with_options(trace_id="t1").chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": text}]
    )
    return answer.choices[0].message.content


def pieces(text):
    for chunk in portkey.chat.completions.create(model="gpt-4o", messages=[text], stream=True):
        yield chunk.choices[0].delta.content


class Desk:
    def __init__(self, address):
        self.client = AsyncPortkey(provider="@anthropic")
        self.own = Portkey(base_url=address, virtual_key="local")

    async def prompt(self, words):
        return await self.client.prompts.completions.create(prompt_id="p-1", variables=words)
