"""Methods of a client's parts, declared with dots: what is left alone first, then what becomes of each shape."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import NEW, moved, verdicts

PACK = """
[pack]
name = "talk"

[[service]]
module = "talk_sdk"
class = "Client"
factories = ["Other"]

[service.calls]
"rooms.open" = "remove"
"rooms.list" = "report: rooms are gone"

[[service.method]]
name = "chat.completions.create"
async = false
to = "complete_response"
arguments = { model = "model", messages = "messages" }
result = { "choices[0].message.content" = "content" }

[[service.method]]
name = "chat.ask"
async = false
to = "complete_text"
positional = ["prompt"]
arguments = { prompt = "prompt" }

[[service.method]]
name = "ask"
async = false
to = "complete_text"
positional = ["prompt"]
arguments = { prompt = "prompt" }

[[service.method]]
name = "chat.later"
to = "complete_response"
arguments = { model = "model" }
result = { "choices[0].message.content" = "content" }
review = "look at all of them"
"""
HEAD = "from talk_sdk import Client\n\n"
MAKE = f"{HEAD}client = Client()\n"
CREATE = "client.chat.completions.create(model='m', messages=[])"
NOT_OURS = {
    "the names in a string": 'x = "client.chat.completions.create"\n',
    "another client": f"from other_sdk import Client\n\nclient = Client()\n{CREATE}\n",
    "a class of the tree": (
        f"class Client:\n    def __init__(self, chat):\n        self.chat = chat\n\n\n"
        f"client = Client(chat)\n{CREATE}\n"
    ),
    "a parameter": f"from talk_sdk import Client\n\n\ndef f(client):\n    {CREATE}\n",
    "an import only": "from talk_sdk import Client\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    report = moved(tmp_path, {"app.py": text}, review=True, pack=PACK)
    assert verdicts(report) == []
    assert (tmp_path / "app.py").read_text() == text


REPORTED = {
    "a part": ("chat = client.chat\nchat.completions.create(model='m')", "not-called"),
    "a longer part": ("c = client.chat.completions", "not-called"),
    "a bound method": ("create = client.chat.completions.create", "not-called"),
    "a part that is passed on": ("print(client.chat)", "not-called"),
    "an undeclared method of the part": ("client.chat.completions.list()", "undeclared"),
    "an undeclared part": ("client.beta.chat.completions.create(model='m')", "undeclared"),
    "a declared name of another part": ("client.beta.ask('x')", "undeclared"),
    "what goes between": (
        "client.chat.completions.with_raw_response.create(model='m')",
        "undeclared",
    ),
    "a method that is read further": ("client.chat.completions.create.x()", "not-called"),
    "the last name alone": ("client.create(model='m')", "undeclared"),
    "a declared report": ("client.rooms.list()", "no-counterpart"),
    "a chain over several lines": (
        "client.chat.completions.create(model='m', messages=[])\n"
        "(client.chat\n .completions.create(model='m', messages=[]))",
        "odd-shape",
    ),
    "a comment in the chain": (
        "x = (client.chat  # why\n     .ask('x'))",
        "odd-shape",
    ),
    "an unknown field": (f"{CREATE}.choices[1]", "unknown-field"),
    "an unknown argument": ("client.chat.completions.create(n=3)", "unknown-argument"),
}


@pytest.mark.parametrize(("text", "code"), REPORTED.values(), ids=REPORTED.keys())
def test_reports_and_leaves(tmp_path: Path, text: str, code: str) -> None:
    whole = f"{MAKE}{text}\n"
    report = moved(tmp_path, {"app.py": whole}, review=True, pack=PACK)
    assert (tmp_path / "app.py").read_text() == whole
    found = verdicts(report)
    assert {v[0] for v in found} == {"report-only"}
    assert code in {v[1] for v in found}


def test_a_receiver_that_cannot_be_seen_keeps_what_goes_by_its_name(tmp_path: Path) -> None:
    text = (
        f"{HEAD}\nclass A:\n    def __init__(self):\n        self.talker = Client()\n\n\n"
        "def f(a):\n    a.talker.chat.ask('x')\n"
    )
    report = moved(tmp_path, {"app.py": text}, review=True, pack=PACK)
    assert (tmp_path / "app.py").read_text() == text
    assert verdicts(report) == [
        ("report-only", "shared-instance", "app.py:6"),
        ("report-only", "receiver-unknown", "app.py:10"),
    ]


MOVED = {
    "a part of a part": (
        f"{MAKE}\n\ndef f():\n    answer = {CREATE}\n    return answer.choices[0].message.content\n",
        f"{NEW}\nclient = get_unified_llm_service()\n\n\ndef f():\n"
        "    answer = client.complete_response_sync(model='m', messages=[])\n"
        "    return answer.content\n",
    ),
    "a name that is shorter, and one that is longer": (
        f"{MAKE}client.ask('x')\nclient.chat.ask('y')\n",
        f"{NEW}\nclient = get_unified_llm_service()\n"
        "client.complete_text_sync('x')\nclient.complete_text_sync('y')\n",
    ),
    "where it is made": (
        f"{HEAD}print(Client().chat.ask('x'))\n",
        f"{NEW}\nprint(get_unified_llm_service().complete_text_sync('x'))\n",
    ),
    "an attribute": (
        f"{HEAD}\nclass A:\n    def __init__(self):\n        self.talker = Client()\n\n"
        "    def f(self):\n        return self.talker.chat.ask('x')\n",
        f"{NEW}\n\nclass A:\n    def __init__(self):\n"
        "        self.talker = get_unified_llm_service()\n\n"
        "    def f(self):\n        return self.talker.complete_text_sync('x')\n",
    ),
    "either of two answers": (
        f"{MAKE}\n\ndef f(x):\n    if x:\n        answer = {CREATE}\n    else:\n"
        f"        answer = {CREATE}\n    return answer.choices[0].message.content\n",
        f"{NEW}\nclient = get_unified_llm_service()\n\n\ndef f(x):\n    if x:\n"
        "        answer = client.complete_response_sync(model='m', messages=[])\n    else:\n"
        "        answer = client.complete_response_sync(model='m', messages=[])\n"
        "    return answer.content\n",
    ),
    "no argument": (
        f"{MAKE}client.chat.ask()\n",
        f"{NEW}\nclient = get_unified_llm_service()\nclient.complete_text_sync()\n",
    ),
    "no argument, on lines": (
        f"{MAKE}client.chat.ask(\n)\n",
        f"{NEW}\nclient = get_unified_llm_service()\nclient.complete_text_sync(\n)\n",
    ),
    "a call that goes": (
        f"{MAKE}client.rooms.open()\nclient.chat.ask('x')\n",
        f"{NEW}\nclient = get_unified_llm_service()\nclient.complete_text_sync('x')\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: str, after: str) -> None:
    report = moved(tmp_path, {"app.py": before}, pack=PACK)
    assert (tmp_path / "app.py").read_text() == after
    assert {v[0] for v in verdicts(report)} == {"safe"}


def test_what_is_put_in_the_place_of_a_method_is_seen(tmp_path: Path) -> None:
    stub = f"{MAKE}client.chat.completions.create = fake\n"
    report = moved(tmp_path, {"app.py": f"{MAKE}{CREATE}\n", "stub.py": stub}, pack=PACK)
    assert ("review", "stand-in", "app.py:4") in verdicts(report)


TEXT = ".choices[0].message.content"
UNSEEN = {
    "a task": f"t = asyncio.create_task(c.chat.later())\n    r = await t\n    return r{TEXT}",
    "a coroutine that is kept": f"t = c.chat.later()\n    r = await t\n    return r{TEXT}",
    "gathered": f"a, b = await asyncio.gather(c.chat.later(), g())\n    return a{TEXT}",
    "in a comprehension": f"a = [await c.chat.later() for _ in x]\n    return a[0]{TEXT}",
    "under a key": f"d = {{}}\n    d['a'] = await c.chat.later()\n    return d['a']{TEXT}",
    "an attribute": f"x.a = await c.chat.later()\n    return x.a{TEXT}",
    "given back": "return await c.chat.later()",
    "handed on": f"r = await c.chat.later()\n    g(r)\n    return r{TEXT}",
    "of the module": f"global r\n    r = await c.chat.later()\n    return r{TEXT}",
}


@pytest.mark.parametrize("body", UNSEEN.values(), ids=UNSEEN.keys())
def test_steps_into_an_answer_that_are_not_seen_keep_its_call(tmp_path: Path, body: str) -> None:
    text = f"import asyncio\n{HEAD}c = Client()\n\n\nasync def f(x, g):\n    {body}\n"
    files = {"app.py": text, "other.py": "from app import r\n"}
    report = moved(tmp_path, files, review=True, pack=PACK)
    assert (tmp_path / "app.py").read_text() == text
    found = [v[:2] for v in verdicts(report)]
    assert found == [("report-only", "shared-instance"), ("report-only", "answer-goes-on")]


def test_a_variable_of_a_module_that_no_file_reads(tmp_path: Path) -> None:
    text = f"{MAKE}answer = {CREATE}\nprint(answer.choices[0].message.content)\n"
    report = moved(tmp_path, {"app.py": text}, review=True, pack=PACK)
    assert ("review", "answer-goes-on", "app.py:4") in verdicts(report)
    assert (tmp_path / "app.py").read_text().endswith("\nprint(answer.content)\n")


def test_the_worst_reason_is_told(tmp_path: Path) -> None:
    text = f"{HEAD}c = Client()\nr = asyncio.run(c.chat.later(model='m'))\nprint(r{TEXT})\n"
    report = moved(tmp_path, {"app.py": text}, pack=PACK)
    assert ("review", "answer-goes-on", "app.py:4") in verdicts(report)
