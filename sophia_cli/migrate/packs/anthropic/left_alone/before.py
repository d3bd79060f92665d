import asyncio

import anthropic

mine = anthropic.Anthropic(max_retries=4, http_client=CLIENT)
cloud = anthropic.AnthropicBedrock()
tooled = anthropic.AnthropicVertex()
counted = anthropic.AnthropicFoundry()
caught = anthropic.AnthropicBedrock()


def pieces(text):
    with cloud.messages.stream(model="m", max_tokens=9, messages=[text]) as stream:
        yield from stream.text_stream


def tools(text):
    message = tooled.messages.create(model="m", max_tokens=9, messages=[text], tools=[SEARCH])
    return [block for block in message.content if block.type == "tool_use"]


def count(text):
    return counted.messages.count_tokens(model="m", messages=[text])


def careful(text):
    try:
        return caught.messages.create(model="m", max_tokens=9, messages=[text]).content[0].text
    except anthropic.RateLimitError:
        return ""


def of_the_vendor(text):
    return mine.messages.create(model="m", max_tokens=9, messages=[text]).content[0].text


async def tasks(texts):
    running = anthropic.AsyncAnthropicVertex()
    task = asyncio.create_task(running.messages.create(model="m", max_tokens=9, messages=texts))
    message = await task
    return message.content[0].text
