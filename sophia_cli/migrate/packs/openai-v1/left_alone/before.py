import openai


def ask(text):
    response = openai.responses.create(model="gpt-4o", input=text)
    return response.output_text


def tools(text):
    response = openai.chat.completions.create(model="gpt-4o", messages=[text])
    return response.choices[0].message.tool_calls
