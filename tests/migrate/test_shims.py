"""Shims: the old names stay, the calls go through the new service, the callers are not touched."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trees import commit, contents, plant

from sophia_cli.errors import SophiaError
from sophia_cli.migrate import journal, shipped
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.cleanup import clean_up
from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import migrate
from sophia_cli.migrate.ratchet import direct_sites
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.site import Verdict
from sophia_cli.migrate.write import rollback

PACK = """
[[service]]
module = "shop.brain"
class = "Brain"
instances = ["brain"]
factories = ["get_brain"]

[service.calls]
close = "remove"
report = "report: the figures are in the ledger"

[[service.method]]
name = "answer"
async = false
to = "complete_response"
request = "Question"
arguments = { text = "prompt", kind = "task_type", heat = "temperature" }
set = { on_error = "return" }
result = { text = "content", worked = { field = "error", absent = true }, tokens = { field = "total_tokens", default = 0 } }

[[service.function]]
name = "ask"
async = false
to = "complete_response"
take = "content"
arguments = { text = "prompt", who = "user" }
set = { on_error = "return" }

[service.enum.Kind]
target = "TaskType"

[service.enum.Kind.members]
TALK = "CHAT_CONVERSATION"

[service.tasks]
talk = "chat_conversation"
"""
BRAIN = '''\
"""The old brain."""

import openai
from dataclasses import dataclass, field
from enum import Enum

LIMIT = 3  # questions at once


class Kind(Enum):
    TALK = "talk"


@dataclass
class Question:
    text: str
    kind: Kind = Kind.TALK
    heat: float = 0.5


# What comes back.
@dataclass
class Answer:
    text: str
    worked: bool
    tokens: int = 0


class Brain:
    def __init__(self) -> None:
        self._client = openai.OpenAI()

    def answer(self, question: "Question") -> Answer:
        """Ask it."""
        return Answer(self._client.chat.completions.create(question.text), True)

    def close(self) -> None:
        self._client.close()


brain = Brain()


def get_brain() -> Brain:
    return brain


def ask(text: str = 'hi', /, *, who: openai.Id = None) -> str:
    return openai.OpenAI().chat.completions.create(text)


def shout(text: str) -> str:
    return brain.answer(Question(text.upper())).text
'''
USER = (
    "from shop.brain import LIMIT, Question, ask, brain, get_brain, shout\n\n\n"
    "def run():\n    shout(ask(str(LIMIT)))\n    return brain.answer(Question('x')).text\n"
)
SHIM = '''\
"""The old import path of Brain (sophia migrate --shim)."""

import warnings
from dataclasses import dataclass
from enum import Enum
from enum import Enum as _ShimEnum

from sophia_cli.llm import LLMResponse as _ShimAnswer
from sophia_cli.llm import TaskType as _ShimTaskType
from sophia_cli.llm import get_unified_llm_service as _shim_service

warnings.warn(
    "shop.brain only passes calls on: "
    "from sophia_cli.llm import get_unified_llm_service",
    DeprecationWarning,
    stacklevel=2,
)


def _shim_task(value):
    """The new task for an old one."""
    if isinstance(value, _ShimTaskType):
        return value
    members = {
        "TALK": _ShimTaskType.CHAT_CONVERSATION,
    }
    if isinstance(value, _ShimEnum):
        if value.name not in members:
            raise ValueError(f"{value} has no counterpart")
        return members[value.name]
    words = {
        "talk": "chat_conversation",
    }
    return words.get(value, value)


LIMIT = 3  # questions at once


class Kind(Enum):
    TALK = "talk"


@dataclass
class Question:
    text: str
    kind: Kind = Kind.TALK
    heat: float = 0.5


# What comes back.
@dataclass
class Answer:
    text: str
    worked: bool
    tokens: int = 0


class Brain:
    """Calls go through sophia_cli.llm."""

    def answer(self, question: "Question") -> Answer:
        """Ask it."""
        try:
            answer = _shim_service().complete_response_sync(
                prompt=question.text,
                task_type=_shim_task(question.kind),
                temperature=question.heat,
                on_error="return",
            )
        except Exception as error:  # the old service never raised
            answer = _ShimAnswer("", error=str(error) or type(error).__name__)
        return Answer(
            text=answer.content,
            worked=answer.error is None,
            tokens=answer.total_tokens or 0,
        )

    def close(self) -> None:
        return None


brain = Brain()


def get_brain() -> Brain:
    return brain


def ask(text: str = 'hi', /, *, who=None) -> str:
    try:
        answer = _shim_service().complete_response_sync(
            prompt=text,
            user=who,
            on_error="return",
        )
    except Exception as error:  # the old service never raised
        answer = _ShimAnswer("", error=str(error) or type(error).__name__)
    return answer.content


def shout(text: str) -> str:
    return brain.answer(Question(text.upper())).text
'''
FILES = {
    "shop/__init__.py": "",
    "shop/brain.py": BRAIN,
    "shop/main.py": USER,
    "requirements.txt": "openai\n",
    "pack.toml": PACK,
}


WORDS = (
    "its names stay, its calls go through the new service; "
    "read its methods beside the old ones: what those did besides the call goes"
)


def shim(root: Path, *, apply: bool = True, pack: str = "", review: bool = True) -> Report:
    packs = load_packs([Path(pack) if pack else root / "pack.toml"])
    choice = Choice(shim=True, review=review)
    return migrate(Options(root, apply, choice, packs, cache=False))


def test_a_shim_is_what_the_pack_says_and_the_old_types_as_they_were(tmp_path: Path) -> None:
    plant(tmp_path, FILES)
    before = contents(tmp_path)
    dry = shim(tmp_path, apply=False)
    assert contents(tmp_path) == before and b"+++ b/shop/brain.py" in dry.patch
    assert shim(tmp_path, review=False).changed == () and contents(tmp_path) == before
    report = shim(tmp_path)
    assert [(site.rule, site.verdict, site.reason.words) for site in report.sites] == [
        ("shim", Verdict.REVIEW, WORDS)
    ]
    after = contents(tmp_path)
    assert after.pop("shop/brain.py").decode() == SHIM
    assert after.pop("requirements.txt") == b"openai\nsophia-cli>=0.1,<0.2\n"
    assert after.items() <= before.items()
    assert shim(tmp_path).changed == () and shim(tmp_path).sites == ()
    rollback(tmp_path)
    assert contents(tmp_path) == before


def test_line_ends_and_encoding_stay(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n" + BRAIN.replace("What comes", "Wörds that come")
    plant(tmp_path, {**FILES, "shop/brain.py": text.replace("\n", "\r\n").encode("latin-1")})
    shim(tmp_path)
    wanted = "# -*- coding: iso-8859-1 -*-\n" + SHIM.replace("What comes", "Wörds that come")
    assert (tmp_path / "shop/brain.py").read_bytes() == wanted.replace("\n", "\r\n").encode(
        "latin-1"
    )


def test_annotations_stay_what_they_were(tmp_path: Path) -> None:
    future = "from __future__ import annotations\n"
    brain = BRAIN.replace("import openai\n", f"{future}import openai\n")
    plant(tmp_path, {**FILES, "shop/brain.py": brain})
    shim(tmp_path)
    wanted = SHIM.replace("import warnings\n", f"{future}\nimport warnings\n", 1)
    assert (tmp_path / "shop/brain.py").read_text() == wanted


# What is different, and why there is no shim.
REFUSED: list[tuple[dict[str, tuple[str, str]], dict[str, str], str]] = [
    ({}, {"a.py": "from shop.brain import brain\nx = brain.report()\n"}, "a.py:2 needs what a "
     "shim cannot offer, report: the figures are in the ledger"),
    ({}, {"a.py": "from shop.brain import brain\nx = brain.mood\n"}, "a.py:2 needs what a shim "
     "cannot offer, mood: the pack says nothing of it"),
    ({}, {"a.py": "from shop.brain import brain\nx = hasattr(brain, 'mood')\n"}, "a.py:2 needs "
     "what a shim cannot offer, mood: the pack says nothing of it"),
    ({}, {"a.py": "from shop.brain import Brain\nclass B(Brain):\n    def mood(self): ...\n"},
     "a.py:2: B derives from Brain"),
    ({}, {"a.py": "from shop.brain import brain\nx = brain._client\n"}, "a.py:2 needs what a shim "
     "cannot offer, _client: it is private"),
    ({}, {"a.py": "from shop.brain import brain\nshow(brain)\n", "b.py": "def show(x):\n    x.mood\n"},
     "b.py:2 needs what a shim cannot offer, mood: the pack says nothing of it"),
    ({"shop/brain.py": ("class Brain:", "@final\nclass Brain:")}, {}, "Brain is decorated with "
     "final"),
    ({"shop/brain.py": ("def close", "def __call__(self): ...\n\n    def close")}, {}, "Brain has "
     "__call__"),
    ({"pack.toml": ("\n[[service]]", "[target]\nmodule = 'shop.new'\n[[service]]")},
     {"shop/new.py": "from shop import low\n\ndef get_unified_llm_service(): ...\n",
      "shop/low.py": "def f():\n    from shop.brain import brain\n"},
     "shop.new is built on it: a call would go round in a circle"),
    ({}, {"a.py": "import shop.brain\nshop.brain.openai.api_key = 'k'\n"}, "openai comes from "
     "openai"),
    ({}, {"test_a.py": "patch('shop.brain.openai')\n"}, "test_a.py:1: openai is set from outside"),
    ({}, {"a.py": "from shop.brain import brain\nprint brain.mood\n"}, "a.py cannot be read as Python: "
     "what it does with it cannot be seen"),
    ({}, {"a.py": "from shop.brain import *\n"}, "a.py:1: all of its names are imported at once"),
    ({"shop/brain.py": ("LIMIT = 3  #", "import httpx\nLIMIT = httpx.codes.OK  #")}, {}, "httpx "
     "comes from httpx"),
    ({"shop/brain.py": ("import openai\n", "import shop.gone, openai\n")}, {}, "the old module "
     "cannot be imported: shop/brain.py:3 imports shop.gone, which is not there; so it never ran"),
    ({"shop/brain.py": ("class Brain:", "class Brain(Base):")}, {}, "Brain has a base class: Base"),
    ({"shop/brain.py": ("-> Answer:", "-> dict:")}, {}, "answer: the class of its answer cannot "
     "be seen"),
    ({"shop/brain.py": ("worked: bool\n", "worked: bool = field(init=False)\n")}, {}, "answer: "
     "Answer is no plain class of fields"),
    ({"shop/brain.py": ("@dataclass\nclass Answer", "class Answer")}, {}, "answer: Answer is no "
     "plain class of fields"),
    ({"shop/brain.py": ("    worked: bool\n", "    worked: bool\n    cost: float\n")}, {}, "answer: "
     "the pack does not say what cost of its Answer becomes"),
    ({"shop/brain.py": ("    def answer(", "    async def answer(")}, {}, "answer: the pack says that "
        "it is not asynchronous, the old code is"),
    ({"shop/brain.py": ("    text: str\n    kind", "    text: str\n    size: int\n    kind")}, {},
     "answer: the pack says nothing of its size"),
    ({"pack.toml": ('heat = "temperature"', 'heat = "prompt"')}, {}, "answer: two of its "
     "arguments become prompt"),
    ({"shop/brain.py": ("def close", "def __len__(self): ...\n\n    def close")}, {}, "Brain has __len__"),
    ({"shop/brain.py": ("def close", "__await__ = go\n\n    def close")}, {}, "Brain has __await__"),
    ({"shop/brain.py": ("import openai\n", "import openai\nfrom shop.more import *\n")}, {
     "shop/more.py": ""}, "what its import of * at line 4 gives cannot be seen"),
    ({"shop/brain.py": ("brain = B", "def __getattr__(name): ...\n\n\nbrain = B")}, {}, "shop.brain has "
     "__getattr__, which makes names as they are read"),
    ({"shop/brain.py": ("def shout(text: str) -> str:", "from shop.more import up\n\n\ndef shout(text: "
     "str) -> str:\n    up()")}, {"shop/more.py": "def up(): ..."}, "up is imported below what line 7 "
     "defines: further up it could go round in a circle"),
    ({"shop/brain.py": ("    def answer", "    @traced\n    def answer")}, {}, "answer is decorated with "
     "traced"),
    ({"shop/brain.py": ("    def close", "    @traced\n    def close")}, {}, "close is decorated with traced"),
    ({"shop/brain.py": ("    def __init__", "    @inject\n    def __init__")}, {}, "__init__ is decorated "
     "with inject"),
    ({"shop/brain.py": ("def get_brain", "@cache\ndef get_brain")}, {}, "get_brain is decorated with cache"),
    ({"shop/brain.py": ("def ask", "@retry\ndef ask")}, {}, "ask is used here, and cannot be offered: "
     "ask is decorated with retry"),
    ({}, {"a.py": "from shop.brain import gone\n"}, "a.py:1: gone is imported, which is not to be seen in "
     "it"),
    ({}, {"a.py": "import logging\nlogging.getLogger('shop.brain.gone')\n"}, "a.py:2: gone is quoted, "
     "which is not to be seen in it"),
    ({"shop/brain.py": ("brain = B", "class Lost(ValueError): ...\n\n\nLOST = (Lost,)\nbrain = B")},
     {"a.py": "from shop import brain\ntry: ...\nexcept brain.LOST: ...\n"}, "a.py:3: LOST is raised no "
     "more"),
    ({"shop/brain.py": ("brain = B", "class Lost(ValueError): ...\n\n\nbrain = B")},
     {"a.py": "import pytest\nfrom shop.brain import Lost\nwith pytest.raises(Lost): ...\n"}, "a.py:2: "
     "Lost is raised no more"),
    ({"shop/brain.py": ("class Kind(", "SEEN = []\n\n\ndef see(): SEEN.append(1)\n\n\nclass Kind(")},
     {"a.py": "from shop.brain import SEEN\nprint(SEEN)\n"}, "SEEN is filled at line 13, by code that goes"),
    ({"shop/brain.py": ("class Kind(", "SEEN = {}\n\n\ndef see(): return len(SEEN)\n\n\nclass Kind(")},
     {"a.py": "from shop.brain import SEEN\nSEEN['x'] = 1\n"}, "a.py:2: SEEN may be filled there, and the code "
     "that reads it goes"),
    ({}, {"a.py": "import shop.brain\nshop.brain.LIMIT = 4\n"}, "a.py:2: LIMIT is set from outside"),
    ({}, {"a.py": "import shop\nshop.brain.LIMIT = 4\n"}, "a.py:2: LIMIT is set from outside"),
    ({}, {"test_a.py": "from shop import brain as b\ndef test(m): m.setattr(b, 'LIMIT', 4)\n"}, "test_a.py:2: "
     "LIMIT is set from outside"),
    ({}, {"test_a.py": "patch('shop.brain.LIMIT', 4)\n"}, "test_a.py:1: LIMIT is set from outside"),
    ({"shop/brain.py": ("brain = B", "def _now(): ...\n\n\nbrain = B")}, {"test_a.py": "from shop import "
     "brain as b\ndef test(m): m.setattr(b, '_now', 4)\n"}, "test_a.py:2: _now is private"),
    ({"shop/brain.py": ("brain = B", "def _now(): ...\n\n\nbrain = B")}, {"a.py": "from shop.brain import "
     "_now\n"}, "a.py:1: _now is private"),
    ({"shop/brain.py": ("brain = B", "def _now(): ...\n\n\nbrain = B")}, {"a.py": "import shop\nshop.brain."
     "_now()\n"}, "a.py:2: _now is private"),
    ({}, {"shop/all.py": "from .brain import brain as ai\n", "a.py": "from shop.all import ai\nai.mood\n"},
     "a.py:2 needs what a shim cannot offer, mood: the pack says nothing of it"),
    ({}, {"shop/all.py": "from .brain import get_brain\ndef get(): return get_brain()\n", "a.py": "from "
     "shop.all import get\nx = get()\nx.mood\n"}, "a.py:3 needs what a shim cannot offer, mood: the pack "
     "says nothing of it"),
    ({}, {"shop/all.py": "from .brain import Brain as B\n", "a.py": "from shop.all import B\nclass C(B): ...\n"},
     "a.py:2: C derives from B"),
    ({}, {"a.py": "import importlib\nm = importlib.import_module('shop.brain')\n"}, "a.py:2 names it in a "
     "string, what is read of it cannot be seen, and Brain.mood would be left out"),
    ({}, {"a.py": "from shop.brain import brain\nname = input()\nx = getattr(brain, name)\n"}, "a.py:3: what "
     "getattr asks is computed"),
    ({}, {"a.py": "from shop.brain import brain\nshow(brain)\n", "b.py": "def show(x, y):\n    getattr(x, y)\n"},
     "b.py:2 may ask an instance for a name that is computed"),
    ({}, {"a.ipynb": json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "outputs": [],
      "execution_count": None, "source": ["def show(x):\n", "    return x.mood\n"]}], "metadata": {},
      "nbformat": 4, "nbformat_minor": 5}), "a.py": "from shop.brain import brain\nshow(brain)\n", "b.py": ""},
     "a.ipynb:1 needs what a shim cannot offer, mood: the pack says nothing of it"),
    ({"shop/brain.py": ("class Kind(", "class Seen:\n    n = 0\n\n\ndef see(): Seen.n += 1\n\n\nclass Kind(")},
     {"a.py": "from shop.brain import Seen\nprint(Seen.n)\n"}, "Seen is filled at line 14, by code that goes"),
    ({"pack.toml": ('set = { on_error = "return" }\nresult', "result")}, {"a.py": "from shop.brain import "
     "Question, brain\nbrain.answer(Question('x', kind='sulk'))\n"}, "a.py:2 needs what a shim cannot offer, "
     "answer: what its kind is cannot be seen"),
    ({"shop/brain.py": ("class Brain:", "class Brain(metaclass=Once):")}, {}, "Brain is made with "
     "metaclass=Once"),
    ({"shop/brain.py": ("brain = Brain()", "if KEY:\n    brain = Brain()")}, {}, "line 46 is run under a "
     "condition"),
    ({"shop/brain.py": ("brain = Brain()", "brain = Brain() if KEY else None")}, {}, "how brain is made "
     "cannot be seen"),
    ({"shop/brain.py": ("def __init__(self)", "def __init__(self, key)"), "pack.toml": (
     'instances = ["brain"]\n', "")}, {"shop/main.py": "from shop.brain import get_brain\n"}, "Brain has "
     "to be given something when it is made, and no instance is declared"),
    ({"pack.toml": ('text = "prompt", who', 'words = "prompt", who')}, {}, "ask is used here, "
     "and cannot be offered: ask: the pack says nothing of its text"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "more", "words"), REFUSED)
def test_what_cannot_be_offered_leaves_the_module_as_it_is(
    tmp_path: Path, edits: dict[str, tuple[str, str]], more: dict[str, str], words: str
) -> None:
    files = {**FILES, **more}
    if "b.py" not in more:
        files["b.py"] = "def show(x):\n    x.mood\n"  # somebody else's
    mood = BRAIN.replace(
        "    def close", "    mood = 1\n\n    def report(self): ...\n\n    def close"
    )
    files["shop/brain.py"] = mood
    for name, (old, new) in edits.items():
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    plant(tmp_path, files)
    before = contents(tmp_path)
    report = shim(tmp_path)
    assert contents(tmp_path) == before
    assert [(site.verdict, site.reason.words) for site in report.sites] == [(Verdict.REPORT, words)]


def test_what_nothing_uses_is_left_out_and_said(tmp_path: Path) -> None:
    brain = BRAIN.replace("    def close", "    def report(self): ...\n\n    def close")
    brain = brain.replace("TALK = ", 'WALK = "walk"\n    TALK = ').replace(
        "tokens: int = 0", "tokens: int = 0\n    mood: str = ''"
    )
    more = "\n\natexit.register(brain.close)\nif __name__ == '__main__':\n    shout('hi')\n"
    more += "\n\nclass Temper: ...\n\n\ndef forget(): ...\n\n\ndef _private(): ...\n"
    plant(tmp_path, {**FILES, "shop/brain.py": brain + more})
    (site,) = shim(tmp_path).sites
    assert (site.verdict, site.reason.words) == (
        Verdict.REVIEW,
        f"{WORDS}; "
        "answer: mood of its Answer stays at its default; a call with Kind.WALK gives an error; "
        "line 60 goes: atexit.register(brain.close); line 61 goes: if __name__ == '__main__':; "
        "left out, as nothing here uses it: Brain.report, Temper, forget",
    )
    assert "report" not in (tmp_path / "shop/brain.py").read_text()


# ------------------------------------------------------------------- the four services, for real

PHASE3 = shipped.locate(Path("sophia-phase3")).with_suffix("")
CASES = ("generate_response", "gateway", "class_helpers", "success", "orchestrator")
APP = """
import asyncio, json, warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", DeprecationWarning)
    from app import class_helpers, gateway, generate_response, orchestrator, success
    from backend.services.smart_ai_service import (
        LLMRequest, LLMResponse, TaskType, generate_executive_insight, smart_ai_service
    )


