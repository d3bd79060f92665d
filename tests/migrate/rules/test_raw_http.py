"""Requests to a provider's host without an SDK."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

from sophia_cli.migrate.site import Site

URL = "https://api.openai.com/v1/chat/completions"
NOT_OURS = {
    "a comment": f"import requests\n\n# requests.post('{URL}', json={{}})\n",
    "a docstring": f'"""requests.post("{URL}")"""\n',
    "a list of origins": "import requests\n\nORIGINS = ['https://api.openai.com']\nrequests.post('/x')\n",
    "a health check": "import requests\n\nrequests.get('https://api.openai.com/v1/models')\n",
    "a health check by name": "import requests\n\nrequests.request('HEAD', 'https://api.openai.com')\n",
    "a status page": "import requests\n\nrequests.post('https://status.openai.com/api', json={})\n",
    "a token": "import httpx\n\nhttpx.post('https://api.anthropic.com/v1/oauth/token', json={})\n",
    "a file": "import httpx\n\nhttpx.post('https://api.openai.com/v1/files', data=b)\n",
    "a host that only begins so": "import requests\n\nrequests.post('https://api.openai.com.example.com', json={})\n",
    "a host that only ends so": "import requests\n\nrequests.post('https://notopenrouter.ai/x', json={})\n",
    "a host in a query": "import requests\n\nrequests.post('https://example.com/?u=api.openai.com', json={})\n",
    "a page that is opened": "import urllib.request\n\nurllib.request.urlopen('https://openrouter.ai/models')\n",
    "a dict": f"cache = {{}}\ncache.get('{URL}')\n",
    "a route of one's own": f"import respx\n\nrespx.post('{URL}').respond(200)\n",
    "a class of one's own": f"class Log:\n    def post(self, url): ...\n\n\nLog().post('{URL}')\n",
    "an address that is printed": f"print('{URL}')\n",
    "Snowflake's SQL": "import requests\n\nrequests.post('https://x.snowflakecomputing.com/api/v2/statements', json={})\n",
    "an address that is not known": "import requests  # openai\n\nrequests.post(url, json={})\n",
    "something unknown without a body": f"page.request('GET', '{URL}')\npage.stream('POST', '{URL}')\n",
    "a route that a framework gives": (
        "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.post('/v1/chat/completions')\n"
        "def chat(body: dict): ...\n"
    ),
    "a route of a router that is handed in": (
        "def add(router):\n    @router.post('/v1/chat/completions', response_model=dict)\n"
        "    def chat(): ...\n"
    ),
    "a model on a host that is seen": (
        "import requests\n\nrequests.post('http://localhost:8000/v1/chat/completions', json={'model': 'm'})\n"
    ),
    "a model on an address without a name": (
        "import requests\n\nrequests.post('http://10.0.0.8/v1/chat/completions', json={})\n"
    ),
    "a host of which only a part is not seen": (
        "import requests\n\nrequests.post(f'https://{a}.example.com/chat/completions', json={})\n"
    ),
    "somebody else's messages": (
        "import requests  # openai\n\nrequests.post(f'{BASE}/v1/messages', json={'to': 'you'})\n"
    ),
    "what only begins so": (
        "import requests\n\nrequests.post(f'{BASE}/chat/completions/stats', json={})\n"
    ),
    "a message of a shop to somebody": (
        "import requests  # openai\n\nrequests.post('https://shop.example.com/v1/messages', json={'model': 'm'})\n"
    ),
    "an address that is not known, with a model of car": (
        "import requests  # openai\n\nrequests.post(url, json={'model': 'T', 'wheels': 4})\n"
    ),
    "a vendor's header on another's path": (
        "import requests\n\nrequests.post(f'{BASE}/v1/things', headers={'anthropic-version': '1'}, data=b)\n"
    ),
    "a vendor's header on this machine": (
        "import requests\n\n"
        "requests.post('http://localhost/v1/messages', headers={'anthropic-version': '1'}, data=b)\n"
    ),
    "a vendor's header on a list": (
        "import requests\n\nrequests.get(f'{BASE}/v1/messages', headers={'anthropic-version': '1'})\n"
    ),
    "a chat on this machine": (
        "import requests  # openai\n\n"
        "requests.post('http://localhost/v1/messages', json={'model': 'm', 'messages': []})\n"
    ),
    "a body that is made of itself": (
        "import requests  # openai\n\nbody = dict(body)\nrequests.post(url, json=body)\n"
    ),
    "a base address that is another's": (
        "import httpx  # openai\n\nhttpx.Client(base_url='https://example.com').post('/v1', json={})\n"
    ),
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


def test_leaves_alone_what_a_test_puts_in_its_place(tmp_path: Path) -> None:
    text = f"def test_it(requests_mock):\n    requests_mock.post('{URL}', json={{}})\n"
    plant(tmp_path, {"tests/test_it.py": text})
    assert look(tmp_path).sites == ()


FOUND = {
    "requests": (
        f"import requests\n\nrequests.post('{URL}', json={{'model': 'm', 'stream': True}})\n",
        "POST api.openai.com/v1/chat/completions openai m True",
    ),
    "a session": (
        f"import requests\n\ns = requests.Session()\ns.post('{URL}', json={{'model': 'm'}})\n",
        "POST api.openai.com/v1/chat/completions openai m False",
    ),
    "a body with a name": (
        "import httpx\n\nMODEL = 'c'\nbody = {'model': MODEL, 'tools': []}\n"
        "httpx.post('https://api.anthropic.com/v1/messages', json=body)\n",
        "POST api.anthropic.com/v1/messages anthropic c False",
    ),
    "a client with a base": (
        "import httpx\n\nc = httpx.Client(base_url='https://api.groq.com/openai/v1')\n"
        "c.post('/chat/completions', content=b)\n",
        "POST api.groq.com/openai/v1/chat/completions groq None None",
    ),
    "a stream": (
        "import httpx\n\nwith httpx.stream('POST', 'https://openrouter.ai/api/v1', json=b) as r: ...\n",
        "POST openrouter.ai/api/v1 openrouter None True",
    ),
    "aiohttp": (
        "import aiohttp\n\n\nasync def f():\n    async with aiohttp.ClientSession() as s:\n"
        "        async with s.post('https://api.mistral.ai/v1', json={'model': 'm'}) as r: ...\n",
        "POST api.mistral.ai/v1 mistral m False",
    ),
    "urllib": (
        "from urllib.request import Request, urlopen\n\n"
        "urlopen(Request('https://api.portkey.ai/v1', data=b))\n",
        "POST api.portkey.ai/v1 portkey None None",
    ),
    "http.client": (
        "import http.client\n\nhttp.client.HTTPSConnection('api.openai.com')\n",
        "CONNECT api.openai.com openai None None",
    ),
    "an f-string": (
        "import requests\n\nBASE = 'https://generativelanguage.googleapis.com'\n"
        "requests.post(f'{BASE}/v1/{model}:generate?key={key}', json={})\n",
        "POST generativelanguage.googleapis.com/v1/{}:generate google None None",
    ),
    "a company's Azure": (
        "import requests\n\nrequests.post(f'https://{name}.openai.azure.com/x', json={})\n",
        "POST {}.openai.azure.com/x azure None None",
    ),
    "Cortex": (
        "import requests\n\nhost = f'https://{account}.snowflakecomputing.com'\n"
        "requests.post(host + '/api/v2/cortex/v1/chat/completions', json={})\n",
        "POST {}.snowflakecomputing.com/api/v2/cortex/v1/chat/completions cortex None None",
    ),
    "an address in the class": (
        "import httpx\n\n\nclass A:\n    URL = 'https://openrouter.ai/api'\n\n"
        "    def __init__(self, base=None):\n        self.base = base or self.URL\n"
        "        self.http: httpx.AsyncClient | None = None\n\n"
        "    async def f(self):\n        return await self.http.post(f'{self.base}/chat', json={})\n",
        "POST openrouter.ai/api/chat openrouter None None",
    ),
    "something that is handed in": (
        f"def f(session):\n    return session.post('{URL}', headers={{}}, json={{'model': 'm'}})\n",
        "POST api.openai.com/v1/chat/completions openai m False",
    ),
    "a provider without an SDK of its own": (
        "import requests\n\nrequests.post('https://api.x.ai/v1/responses', json={'model': 'm'})\n",
        "POST api.x.ai/v1/responses xai m False",
    ),
    "another": (
        "import httpx\n\nhttpx.post('https://api.together.xyz/v1/completions', json=body)\n",
        "POST api.together.xyz/v1/completions together None None",
    ),
    "a chat on anybody's host": (
        "import requests\n\nrequests.post('https://llm.example.com/v1/chat/completions', json=body)\n",
        "POST llm.example.com/v1/chat/completions  None None",
    ),
    "a host from the environment": (
        "import os\n\nimport requests\n\n"
        "requests.post(os.environ['LLM'] + '/chat/completions', json={'model': 'm'})\n",
        "POST {}/chat/completions  m False",
    ),
    "a host in an f-string": (
        "import httpx\n\nhttpx.post(f'http://{HOST}:{PORT}/v1/chat/completions', json={})\n",
        "POST {}:{}/v1/chat/completions  None None",
    ),
    "a base address from the environment": (
        "import os\n\nimport httpx\n\nc = httpx.Client(base_url=os.environ['LLM'])\n"
        "c.post('/chat/completions', json={'model': 'm'})\n",
        "POST /chat/completions  m False",
    ),
    "messages with a model": (
        "import httpx  # anthropic\n\nhttpx.post(f'{BASE}/v1/messages', json={'model': 'c'})\n",
        "POST {}/v1/messages  c False",
    ),
    "a vendor's header on anybody's host": (
        "import httpx\n\nhead = {'Anthropic-Version': '1', 'x-api-key': k}\n"
        "httpx.post('https://llm.example.com/v1/messages', headers=head, json=body)\n",
        "POST llm.example.com/v1/messages  None None",
    ),
    "messages on anybody's host": (
        "import httpx\n\nbody = dict(model='c', messages=[])\n"
        "httpx.post('https://llm.example.com/v1/messages', json=body)\n",
        "POST llm.example.com/v1/messages  c False",
    ),
    "a response without its version": (
        "import json\n\nimport httpx  # openai\n\n"
        "httpx.post(f'{BASE}/responses', data=json.dumps({'model': 'c', 'input': 'x'}).encode())\n",
        "POST {}/responses  c False",
    ),
    "an embedding without the name of an SDK": (
        "import requests\n\nrequests.post(BASE + '/v1/embeddings', json={'model': 'e', 'input': x})\n",
        "POST {}/v1/embeddings  e False",
    ),
    "an answer of ollama's": (
        "import requests\n\nrequests.post(f'{OLLAMA}/api/chat', json={'model': 'q', 'messages': x})\n",
        "POST {}/api/chat  q False",
    ),
    "Gemini's path": (
        "import requests\n\nrequests.post(f'{BASE}/models/{m}:generateContent', json={})\n",
        "POST {}/models/{}:generateContent  None None",
    ),
    "an address that is not known, asked as a model is": (
        "import requests  # openai\n\nrequests.post(url, json={'model': 'm', 'messages': []})\n",
        "POST {}  m False",
    ),
    "an address with a default": (
        f"import os\n\nimport requests\n\nurl = os.getenv('OPENAI_URL', '{URL}')\n"
        "requests.request('POST', url, data=b)\n",
        "POST api.openai.com/v1/chat/completions openai None None",
    ),
}


def told(site: Site) -> str:
    return f"{site.operation} {site.endpoint} {site.model} {site.use.streaming}"


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: str) -> None:
    plant(tmp_path, {"app.py": text})
    (site,) = look(tmp_path).sites
    assert (told(site), str(site.verdict), site.rule) == (expected, "report-only", "raw_http")


def test_an_address_of_another_module_is_read(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/urls.py": "ROUTER = 'https://openrouter.ai/api/v1'\n",
            "pkg/ask.py": (
                "import requests  # openrouter\n\nfrom pkg import urls\nfrom pkg.urls import ROUTER\n\n"
                "requests.post(ROUTER + '/chat', json={})\nrequests.post(urls.ROUTER, json={})\n"
            ),
        },
    )
    assert [told(site) for site in look(tmp_path).sites] == [
        "POST openrouter.ai/api/v1/chat openrouter None None",
        "POST openrouter.ai/api/v1 openrouter None None",
    ]
