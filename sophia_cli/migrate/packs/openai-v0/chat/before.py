import openai

openai.api_key = "from-the-environment"


def ask(text):
    response = openai.ChatCompletion.create(
        model="gpt-4",
        messages=[{"role": "user", "content": text}],
        temperature=0.2,
    )
    print(response["usage"]["total_tokens"])
    return response["choices"][0]["message"]["content"].strip()


async def later(text):
    response = await openai.ChatCompletion.acreate(model="gpt-4", messages=[{"role": "user", "content": text}])
    return response.choices[0].message.content


def one_line(text):
    return openai.ChatCompletion.create(model="gpt-4", messages=[text]).choices[0].message["content"]