async def main():
    agent = generate_response.MarketAgent()
    await agent.start()
    messages = [{"role": "user", "content": "plan"}]
    answer = await smart_ai_service.generate_response(LLMRequest(messages, TaskType.EXPERIMENTAL))
    lost = await smart_ai_service.generate_response(LLMRequest(messages, TaskType["LEGACY_VOICE"]))
    insight = await generate_executive_insight("margins", context="Q3")
    assert type(answer) is type(insight) is type(lost) is LLMResponse
    worked = await success.worked("text")
    said = {
        "brief": await agent.brief("up or down", messages),
        "code": await agent.code("sort"),
        "talk": await agent.small_talk("hi"),
        "gateway": await gateway.ask("hi"),
        "pieces": "".join([piece async for piece in gateway.pieces("hi")]),
        "helpers": await class_helpers.talk("hi"),
        "later": await class_helpers.later("hi"),
        "summary": await success.summarise("text"),
        "worked": worked["text"],
        "plan": await orchestrator.plan(messages, True) or "",
        "planner": await orchestrator.Planner().plan(messages),
        "insight": insight.content,
    }
    rest = {"ok": worked["ok"], "provider": answer.provider, "lost": lost.error}
    print(json.dumps([said, rest, [str(item.message) for item in caught]]))
    await smart_ai_service.close()


