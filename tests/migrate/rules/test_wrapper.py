"""Home-made services: what is left alone first, then what each shape of a call becomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import BOTH, LIBRARY, NEW, PACK, moved, verdicts

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_pack
from sophia_cli.migrate.pipeline import migrate

NOT_OURS = {
    "the name in a string and a comment": 'x = "brain.ask"  # brain.ask("hi")\n',
    "a class of the same name": "class Brain:\n    def ask(self): ...\n\n\nBrain().ask()\n",
    "a local variable of that name": "brain = object()\nbrain.ask('x')\n",
    "another module": "from other.brain import brain\n\nbrain.ask('x')\n",
    "a parameter that shadows it": (
        "from lib.brain import brain\n\n\ndef f(brain):\n    return brain.size\n"
    ),
    "a method of the same name": "class A:\n    def ask(self): ...\n\n\nA().ask('x')\n",
    "only the type": "from lib.brain import Brain\n\n\ndef f(x: Brain) -> None: ...\n",
    "only the request": "from lib.brain import Request\n\nr = Request([])\n",
    "only the enum": "from lib.brain import Kind\n\nkind = Kind.TALK\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    report = moved(tmp_path, {"app.py": text})
    assert [v for v in verdicts(report) if v[0] != "report-only"] == []
    assert (tmp_path / "app.py").read_text() == text
    assert (tmp_path / "lib/brain.py").read_text() == LIBRARY


REPORTED = {
    "undeclared": ("brain.dream()", "undeclared"),
    "a bound method": ("call = brain.ask", "not-called"),
    "a field": ("print(brain.size)", "not-called"),
    "hasattr": ("hasattr(brain, 'dream')", "probed"),
    "passed on": ("print(brain)", "passed-on"),
    "in a list": ("x = [brain]", "passed-on"),
    "double star": ("brain.ask_now(**words)", "double-star"),
    "star": ("brain.ask_now(*words)", "star"),
    "too many by place": ("brain.ask_now('a', 'b')", "unknown-argument"),
    "undeclared argument": ("brain.ask_now('a', size=3)", "unknown-argument"),
    "in an f-string": ("print(f'{brain.ask_now(1)}')", "in-f-string"),
    "request elsewhere": ("brain.think(words)", "request-elsewhere"),
    "two requests": ("brain.think(Request([]), Request([]))", "odd-arguments"),
    "a member that is gone": ("brain.think(Request([], kind=Kind.LOST))", "unknown-member"),
    "a computed task": ("brain.think(Request(messages=[], kind=words))", "computed-task"),
    "a lost member": ("brain.think(Request(messages=[], kind=Kind.LOST))", "unknown-member"),
    "an unknown field": ("brain.think(Request(messages=[])).luck", "unknown-field"),
    "a context manager": ("with Brain() as b:\n    b.ask_now('x')", "context-manager"),
    "a subclass": ("class Big(Brain): ...", "subclassed"),
    "the class passed on": ("print(Brain)", "class-passed"),
    "a comment between": ("brain.think(Request(  # why\n    messages=[1], heat=2))", "odd-shape"),
}


@pytest.mark.parametrize(("line", "code"), REPORTED.values(), ids=REPORTED.keys())
def test_reports_and_leaves(tmp_path: Path, line: str, code: str) -> None:
    text = f"from lib.brain import Brain, Kind, Request, brain\n\nwords = {{}}\n{line}\n"
    report = moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text
    found = verdicts(report)
    assert {v[0] for v in found} == {"report-only"}
    assert code in {v[1] for v in found}


MOVED = {
    "a ready-made instance": (
        "from lib.brain import brain\n\n\nasync def f():\n    return await brain.ask('hi', 0.3)\n",
        NEW
        + "\n\nasync def f():\n"
        + "    return await get_unified_llm_service().complete_text('hi', temperature=0.3)\n",
    ),
    "names for what stood by place": (
        "from lib.brain import brain\n\nbrain.ask(heat=0.3, text='hi')\n",
        NEW + "\nget_unified_llm_service().complete_text(temperature=0.3, prompt='hi')\n",
    ),
    "code that does not await": (
        "from lib.brain import brain\n\nprint(brain.ask_now('hi'))\n",
        NEW + "\nprint(get_unified_llm_service().complete_text_sync('hi'))\n",
    ),
    "through the module": (
        "import lib.brain as lb\n\nlb.brain.ask_now('hi')\n",
        NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
    "a dotted import is kept": (
        "import lib.brain\n\nlib.brain.brain.ask_now('hi')\n",
        "import lib.brain\n" + NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
    "an alias": (
        "from lib.brain import brain as b\n\nb.ask_now('hi')\n",
        NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
    "a factory": (
        "from lib.brain import get_brain\n\nget_brain().ask_now('hi')\n",
        NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
    "a variable": (
        "from lib.brain import get_brain\n\nai = get_brain()\nai.ask_now('hi')\n",
        NEW + "\nai = get_unified_llm_service()\nai.complete_text_sync('hi')\n",
    ),
    "a constructor": (
        "from lib.brain import Brain\n\n\ndef f():\n    ai = Brain()\n    return ai.ask_now('hi')\n",
        NEW
        + "\n\ndef f():\n    ai = get_unified_llm_service()\n"
        + "    return ai.complete_text_sync('hi')\n",
    ),
    "an import inside a function": (
        "def f():\n    from lib.brain import brain\n\n    return brain.ask_now('hi')\n",
        "def f():\n    from sophia_cli.llm import get_unified_llm_service\n\n"
        "    return get_unified_llm_service().complete_text_sync('hi')\n",
    ),
    "a request on one line": (
        "from lib.brain import Request, brain\n\n" "brain.think(Request(messages=[1], heat=0.5))\n",
        NEW
        + "\nget_unified_llm_service().complete_response("
        + 'messages=[1], temperature=0.5, on_error="return")\n',
    ),
    "a request that hangs": (
        "from lib.brain import Kind, Request, brain\n\n"
        "brain.think(\n    Request(messages=[1], kind=Kind.MASS)\n)\n",
        BOTH
        + "\nget_unified_llm_service().complete_response(\n"
        + '    messages=[1], task_type=TaskType.BULK, on_error="return"\n)\n',
    ),
    "a request hugged by its call": (
        "from lib.brain import Request, brain\n\n"
        "brain.think(Request(\n    messages=[1],  # one\n    heat=0.5\n))\n",
        NEW
        + "\nget_unified_llm_service().complete_response(\n"
        + '    messages=[1],  # one\n    temperature=0.5,\n    on_error="return",\n)\n',
    ),
    "a text over several lines keeps its own": (
        "from lib.brain import Request, brain\n\n"
        "brain.think(\n    Request(\n        messages=['''\n        deep\n  text'''],\n    )\n)\n",
        NEW
        + "\nget_unified_llm_service().complete_response(\n"
        + "    messages=['''\n        deep\n  text'''],\n"
        + '    on_error="return",\n)\n',
    ),
    "a request in a variable": (
        "from lib.brain import Request, brain\n\n\nasync def f(m):\n    if m:\n"
        "        request = Request(\n            messages=m,\n        )\n"
        "        return (await brain.think(request)).text\n",
        NEW
        + "\n\nasync def f(m):\n    if m:\n"
        + "        return (await get_unified_llm_service().complete_response(\n"
        + '            messages=m,\n            on_error="return",\n        )).content\n',
    ),
    "a choice of tasks": (
        "from lib.brain import Kind, Request, brain\n\n\ndef f(m, big):\n"
        "    brain.think(Request(messages=m, kind=Kind.MASS if big else Kind.TALK))\n",
        BOTH
        + "\n\ndef f(m, big):\n    get_unified_llm_service().complete_response("
        + "messages=m, task_type=TaskType.BULK if big else TaskType.CHAT_CONVERSATION, "
        + 'on_error="return")\n',
    ),
    "fields of the answer": (
        "from lib.brain import Request, brain\n\n\nasync def f(m):\n"
        "    a = await brain.think(Request(messages=m))\n"
        "    print(f'{a.tokens} {a.text}', f'{a.tokens}')\n    return a.text or a.error\n",
        NEW
        + "\n\nasync def f(m):\n    a = await get_unified_llm_service().complete_response("
        + 'messages=m, on_error="return")\n'
        + "    print(f'{a.total_tokens} {a.content}', f'{a.total_tokens}')\n"
        + "    return a.content or a.error\n",
    ),
    "run from code that does not await": (
        "import asyncio\n\nfrom lib.brain import Request, brain\n\n"
        "print(asyncio.run(brain.think(Request(messages=[]))).text)\n",
        "import asyncio\n\n"
        + NEW
        + "\nprint(asyncio.run(get_unified_llm_service().complete_response("
        + 'messages=[], on_error="return")).content)\n',
    ),
    "a call that is not needed": (
        "from lib.brain import brain\n\n\nasync def f():\n    await brain.initialize()\n"
        "    return await brain.ask('hi')\n\n\nasync def g():\n    await brain.initialize()\n",
        NEW
        + "\n\nasync def f():\n    return await get_unified_llm_service().complete_text('hi')\n"
        + "\n\nasync def g():\n    pass\n",
    ),
    "other names of the same import stay": (
        "from lib.brain import (\n    Brain,\n    brain,\n)\n\nbrain.ask_now('hi')\n"
        "x: Brain | None = None\n",
        "from lib.brain import (\n    Brain,\n)\n" + NEW + "\n"
        "get_unified_llm_service().complete_text_sync('hi')\nx: Brain | None = None\n",
    ),
    "a name that is offered to others stays": (
        "from lib.brain import brain\n\n__all__ = ['brain']\nbrain.ask_now('hi')\n",
        "from lib.brain import brain\n"
        + NEW
        + "\n__all__ = ['brain']\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED.keys())
def test_moves(tmp_path: Path, before: str, after: str) -> None:
    report = moved(tmp_path, {"app.py": before})
    assert (tmp_path / "app.py").read_text() == after
    assert {v[:2] for v in verdicts(report)} == {("safe", "declared")}
    again = moved(tmp_path, {"app.py": after})
    assert again.changed == ()


REVIEWED = {
    "an argument that has no place": (
        "from lib.brain import Request, brain\n\n"
        "brain.think(Request(messages=[1], luck=7, heat=0.5))\n",
        "argument-dropped",
        NEW
        + "\nget_unified_llm_service().complete_response("
        + 'messages=[1], temperature=0.5, on_error="return")\n',
    ),
    "the last argument has no place": (
        "from lib.brain import Request, brain\n\nbrain.think(Request(messages=[1], luck=7))\n",
        "argument-dropped",
        NEW + '\nget_unified_llm_service().complete_response(messages=[1], on_error="return")\n',
    ),
    "no argument has a place": (
        "from lib.brain import Request, brain\n\nbrain.think(Request(luck=7))\n",
        "argument-dropped",
        NEW + '\nget_unified_llm_service().complete_response(on_error="return")\n',
    ),
    "an argument on a line of its own": (
        "from lib.brain import Request, brain\n\n"
        "brain.think(\n    Request(\n        messages=[1],\n        luck=7,  # of the draw\n"
        "    )\n)\n",
        "argument-dropped",
        NEW
        + "\nget_unified_llm_service().complete_response(\n"
        + '    messages=[1],\n    on_error="return",\n)\n',
    ),
    "the answer goes on": (
        "from lib.brain import Request, brain\n\n\nasync def f(m):\n"
        "    return await brain.think(Request(messages=m))\n",
        "answer-goes-on",
        NEW
        + "\n\nasync def f(m):\n    return await get_unified_llm_service().complete_response("
        + 'messages=m, on_error="return")\n',
    ),
    "lines between request and call": (
        "from lib.brain import Request, brain\n\n\nasync def f(m):\n"
        "    request = Request(messages=m.copy())\n    m.clear()\n"
        "    await brain.think(request)\n",
        "evaluated-later",
        NEW
        + "\n\nasync def f(m):\n    m.clear()\n    await get_unified_llm_service()."
        + 'complete_response(messages=m.copy(), on_error="return")\n',
    ),
    "arguments of the constructor": (
        "from lib.brain import Brain\n\nai = Brain(size=2)\nai.ask_now('hi')\n",
        "arguments-dropped",
        NEW + "\nai = get_unified_llm_service()\nai.complete_text_sync('hi')\n",
    ),
    "a call that goes with a reason": (
        "from lib.brain import brain\n\nbrain.ask_now('hi')\nbrain.close()\n",
        "not-needed",
        NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n",
    ),
}


@pytest.mark.parametrize(("before", "code", "after"), REVIEWED.values(), ids=REVIEWED.keys())
def test_moves_after_a_look(tmp_path: Path, before: str, code: str, after: str) -> None:
    report = moved(tmp_path, {"app.py": before}, review=True)
    assert code in {v[1] for v in verdicts(report) if v[0] == "review"}
    assert (tmp_path / "app.py").read_text() == after


def test_what_is_reviewed_waits_for_review(tmp_path: Path) -> None:
    before = REVIEWED["arguments of the constructor"][0]
    report = moved(tmp_path, {"app.py": before})
    assert (tmp_path / "app.py").read_text() == before
    assert verdicts(report) == [
        ("review", "arguments-dropped", "app.py:3"),
        ("review", "shared-instance", "app.py:4"),
    ]


CLASS = """from lib.brain import Brain


