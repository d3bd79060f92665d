from portkey_ai import PORTKEY_GATEWAY_URL, Portkey, createHeaders
from sophia_cli.llm import portkey_http_client

headers = createHeaders(api_key="k", provider="openai")
done = Portkey(api_key="k", http_client=portkey_http_client())
own = Portkey(api_key="k", http_client=CLIENT)


class Mine(Portkey):
    pass


def build(portkey, make=Portkey):
    return make(api_key="k"), portkey.chat.completions.create(model="m", messages=[])


def ask(text):
    return done.chat.completions.create(model="m", messages=[text])


def apart(text):
    return done.copy(http_client=CLIENT).chat.completions.create(model="m", messages=[text])
