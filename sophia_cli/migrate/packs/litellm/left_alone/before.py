import litellm


def ask(text):
    router = litellm.Router(model_list=[])
    router.completion(model="gpt-4o", messages=[text])
    litellm.embedding(model="ada", input=[text])
    return litellm.completion(model="gpt-4o", messages=[text], api_key="here")
