"""Calls on clients: carried by a constructor that is seen, reported where it is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import look, plant, verdicts

CHAT = "chat.completions.create(model='m', messages=[])"
NOT_OURS = {
    "a method of that name": "class A:\n    def create(self): ...\n\n\nA().create()\n",
    "another service's messages": "client.messages.create(to='+1', body='hi')\n",
    "another service's completions": "shell.completions.create()\n",
    "a chain in a string": 'x = "client.chat.completions.create"\n',
    "embeddings of one's own": "self.embeddings.create(text)\n",
    "another service's runs": "client.threads.runs.create(workflow='w')\n",
    "a fake": (
        "class Completions:\n    def create(self, **given): ...\n\n\n"
        "class Chat:\n    completions = Completions()\n\n\n"
        "class MockOpenAIClient:\n    def __init__(self):\n        self.chat = Chat()\n\n\n"
        f"MockOpenAIClient().{CHAT}\n\n\ndef f(client: MockOpenAIClient):\n    client.{CHAT}\n"
    ),
    "a fake that is built on another": (
        "class Base:\n    class chat:\n        class completions:\n            create = print\n\n\n"
        f"class MockOpenAIClient(Base): ...\n\n\nMockOpenAIClient().{CHAT}\n"
    ),
    "a mock that is told what to answer": "m.chat.completions.create.return_value = 1\n",
    "a mock's method that is put in place": "m.chat.completions.create = f\n",
    "what a list counts": "a.b.count(1)\n",
    "another service's bound method": "send = client.messages.create\n",
    "fields of one's own": "conversation.embeddings.create(text='t', **fields)\n",
    "a function called copy": "from copy import copy\n\ncopy(answer, http_client=mine)\n",
    "a definition": "class Completions:\n    def create(self, model, messages): ...\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": "import openai\n\n" + text})
    assert verdicts(look(tmp_path)) == []


@pytest.mark.parametrize(
    "fake", ["MagicMock()", "create_autospec(OpenAI)", "AsyncMock(spec=OpenAI)"]
)
def test_a_mock_of_a_test_is_no_client(tmp_path: Path, fake: str) -> None:
    mocks = "from unittest.mock import AsyncMock, MagicMock, create_autospec\n"
    text = f"{mocks}from openai import OpenAI\n\nclient = {fake}\nclient.{CHAT}\n"
    plant(tmp_path, {"tests/test_app.py": text})
    assert verdicts(look(tmp_path)) == []


MAKE = "from openai import OpenAI\n\n"
CARRIED = {
    "a module's client": f"client = OpenAI()\nclient.{CHAT}\n",
    "an attribute": (
        f"\nclass A:\n    def __init__(self):\n        self.c = OpenAI()\n\n"
        f"    def f(self):\n        self.c.{CHAT}\n"
    ),
    "a class attribute": (
        f"\nclass A:\n    c = OpenAI()\n\n    def f(self):\n        self.c.{CHAT}\n"
    ),
    "a parameter with a type": f"def f(c: OpenAI):\n    c.{CHAT}\n\n\nf(OpenAI())\n",
    "an optional parameter": f"def f(c: 'OpenAI | None'):\n    c.{CHAT}\n\n\nf(OpenAI())\n",
    "a function's result": f"def make():\n    return OpenAI()\n\n\nmake().{CHAT}\n",
    "a property": (
        f"\nclass A:\n    @property\n    def c(self):\n        return OpenAI()\n\n"
        f"    def f(self):\n        self.c.{CHAT}\n"
    ),
    "a with block": f"with OpenAI() as c:\n    c.{CHAT}\n",
    "options on the way": f"OpenAI().with_options(timeout=1).{CHAT}\n",
    "a raw response": (
        "OpenAI().chat.completions.with_raw_response.create(model='m', messages=[])\n"
    ),
    "a bound method": "create = OpenAI().chat.completions.create\n",
    "responses": "OpenAI().responses.create(model='m', input='x')\n",
    "tokens": "OpenAI().responses.input_tokens.count(model='m', input='x')\n",
    "embeddings": "OpenAI().embeddings.create(model='m', input='x')\n",
    "parse": "OpenAI().beta.chat.completions.parse(model='m', messages=[])\n",
    "wrapped": f"import instructor\n\ninstructor.from_openai(OpenAI()).{CHAT}\n",
    "wrapped, with the answer beside it": (
        "import instructor\n\nc = instructor.from_openai(OpenAI())\n"
        "c.chat.completions.create_with_completion(model='m', messages=[])\n"
        "c.create_with_completion(model='m', messages=[])\n"
        "c.chat.completions.create_partial(model='m', messages=[])\n"
    ),
    "wrapped, of the other vendor": (
        "import instructor\nfrom anthropic import Anthropic\n\n"
        f"c = instructor.from_anthropic(Anthropic())\nc.{CHAT}\n"
        "c.messages.create_with_completion(model='m', messages=[])\n"
    ),
    "what tools gave": (
        "runs = OpenAI().beta.threads.runs\n"
        "runs.submit_tool_outputs(thread_id=t, run_id=r, tool_outputs=[])\n"
        "OpenAI().beta.threads.runs.submit_tool_outputs_and_poll(run_id=r, tool_outputs=[])\n"
    ),
    "one of two branches": f"c = OpenAI() if x else OpenAI(timeout=1)\nc.{CHAT}\n",
    "a part that a property gives": (
        "\nclass A:\n    def __init__(self, c: OpenAI = None):\n        self.c = c or OpenAI()\n\n"
        "    @property\n    def chat(self):\n        return self.c.chat\n\n"
        "    def f(self):\n        self.chat.completions.create(model='m', messages=[])\n"
    ),
    "a walrus": f"(c := OpenAI()).{CHAT}\nc.{CHAT}\n",
}


@pytest.mark.parametrize("text", CARRIED.values(), ids=CARRIED.keys())
def test_is_carried(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": MAKE + text})
    found = verdicts(look(tmp_path))
    assert {v[0] for v in found} <= {"carried", "safe"}
    assert "carried" in {v[0] for v in found}


def test_a_base_class_in_another_file_carries(tmp_path: Path) -> None:
    base = f"{MAKE}\nclass Base:\n    def __init__(self):\n        self.client = OpenAI()\n"
    other = f"from pkg.base import Base\n\n\nclass Other(Base):\n    def f(self):\n        self.client.{CHAT}\n"
    plant(tmp_path, {"pkg/__init__.py": "", "pkg/base.py": base, "pkg/other.py": other})
    sites = {site.path: site for site in look(tmp_path).sites}
    assert str(sites["pkg/other.py"].verdict) == "carried"
    assert sites["pkg/other.py"].carrier == ("pkg/base.py", 6, 23)


def test_a_client_that_is_passed_on_through_a_package_carries(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "pkg/__init__.py": "from pkg.clients import gpt as client\n",
            "pkg/clients.py": f"{MAKE}gpt = OpenAI()\n",
            "pkg/use.py": f"from . import client\n\n\nasync def f():\n    client.{CHAT}\n",
        },
    )
    assert verdicts(look(tmp_path)) == [
        ("safe", "gains-client", "pkg/clients.py:3"),
        ("carried", "carried", "pkg/use.py:5"),
    ]


def test_a_function_of_the_tree_that_reads_like_an_operation_is_none(tmp_path: Path) -> None:
    client = """\
