import openai


def caught(text):
    try:
        return openai.ChatCompletion.create(model="gpt-4", messages=[text])["choices"][0]["message"]["content"]
    except openai.error.RateLimitError:
        return ""


def rest(text):
    openai.Embedding.create(model="ada", input=text)
    response = openai.ChatCompletion.create(model="gpt-4", messages=[text])
    return response["choices"][0]["message"]["function_call"]


def pieces(text):
    for piece in openai.ChatCompletion.create(model="gpt-4", messages=[text], stream=True):
        yield piece["choices"][0]["delta"]
