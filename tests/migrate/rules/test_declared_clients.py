"""Clients that a pack declares: what is left alone first, then what their constructors become."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import moved

from sophia_cli.migrate.report import Report

PACK = """
[pack]
name = "talk"

[[client]]
module = "talk_sdk"
also = ["talk_sdk.clients"]
class = "Talk"
async = false
function = "openai_http_client"
argument = "http_client"
report = { proxy = "it goes by HTTPS_PROXY" }
look = { base_url = "another address" }

[[client]]
module = "talk_sdk"
class = "Chat"
function = "langchain_openai_clients"
spread = ["http_client", "http_async_client"]
say = { usage = "it is off with clients of its own" }

[[client]]
module = "talk_sdk"
class = "Doubtful"
function = "openai_http_client"
argument = "http_client"
review = "look at all of them"
"""
HEAD = "from talk_sdk import Chat, Doubtful, Talk\n\n"
ONE = "from sophia_cli.llm import openai_http_client\n"
BOTH = "from sophia_cli.llm import langchain_openai_clients\n"


def verdicts(report: Report) -> list[tuple[str, str, str]]:
    return [(str(s.verdict), s.reason.code, s.place) for s in report.sites]


NOT_OURS = {
    "the name in a string": 'x = "talk_sdk.Talk()"\n',
    "another package": "from other_sdk import Talk\n\nTalk()\n",
    "another class": "from talk_sdk import Walk\n\nWalk()\n",
    "another module of it": "from talk_sdk.fakes import Talk\n\nTalk()\n",
    "a class of the tree": "class Talk: ...\n\n\nTalk()\n",
    "a parameter": "from talk_sdk import Talk\n\n\ndef f(Talk):\n    return Talk()\n",
    "an import only": HEAD,
    "an annotation": "from talk_sdk import Talk\n\n\ndef f(x: Talk) -> None: ...\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    report = moved(tmp_path, {"app.py": text}, review=True, pack=PACK)
    assert verdicts(report) == []
    assert (tmp_path / "app.py").read_text() == text


LEFT = {
    "an argument that is told": ("Talk(proxy='p')", "report-only", "no-counterpart"),
    "a client of its own": ("Talk(http_client=mine)", "review", "own-http-client"),
    "one of two of its own": ("Chat(usage=True, http_client=mine)", "review", "own-http-client"),
    "none, of two": ("Chat(usage=True, http_async_client=None)", "review", "own-http-client"),
    "in an f-string": ("print(f'{Talk()}')", "report-only", "in-f-string"),
    "arguments that get one": (
        "options = {}\noptions['http_async_client'] = mine\nChat(usage=True, **options)",
        "report-only",
        "double-star-client",
    ),
    "two meanings": (
        "Either = Talk if x else Chat\nEither()",
        "report-only",
        "several-meanings",
    ),
}


@pytest.mark.parametrize(("text", "verdict", "code"), LEFT.values(), ids=LEFT.keys())
def test_stays(tmp_path: Path, text: str, verdict: str, code: str) -> None:
    whole = f"{HEAD}{text}\n"
    report = moved(tmp_path, {"app.py": whole}, review=True, pack=PACK)
    assert (tmp_path / "app.py").read_text() == whole
    assert (verdict, code) in {v[:2] for v in verdicts(report)}
    assert not {v[0] for v in verdicts(report)} & {"safe", "carried"}


WAITING = {
    "an argument to look at": ("Talk(base_url=u)", "argument-changed"),
    "an argument that is not said": ("Chat()", "argument-unsaid"),
    "what the pack says of all": ("Doubtful()", "pack-says"),
    "arguments that cannot be seen": ("Talk(**options)", "double-star"),
}


@pytest.mark.parametrize(("text", "code"), WAITING.values(), ids=WAITING.keys())
def test_waits_for_a_person(tmp_path: Path, text: str, code: str) -> None:
    whole = f"{HEAD}{text}\n"
    report = moved(tmp_path, {"app.py": whole}, pack=PACK)
    assert (tmp_path / "app.py").read_text() == whole
    assert verdicts(report) == [("review", code, "app.py:3")]
    assert moved(tmp_path, {"app.py": whole}, review=True, pack=PACK).changed == ("app.py",)


MOVED = {
    "one argument": (
        f"{HEAD}Talk(key='k')\n",
        f"{ONE}{HEAD}Talk(key='k', http_client=openai_http_client())\n",
    ),
    "one that is None": (
        f"{HEAD}Talk(http_client=None)\n",
        f"{ONE}{HEAD}Talk(http_client=openai_http_client())\n",
    ),
    "a mapping of two": (
        f"{HEAD}Chat(\n    usage=True,\n)\n",
        f"{BOTH}{HEAD}Chat(\n    usage=True,\n    **langchain_openai_clients(),\n)\n",
    ),
    "by another module": (
        "import talk_sdk.clients\n\ntalk_sdk.clients.Talk()\n",
        f"import talk_sdk.clients\n{ONE}\n"
        "talk_sdk.clients.Talk(http_client=openai_http_client())\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: str, after: str) -> None:
    report = moved(tmp_path, {"app.py": before}, pack=PACK)
    assert (tmp_path / "app.py").read_text() == after
    assert {v[0] for v in verdicts(report)} == {"safe"}
    again = moved(tmp_path, {"app.py": after}, pack=PACK)
    assert [v[:2] for v in verdicts(again)] == [("done", "on-service")]


def test_a_test_that_would_notice_makes_it_wait(tmp_path: Path) -> None:
    test = (
        "from unittest.mock import patch\n\n\n@patch('app.Talk')\ndef test(talk):\n"
        "    talk.assert_called_once_with()\n"
    )
    report = moved(tmp_path, {"app.py": f"{HEAD}Talk()\n", "test_app.py": test}, pack=PACK)
    assert ("review", "stand-in", "app.py:3") in verdicts(report)


PORTKEY = '[pack]\nname = "p"\n' + """
[[client]]
module = "portkey_ai"
class = "Portkey"
function = "portkey_http_client"
argument = "http_client"
"""
CALL = "c.chat.completions.create(model='m', messages=[])\n"


def test_calls_of_a_known_sdk_are_carried(tmp_path: Path) -> None:
    text = f"from portkey_ai import Portkey\n\nc = Portkey()\n{CALL}"
    report = moved(tmp_path, {"app.py": text}, pack=PORTKEY)
    assert [(s.rule, str(s.verdict), s.provider) for s in report.sites] == [
        ("client", "safe", "portkey"),
        ("portkey", "carried", "portkey"),
    ]


def test_exceptions_and_patches_of_it_hold(tmp_path: Path) -> None:
    text = (
        "from unittest.mock import patch\nfrom portkey_ai import Portkey\nfrom portkey_ai.api_resources.exceptions import RateLimitError\n\n"
        "patch('portkey_ai.Portkey')\ntry:\n    Portkey()\nexcept RateLimitError:\n    pass\n"
    )
    report = moved(tmp_path, {"app.py": text}, pack=PORTKEY)
    assert [v[1] for v in verdicts(report)] == ["patch-kept", "gains-client", "exception-kept"]


def test_what_is_on_the_service_is_known_without_a_pack(tmp_path: Path) -> None:
    text = (
        "from langchain_openai import ChatOpenAI\nfrom sophia_cli.llm import langchain_openai_clients\n\n"
        "c = ChatOpenAI(**langchain_openai_clients())\nc.invoke('x')\n"
    )
    report = moved(tmp_path, {"app.py": text}, pack=PORTKEY)
    assert [v[:2] for v in verdicts(report)] == [("done", "on-service"), ("carried", "carried")]