class Completions:
    def create(self, model, messages):
        return messages


class Chat:
    completions = Completions()


class Client:
    def __init__(self):
        self.kept = None

    @property
    def chat(self):
        if self.kept is None:
            self.kept = Chat()
        return self.kept
"""
    plant(
        tmp_path,
        {
            "suite/__init__.py": "from .client import Client\n",
            "suite/client.py": client,
            "app.py": f"import suite as ai  # openai\n\nai.Client().{CHAT}\n",
        },
    )
    assert verdicts(look(tmp_path)) == []


REPORTED = {
    "made by a name": (f"import openai\n\ngetattr(openai, n)().{CHAT}\n", "client-stays"),
    "made by a name, or not": (
        f"import openai\n\nc = openai.AzureOpenAI() if x else getattr(openai, n)()\nc.{CHAT}\n",
        "client-stays",
    ),
    "handed in by one that stays": (
        f"import openai\n\ndef f(c: openai.OpenAI):\n    c.{CHAT}\n\nf(openai.AzureOpenAI())\n",
        "client-stays",
    ),
    "a bound method whose name is common": (
        "import openai\n\n\nclass A:\n    def __init__(self, client):\n"
        "        super().__init__(client.completions.create)\n",
        "receiver-unknown",
    ),
    "hidden arguments": (
        "import anthropic\n\n\ndef f(c, given):\n    return c.messages.create(**given)\n",
        "receiver-unknown",
    ),
    "a bound method of something unknown": (
        "def f(c):\n    return Caller(c.chat.completions.create)\n",
        "receiver-unknown",
    ),
    "unknown": (f"def f(c):\n    c.{CHAT}\n", "receiver-unknown"),
    "a constructor that stays": (
        f"from openai import AzureOpenAI\n\nAzureOpenAI().{CHAT}\n",
        None,
    ),
    "what tools gave, to anybody": (
        "def f(c):\n    c.beta.threads.runs.submit_tool_outputs(run_id=r, tool_outputs=[])\n",
        "receiver-unknown",
    ),
    "with the answer beside it": (
        "def f(c):\n    c.chat.completions.create_with_completion(model='m')\n",
        "receiver-unknown",
    ),
    "a class that may have a vendor's parts": (
        f"class Mine(Any):\n    chat: Any\n\n\nMine().{CHAT}\n",
        "receiver-unknown",
    ),
    "a protocol, that a vendor's client fits": (
        "from typing import Protocol\n\n\nclass Completions(Protocol):\n"
        "    def create(self, **given): ...\n\n\nclass Chat(Protocol):\n    completions: Completions\n\n\n"
        f"class Client(Protocol):\n    chat: Chat\n\n\ndef f(c: Client):\n    c.{CHAT}\n",
        "receiver-unknown",
    ),
    "anything at all": (
        f"from typing import Any\n\n\ndef f(c: Any):\n    c.{CHAT}\n",
        "receiver-unknown",
    ),
    "a part that an adapter was given": (
        "from types import SimpleNamespace\n\n"
        f"client = SimpleNamespace(chat=inner.chat)\nclient.{CHAT}\n",
        "receiver-unknown",
    ),
    "anthropic, by its arguments": (
        "def f(c):\n    c.messages.create(model='m', max_tokens=3, messages=[])\n",
        "receiver-unknown",
    ),
}


@pytest.mark.parametrize(("text", "code"), REPORTED.values(), ids=REPORTED.keys())
def test_is_reported(tmp_path: Path, text: str, code: str | None) -> None:
    plant(tmp_path, {"app.py": text})
    found = verdicts(look(tmp_path))
    assert {v[0] for v in found} == {"report-only"}
    assert code is None or code in {v[1] for v in found}


def test_a_client_that_is_made_by_a_name_too_does_not_carry(tmp_path: Path) -> None:
    text = f"import openai\n\nc = openai.OpenAI() if x else getattr(openai, n)()\nc.{CHAT}\n"
    plant(tmp_path, {"app.py": text})
    assert verdicts(look(tmp_path))[-1] == ("report-only", "client-stays", "app.py:4")


def test_what_a_site_says(tmp_path: Path) -> None:
    text = (
        "from openai import AsyncOpenAI\n\nclient = AsyncOpenAI()\n\n\nasync def f():\n"
        "    return await client.chat.completions.create(model='gpt-5', messages=[])\n"
    )
    plant(tmp_path, {"app.py": text})
    call = look(tmp_path).sites[1]
    assert (call.operation, call.is_async, call.model, call.provider) == (
        "chat.completions.create",
        True,
        "gpt-5",
        "openai",
    )
    assert (call.line, call.column) == (7, 18)


PAGE = """\
# OpenAI()