asyncio.run(main())
"""
SIMULATED = "[llm]\nattempts = 1\n[providers.simulator]\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(PHASE3 / "tree", root)
    for case in CASES:
        text = (PHASE3 / case / "before.py").read_text()
        gone = "async def report():\n    other = await get_portkey_gateway()\n"
        text = text.replace(f"{gone}    return await other.get_usage_report()\n", "")
        plant(root, {f"app/{case}.py": text})
    return plant(root, {"app/__init__.py": "", "main.py": APP, "sophia.toml": SIMULATED})


def run(root: Path) -> tuple[dict[str, str], dict[str, Any], list[str]]:
    environ = {**os.environ, "SOPHIA_LEDGER": str(root / "ledger.sqlite3")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "main.py"], cwd=root, env=environ, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, rest, warned = json.loads(done.stdout.splitlines()[-1])
    return said, rest, warned


def calls(root: Path) -> dict[str, int]:
    """The calls of the ledger by their task."""
    with sqlite3.connect(root / "ledger.sqlite3") as ledger:
        rows = ledger.execute("SELECT task, COUNT(*) FROM calls GROUP BY task").fetchall()
    ledger.close()
    return dict(rows)


def test_an_application_of_the_old_services_works_unchanged(project: Path) -> None:
    before = contents(project)
    said, rest, warned = run(project)
    assert rest == {"ok": False, "provider": "none", "lost": "no gateway in this tree"}
    assert warned == []
    shim(project, pack="sophia-phase3")
    after = contents(project)
    assert {name for name in before if after[name] != before[name]} == {
        f"backend/services/{name}.py"
        for name in (
            "enhanced_portkey_orchestrator",
            "portkey_gateway",
            "simplified_portkey_service",
            "smart_ai_service",
        )
    }
    answers, rest, warned = run(project)
    assert answers.keys() == said.keys() and all(answers.values())
    assert rest == {
        "ok": True,
        "provider": "simulator",
        "lost": "TaskType.LEGACY_VOICE has no counterpart",
    }
    assert sorted(warned)[0] == (
        "backend.services.enhanced_portkey_orchestrator only passes calls on: "
        "from sophia_cli.llm import get_unified_llm_service"
    )
    assert len(warned) == 4
    assert sum(calls(project).values()) == 17
    assert {"business_intelligence", "code_generation", "experimental"} <= calls(project).keys()


def test_it_never_raises_where_the_service_fails(project: Path) -> None:
    shim(project, pack="sophia-phase3")
    plant(project, {"app/gateway.py": "async def ask(text): return ''\n\n\n"
                    "async def pieces(text):\n    yield ''\n",
                    "sophia.toml": f"{SIMULATED}faults = [\"500\"]\n"})  # fmt: skip
    answers, rest, _ = run(project)
    assert answers["brief"] == answers["code"] == answers["talk"] == ""
    assert answers["summary"].startswith("failed (False): ")
    assert answers["later"].startswith("Error: ")
    assert rest["ok"] is False


def direct(root: Path, pack: str) -> int:
    options = Options(root, packs=load_packs([Path(pack)]), cache=False)
    found = direct_sites(take_inventory(options).sites, options.choice.counts)
    return sum(len(sites) for rules in found.values() for sites in rules.values())


def test_callers_move_off_a_shim_and_then_it_goes(tmp_path: Path) -> None:
    caller = "from shop.brain import Question, ask, brain\n\n\ndef run():\n"
    caller += "    return ask(brain.answer(Question('x')).text)\n"
    commit(plant(tmp_path, {**FILES, "shop/main.py": caller}))
    pack = str(tmp_path / "pack.toml")
    packs = load_packs([tmp_path / "pack.toml"])
    start = contents(tmp_path)
    remaining = direct(tmp_path, pack)
    first = shim(tmp_path).run
    assert (remaining, direct(tmp_path, pack)) == (6, 2)  # those of the old module itself are gone
    assert {site.path for site in take_inventory(Options(tmp_path, packs=packs)).sites} == {
        "shop/main.py"
    }
    options = Options(tmp_path, True, Choice(review=True), packs, allow_dirty=True)
    second = migrate(options).run
    assert direct(tmp_path, pack) == 0
    assert "brain" not in (tmp_path / "shop/main.py").read_text()
    cleaned = clean_up(options)
    assert [item.path for item in cleaned.free] == ["shop/brain.py"]
    assert cleaned.written is not None and cleaned.written.run is not None
    third = cleaned.written.run.name
    with pytest.raises(SophiaError) as caught:
        rollback(tmp_path, first)
    assert caught.value.mend.endswith(f"sophia migrate rollback {third} {second} {first}")
    for name in journal.newest_first(tmp_path, [first, second, third]):
        rollback(tmp_path, name)
    assert contents(tmp_path) == start


def test_callers_that_moved_before_come_back_after_the_shim(tmp_path: Path) -> None:
    plant(tmp_path, {**FILES, "requirements.txt": "sophia-cli\n"})
    packs = load_packs([tmp_path / "pack.toml"])
    first = migrate(Options(tmp_path, True, Choice(review=True, only=("wrapper",)), packs)).run
    second = shim(tmp_path).run
    with pytest.raises(SophiaError) as caught:
        rollback(tmp_path, first)
    assert f"shop/main.py: it names shop/brain.py, which run {second} made a shim" in (
        caught.value.mend
    )