class Desk:
    def __init__(self):
        self.ai = Brain()

    def reply(self, text):
        return self.ai.ask_now(text)
"""


def test_an_object_moves_whole_across_files(tmp_path: Path) -> None:
    loud = (
        "from app import Desk\n\n\nclass Loud(Desk):\n"
        "    def shout(self):\n        return self.ai.ask_now('HI')\n"
    )
    moved(tmp_path, {"app.py": CLASS, "loud.py": loud})
    assert (tmp_path / "app.py").read_text() == CLASS.replace(
        "from lib.brain import Brain\n", NEW
    ).replace("Brain()", "get_unified_llm_service()").replace("ask_now", "complete_text_sync")
    assert (tmp_path / "loud.py").read_text() == loud.replace("ask_now", "complete_text_sync")


STAYING = {
    "another method of the class": "\n    def dream(self):\n        return self.ai.dream()\n",
    "handed out": "\n    def give(self, other):\n        other(self.ai)\n",
    "probed": "\n    def able(self):\n        return hasattr(self.ai, 'dream')\n",
}


@pytest.mark.parametrize("more", STAYING.values(), ids=STAYING.keys())
def test_an_object_with_one_use_that_stays_stays(tmp_path: Path, more: str) -> None:
    report = moved(tmp_path, {"app.py": CLASS + more}, review=True)
    assert (tmp_path / "app.py").read_text() == CLASS + more
    assert [v[0] for v in verdicts(report)] == ["report-only"] * 3
    assert {v[1] for v in verdicts(report)} > {"shared-instance"}


def test_a_use_in_another_file_keeps_the_object(tmp_path: Path) -> None:
    other = "from app import Desk\n\nDesk().ai.dream()\n"
    report = moved(tmp_path, {"app.py": CLASS, "other.py": other}, review=True)
    assert report.changed == ()


def test_a_receiver_that_cannot_be_seen_keeps_what_goes_by_its_name(tmp_path: Path) -> None:
    other = "def f(desk):\n    return desk.ai.ask_now('hi')\n"
    report = moved(tmp_path, {"app.py": CLASS, "other.py": other}, review=True)
    assert report.changed == ()
    assert ("report-only", "receiver-unknown", "other.py:2") in verdicts(report)


def test_an_object_used_in_a_test_is_not_moved_without_it(tmp_path: Path) -> None:
    test = "from app import Desk\n\n\ndef test_it():\n    assert Desk().ai.ask_now('x')\n"
    report = moved(tmp_path, {"app.py": CLASS, "tests/test_app.py": test}, review=True)
    assert report.changed == ()


def test_two_objects_are_two_decisions(tmp_path: Path) -> None:
    text = (
        "from lib.brain import Brain\n\none = Brain()\ntwo = Brain()\n"
        "one.ask_now('a')\ntwo.ask_now('b')\ntwo.dream()\n"
    )
    moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == (
        "from lib.brain import Brain\n" + NEW + "\none = get_unified_llm_service()\n"
        "two = Brain()\none.complete_text_sync('a')\ntwo.ask_now('b')\ntwo.dream()\n"
    )


def test_a_call_is_kept_while_anything_needs_it(tmp_path: Path) -> None:
    text = (
        "from lib.brain import brain\n\n\nasync def f():\n    await brain.initialize()\n"
        "    await brain.ask('hi')\n    await brain.dream()\n"
    )
    report = moved(tmp_path, {"app.py": text})
    assert "await brain.initialize()" in (tmp_path / "app.py").read_text()
    assert ("report-only", "still-needed", "app.py:5") in verdicts(report)


PATCHES = {
    "the name where it is used": "patch('app.brain')",
    "a method of it": "patch('app.brain.ask_now')",
    "the instance": "patch('lib.brain.brain')",
    "a method of the instance": "patch('lib.brain.brain.ask_now')",
    "a method of the class": "patch('lib.brain.Brain.ask_now')",
    "the object": "patch.object(brain, 'ask_now')",
    "the class": "patch.object(Brain, 'ask_now')",
    "by pytest": "monkeypatch.setattr('app.brain', None)",
    "by pytest, in its module": "monkeypatch.setattr(app, 'brain', None)",
}


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES.keys())
def test_a_stand_in_for_the_old_service_asks_for_a_look(tmp_path: Path, patch: str) -> None:
    text = "from lib.brain import brain\n\n\ndef f():\n    return brain.ask_now('hi')\n"
    test = (
        "from unittest.mock import patch\n\nimport app\nfrom lib.brain import Brain, brain\n\n\n"
        f"def test_f(monkeypatch):\n    {patch}\n"
    )
    report = moved(tmp_path, {"app.py": text, "tests/test_app.py": test})
    assert (tmp_path / "app.py").read_text() == text
    assert ("review", "stand-in", "app.py:5") in verdicts(report)


def test_a_service_that_is_installed_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text(PACK)
    text = (
        "from lib.brain import Brain, Kind, Request, brain\n\nai = Brain()\nai.ask_now('a')\n"
        "brain.think(Request(messages=[], kind=Kind.TALK))\n"
    )
    (tmp_path / "app.py").write_text(text)
    migrate(Options(tmp_path, True, Choice(), (load_pack(tmp_path / "pack.toml"),)))
    assert (tmp_path / "app.py").read_text() == (
        BOTH + "\nai = get_unified_llm_service()\nai.complete_text_sync('a')\n"
        "get_unified_llm_service().complete_response("
        'messages=[], task_type=TaskType.CHAT_CONVERSATION, on_error="return")\n'
    )


UNNAMED = PACK.replace('class = "Brain"\n', "").replace('factories = ["get_brain"]\n', "")
OTHERS = {
    "another object of the class": "from lib.brain import Brain\n\nBrain().ask_now('x')\n",
    "a ready-made one that is not declared": "from lib.brain import other\n\nother.ask_now('x')\n",
    "a function that gives one": "from lib.brain import get_brain\n\nget_brain().ask_now('x')\n",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_an_object_without_its_class_declares_no_other(tmp_path: Path, text: str) -> None:
    library = f"{LIBRARY}\n\nother = Brain()\n"
    report = moved(tmp_path, {"app.py": text, "lib/brain.py": library}, pack=UNNAMED)
    assert [v for v in verdicts(report) if v[0] != "report-only"] == []
    assert (tmp_path / "app.py").read_text() == text


def test_an_object_is_known_without_its_class(tmp_path: Path) -> None:
    text = "from lib.brain import brain\n\nx = brain.ask_now('x')\n"
    report = moved(tmp_path, {"app.py": text}, pack=UNNAMED)
    after = f"{NEW}\nx = get_unified_llm_service().complete_text_sync('x')\n"
    assert (tmp_path / "app.py").read_text() == after
    assert [str(s.verdict) for s in report.sites] == ["safe"]


def test_an_object_without_its_class_has_the_methods_of_that(tmp_path: Path) -> None:
    text = "from lib.brain import brain\n\nbrain.dream()\nbrain.ask_now(words='x')\nprint(brain)\n"
    report = moved(tmp_path, {"app.py": text}, review=True, pack=UNNAMED)
    assert [(s.reason.code, s.reason.words) for s in report.sites] == [
        ("undeclared", "brain has no dream: a dead path must not come to life"),
        ("unknown-argument", "the pack says nothing of its argument words"),
        ("passed-on", "it is passed on: what is done with it cannot be seen"),
    ]


OLD_WAYS = {
    "a function": "from lib.brain import give\n\ngive().ask_now('x')\n",
    "a function with a name": "from lib.brain import give\n\nb = give()\nb.ask_now('x')\n",
    "an attribute": "from lib.brain import Desk\n\nDesk.ai.ask_now('x')\n",
    "an attribute of an object": "from lib.brain import Desk\n\nDesk().ai.ask_now('x')\n",
    "a property": "from lib.brain import Desk\n\nd = Desk()\nd.mine.ask_now('x')\n",
    "a method": "from lib.brain import Desk\n\nDesk().find().ask_now('x')\n",
    "an attribute of a base": (
        "from lib.brain import Desk\n\n\nclass Own(Desk):\n    def f(self):\n        self.ai.ask_now('x')\n"
    ),
    "a method of the class": "from lib.brain import Brain\n\nBrain.default().ask_now('x')\n",
    "a function of one's own before it": (
        "from lib.brain import brain, give\n\n\ndef mine():\n    return give()\n\n\nmine().ask_now('x')\n"
    ),
}
DESK = """

