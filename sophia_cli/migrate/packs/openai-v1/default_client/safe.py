import openai


def ask(text):
    response = openai.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": text}], max_tokens=200
    )
    return response.choices[0].message.content