Call `OpenAI()` yourself.

```python
client = OpenAI()
```

```text
client = OpenAI()
```
"""


def test_a_page_is_reported_in_its_python_fences_only(tmp_path: Path) -> None:
    plant(tmp_path, {"docs/use.md": PAGE})
    found = look(tmp_path, review=True)
    assert verdicts(found) == [("report-only", "documentation", "docs/use.md:6")]
    assert found.changed == ()


CIRCLES = {
    "a name annotated with itself": "OpenAI: 'OpenAI'\nOpenAI()\n",
    "two that name each other": "a: 'b'\nb: 'a'\n\n\ndef f(x: a):\n    x.chat.completions.create()\n",
    "a value made of itself": "client = wrap(client)\nclient.chat.completions.create()\n",
    "bases in a ring": (
        "class A(B): ...\n\n\nclass B(A): ...\n\n\nA().client.chat.completions.create()\n"
    ),
    "functions that call each other": (
        "def a():\n    return b()\n\n\ndef b():\n    return a()\n\n\n"
        "a().chat.completions.create()\n"
    ),
    "a module that imports itself": "from app import *\nfrom app import client\n\nclient.a.b()\n",
}


@pytest.mark.parametrize("text", CIRCLES.values(), ids=CIRCLES.keys())
def test_circles_end(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": "import openai\n" + text})
    assert {v[0] for v in verdicts(look(tmp_path))} <= {"report-only"}
