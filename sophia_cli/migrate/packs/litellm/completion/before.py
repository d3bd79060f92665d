from litellm import acompletion, completion


def ask(text):
    response = completion(model="gpt-4o", messages=[{"role": "user", "content": text}])
    return response["choices"][0]["message"]["content"]


async def later(text):
    response = await acompletion("gpt-4o", messages=[text])
    return response.choices[0].message.content


async def named(text):
    response = await acompletion(model="gpt-4o", messages=[text])
    if response.usage.total_tokens > 100:
        return ""
    return response.choices[0].message.content