def give():
    return brain


class Desk:
    ai = brain

    @property
    def mine(self):
        return self.ai

    def find(self):
        return self.ai
"""


@pytest.mark.parametrize("text", OLD_WAYS.values(), ids=OLD_WAYS.keys())
def test_what_the_old_code_gives_undeclared_stays(tmp_path: Path, text: str) -> None:
    library = LIBRARY.replace(
        "    async def think",
        "    @classmethod\n    def default(cls):\n        return brain\n\n    async def think",
    )
    files = {"app.py": text, "lib/brain.py": library + DESK}
    report = moved(tmp_path, files, review=True)
    assert (tmp_path / "app.py").read_text() == text
    assert "undeclared" in {site.reason.code for site in report.sites}
    assert {str(site.verdict) for site in report.sites} == {"report-only"}


def test_a_package_that_passes_names_on(tmp_path: Path) -> None:
    files = {
        "lib/__init__.py": "from lib.brain import brain\n",
        "app.py": "from lib import brain\n\nbrain.ask_now('hi')\n",
    }
    moved(tmp_path, files)
    assert (tmp_path / "lib/__init__.py").read_text() == files["lib/__init__.py"]
    assert (tmp_path / "app.py").read_text() == (
        NEW + "\nget_unified_llm_service().complete_text_sync('hi')\n"
    )


NOT_ASYNC = PACK.replace('name = "ask"\n', 'name = "ask"\nasync = false\n')
ALL_ASYNC = PACK.replace("async = false\n", "")
DIFFERING = {
    "awaited, and never was": (PACK, "async def f():\n    return await brain.ask_now('x')\n"),
    "no coroutine any more": (NOT_ASYNC, "def f():\n    return asyncio.run(brain.ask('x'))\n"),
    "awaited no more": (NOT_ASYNC, "async def f():\n    return await brain.ask('x')\n"),
    "a text that would be a coroutine": (ALL_ASYNC, "x = brain.ask_now('x').upper()\n"),
}


@pytest.mark.parametrize(("pack", "use"), DIFFERING.values(), ids=DIFFERING.keys())
def test_a_pack_that_waits_otherwise_than_the_old_code_moves_nothing(
    tmp_path: Path, pack: str, use: str
) -> None:
    text = f"from lib.brain import brain\n\n\n{use}"
    report = moved(tmp_path, {"app.py": text}, review=True, pack=pack)
    assert (tmp_path / "app.py").read_text() == text
    assert [v[:2] for v in verdicts(report)] == [("report-only", "async-differs")]


def test_what_a_decorator_or_an_unseen_class_does_is_the_packs_to_say(tmp_path: Path) -> None:
    library = LIBRARY.replace("    def ask_now", "    @later\n    def ask_now")
    text = "from lib.brain import brain\n\n\nasync def f():\n    return await brain.ask_now('x')\n"
    report = moved(tmp_path, {"app.py": text, "lib/brain.py": library}, pack=ALL_ASYNC)
    assert [v[0] for v in verdicts(report)] == ["safe"]


def test_an_object_whose_field_is_set_stays(tmp_path: Path) -> None:
    text = "from lib.brain import Brain\n\nb = Brain()\nb.size = 3\nb.ask_now('x')\n"
    report = moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text
    assert [v[1] for v in verdicts(report)] == [
        "shared-instance",
        "field-written",
        "shared-instance",
    ]


@pytest.mark.parametrize("owner", ["brain", "Brain", "get_brain()"])
def test_a_field_that_is_set_anywhere_asks_for_a_look(tmp_path: Path, owner: str) -> None:
    name = owner.partition("(")[0]
    files = {
        "app.py": "from lib.brain import brain\n\nbrain.ask_now('x')\n",
        "conf.py": f"from lib.brain import {name}\n\n{owner}.size = 3\n",
    }
    report = moved(tmp_path, files)
    assert ("review", "field-set", "app.py:3") in verdicts(report)
    assert (tmp_path / "app.py").read_text() == files["app.py"]


def test_a_name_of_a_module_that_is_bound_anew_elsewhere_keeps_its_object(tmp_path: Path) -> None:
    files = {
        "app.py": "from lib.brain import Brain\n\nmine = Brain()\n\n\ndef f():\n    mine.ask_now('x')\n",
        "conf.py": "import app\n\napp.mine = object()\n",
    }
    report = moved(tmp_path, files, review=True)
    assert (tmp_path / "app.py").read_text() == files["app.py"]
    assert ("report-only", "replaced", "conf.py:3") in verdicts(report)
