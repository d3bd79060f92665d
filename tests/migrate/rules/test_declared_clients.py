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
needs = "talk-sdk>=1.2"

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
    "an argument that is None": ("Chat(usage=None)", "argument-unsaid"),
    "a variable that is None": ("off = None\nChat(usage=off)", "argument-unsaid"),
    "what the pack says of all": ("Doubtful()", "pack-says"),
    "arguments that cannot be seen": ("Talk(**options)", "double-star"),
}


@pytest.mark.parametrize(("text", "code"), WAITING.values(), ids=WAITING.keys())
def test_waits_for_a_person(tmp_path: Path, text: str, code: str) -> None:
    whole = f"{HEAD}{text}\n"
    report = moved(tmp_path, {"app.py": whole}, pack=PACK)
    assert (tmp_path / "app.py").read_text() == whole
    line = whole.count("\n")
    assert verdicts(report) == [("review", code, f"app.py:{line}")]
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


NEW_ENOUGH = {
    "no manifest": {},
    "one without it": {"requirements.txt": "other-sdk==0.1\ntalk-sdk-extras==0.1\n"},
    "any version": {"requirements.txt": "talk-sdk\n"},
    "a newer pin": {"requirements.txt": "Talk_SDK[fast]==1.10 # pinned\n"},
    "from there on": {"requirements.txt": "talk-sdk>=1.2,<2 ; python_version > '3'\n"},
    "all but one": {"requirements.txt": "talk-sdk!=1.1\n"},
    "poetry's caret": {"pyproject.toml": '[tool.poetry.dependencies]\ntalk-sdk = "^1.2.1"\n'},
    "of another folder": {"other/requirements.txt": "talk-sdk==1.0\n"},
    "a comment": {"requirements.txt": "# talk-sdk==1.0\n"},
}


@pytest.mark.parametrize("files", NEW_ENOUGH.values(), ids=NEW_ENOUGH.keys())
def test_a_version_that_is_new_enough(tmp_path: Path, files: dict[str, str]) -> None:
    report = moved(tmp_path, {"app.py": f"{HEAD}Chat(usage=1)\n", **files}, pack=PACK)
    assert verdicts(report) == [("safe", "gains-client", "app.py:3")]


TOO_OLD = {
    "a pin": ("requirements.txt", "talk-sdk==1.1.9\n", "==1.1.9"),
    "a pin with a hash": ("requirements.txt", "talk-sdk==1.1 --hash=sha256:a\n", "==1.1"),
    "a release before it": ("requirements.txt", "talk-sdk==1.2rc1\n", "==1.2rc1"),
    "a bound below": ("requirements-dev.txt", "talk-sdk<1.2\n", "<1.2"),
    "a bound above alone": ("requirements/base.txt", "talk-sdk<3\n", "<3"),
    "from an older one on": ("constraints.txt", "talk.sdk >= 1.0, < 2\n", ">= 1.0, < 2"),
    "what cannot be read": ("requirements.txt", "talk-sdk @ git+x\n", "@ git+x"),
    "pyproject": ("pyproject.toml", '[project]\ndependencies = ["talk-sdk~=1.0"]\n', "~=1.0"),
    "poetry": ("pyproject.toml", '[tool.poetry.dependencies]\ntalk_sdk = "1.0"\n', "==1.0"),
    "poetry, with more": (
        "pyproject.toml",
        '[tool.poetry.dependencies]\ntalk-sdk = { version = "^0.9 || ^2", optional = true }\n',
        "^0.9 || ^2",
    ),
    "a lock": ("uv.lock", '[[package]]\nname = "talk-sdk"\nversion = "1.0"\n', "==1.0"),
    "Pipfile's lock": ("Pipfile.lock", '{"default": {"talk-sdk": {"version": "==1.0"}}}', "==1.0"),
    "setup.py": ("setup.py", "setup(install_requires=['talk-sdk==1.0'])\n", "==1.0"),
    "setup.cfg": ("setup.cfg", "install_requires =\n    talk-sdk==1.0\n", "==1.0"),
    "conda": ("environment.yml", "dependencies:\n  - talk-sdk=1.0\n", "=1.0"),
}


@pytest.mark.parametrize(("name", "text", "spec"), TOO_OLD.values(), ids=TOO_OLD.keys())
def test_an_older_version_makes_it_wait(tmp_path: Path, name: str, text: str, spec: str) -> None:
    report = moved(tmp_path, {"lib/app.py": f"{HEAD}Chat(usage=1)\n", name: text}, pack=PACK)
    assert [(str(s.verdict), s.reason.code, s.reason.words) for s in report.sites] == [
        ("review", "older-version", f"{name} has talk-sdk{spec}, it needs talk-sdk>=1.2")
    ]
    assert (tmp_path / "lib/app.py").read_text() == f"{HEAD}Chat(usage=1)\n"


def test_a_manifest_above_the_tree_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text("talk-sdk==1.0\n")
    report = moved(tmp_path / "src", {"app.py": f"{HEAD}Chat(usage=1)\n"}, pack=PACK)
    words = "../requirements.txt has talk-sdk==1.0, it needs talk-sdk>=1.2"
    assert [s.reason.words for s in report.sites] == [words]


def test_a_copy_with_a_client_of_its_own_is_told(tmp_path: Path) -> None:
    text = "from portkey_ai import Portkey\n\nc = Portkey()\nd = c.copy(http_client=mine)\n"
    report = moved(tmp_path, {"app.py": f"{text}d{CALL[1:]}"}, pack=PORTKEY)
    assert [(str(s.verdict), s.reason.code, s.operation) for s in report.sites] == [
        ("safe", "gains-client", "Portkey"),
        ("review", "own-http-client", "Portkey.copy"),
        ("carried", "carried", "chat.completions.create"),
    ]
    assert report.sites[2].carrier == report.sites[1].key


def test_a_copy_with_the_service_s_client_is_done(tmp_path: Path) -> None:
    text = (
        "from portkey_ai import Portkey\nfrom sophia_cli.llm import portkey_http_client\n\n"
        "Portkey().with_options(http_client=portkey_http_client())\n"
    )
    report = moved(tmp_path, {"app.py": text}, pack=PORTKEY)
    assert [(str(s.verdict), s.operation) for s in report.sites] == [
        ("safe", "Portkey"),
        ("done", "Portkey.with_options"),
    ]
