"""Where instances of a home-made service go: what keeps them first, then what is followed."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import NEW, moved, verdicts

OLD = "from lib.brain import Brain, Kind, Request, brain, get_brain\n"
DESK = (
    OLD + "class Desk:\n    def __init__(self):\n        self.ai = Brain()\n"
    "    def reply(self):\n        return self.ai.ask_now('x')\n"
)
USE = OLD + "def f():\n    return brain.ask_now('x')\n"

# The file, and the reason that keeps it as it is.
KEPT = {
    "handed in and passed on": (
        "def f(ai: Brain):\n    return ai.ask_now('x')\nf(brain)\n",
        "passed-on",
    ),
    "given by a framework": (
        "async def f(ai: Brain = Depends(get_brain)):\n    return await ai.ask('x')\n",
        "function-passed",
    ),
    "given by a framework through a function of the code base": (
        "def ai():\n    return brain\n"
        "async def f(ai: Brain = Depends(ai)):\n    return await ai.ask('x')\n",
        "function-passed",
    ),
    "a default": ("def f(*, ai: Brain = brain):\n    return ai.ask_now('x')\n", "passed-on"),
    "a field that is made by the class": (
        "@dataclass\nclass Desk:\n    ai: Brain = field(default_factory=Brain)\n"
        "    def f(self):\n        return self.ai.ask_now('x')\n",
        "class-passed",
    ),
    "a decorator that may keep it": (
        "@provide\ndef ai():\n    return Brain()\nai().ask_now('x')\n",
        "passed-on",
    ),
    "a generator": ("def ai():\n    yield Brain()\n", "passed-on"),
    "a tuple": ("ai, x = brain, 1\nai.ask_now('x')\n", "passed-on"),
    "a tuple of attributes": (
        "class Desk:\n    def __init__(self):\n        self.ai, self.n = Brain(), 1\n"
        "    def f(self):\n        return self.ai.ask_now('x')\n",
        "passed-on",
    ),
    "a context": ("with brain as b:\n    b.ask_now('x')\n", "context-manager"),
    "a class test": (
        "ai = Brain()\nai.ask_now('x')\ndef f(x):\n    return isinstance(x, Brain)\n",
        "type-tested",
    ),
    "a second kind of service": (
        "def f(x):\n    ai = Brain() if x else Other()\n    return ai.ask_now('x')\n",
        "several-meanings",
    ),
    "an instance that may be handed in": (
        "def f(ai=None):\n    return (ai or brain).ask_now('x')\n",
        "several-meanings",
    ),
    "an alias by assignment in a call": (
        "print(b := Brain())\nb.ask_now('y')\n",
        "passed-on",
    ),
    "a variable that is deleted": (
        "ai = Brain()\nai.ask_now('x')\ndel ai\n",
        "several-meanings",
    ),
    "a bound method in partial": ("partial(brain.ask_now, 'x')\n", "not-called"),
    "a lambda": ("ai = lambda: Brain()\nai().ask_now('x')\n", "passed-on"),
    "a dictionary": ("ais = {'a': Brain()}\nais['a'].ask_now('x')\n", "passed-on"),
    "an application's state": ("app.state.ai = Brain()\napp.state.ai.ask_now('x')\n", "passed-on"),
    "an attribute of something else": (
        "def ai():\n    local.ai = Brain()\n    return local.ai\nai().ask_now('x')\n",
        "passed-on",
    ),
    "a stream that is awaited": (
        "async def f():\n    async for c in await brain.stream('x'): ...\n",
        "stream-awaited",
    ),
    "a text that is looped over": (
        "async def f():\n    async for c in brain.ask('x'): ...\n",
        "not-a-stream",
    ),
}


@pytest.mark.parametrize(("text", "code"), KEPT.values(), ids=KEPT.keys())
def test_stays_with_a_reason(tmp_path: Path, text: str, code: str) -> None:
    report = moved(tmp_path, {"app.py": OLD + text}, review=True)
    assert (tmp_path / "app.py").read_text() == OLD + text
    found = verdicts(report)
    assert {v[0] for v in found} == {"report-only"}
    assert code in {v[1] for v in found}


def test_a_guarded_import_is_decided_at_run_time(tmp_path: Path) -> None:
    text = (
        "try:\n    from lib.brain import brain\nexcept ImportError:\n    brain = None\n"
        "if brain:\n    brain.ask_now('x')\n"
    )
    report = moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text
    assert verdicts(report) == [("report-only", "guarded-import", "app.py:6")]


def test_an_import_into_a_class(tmp_path: Path) -> None:
    text = (
        "class Desk:\n    from lib.brain import brain\n"
        "    def f(self):\n        return self.brain.ask_now('x')\n"
    )
    report = moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text
    assert ("report-only", "class-import", "app.py:2") in verdicts(report)


OTHER_FILES = {
    "something else in its place": (
        "from app import Desk\nclass Fake:\n    def ask_now(self, text): ...\n"
        "desk = Desk()\ndesk.ai = Fake()\n",
        "replaced",
    ),
    "a receiver by a variable": (
        "def f(box):\n    ai = box.ai\n    return ai.ask_now('x')\n",
        "receiver-unknown",
    ),
    "a method that the pack does not know": (
        "from app import Desk\nDesk().ai.dream()\n",
        "undeclared",
    ),
    "what the old class has, on a receiver that cannot be seen": (
        "def f(box):\n    return box.ai.size\n",
        "receiver-unknown",
    ),
}


@pytest.mark.parametrize(("other", "code"), OTHER_FILES.values(), ids=OTHER_FILES.keys())
def test_another_file_keeps_the_object(tmp_path: Path, other: str, code: str) -> None:
    report = moved(tmp_path, {"app.py": DESK, "other.py": other}, review=True)
    assert report.changed == ()
    assert code in {v[1] for v in verdicts(report)}


def test_a_property_read_from_where_it_cannot_be_seen(tmp_path: Path) -> None:
    app = OLD + "class Box:\n    @property\n    def ai(self):\n        return get_brain()\n"
    other = "def f(box):\n    return box.ai.ask_now('x')\n"
    report = moved(tmp_path, {"app.py": app, "other.py": other}, review=True)
    assert report.changed == ()


def test_an_instance_imported_under_further_names(tmp_path: Path) -> None:
    files = {
        "app.py": OLD + "ai = Brain()\nai.ask_now('x')\n",
        "middle.py": "from app import ai as other\n",
        "far.py": "from middle import other\nother.dream()\n",
    }
    report = moved(tmp_path, files, review=True)
    assert report.changed == ()
    assert ("report-only", "undeclared", "far.py:2") in verdicts(report)


def test_the_files_of_a_package_that_is_the_service_are_not_edited(tmp_path: Path) -> None:
    core = (
        "class Brain:\n    def ask_now(self, text): ...\n\n\nbrain = Brain()\n\n\n"
        "def again():\n    return brain.ask_now('x')\n"
    )
    files = {
        "lib/brain.py": None,
        "lib/brain/__init__.py": "from .core import Brain, brain\n",
        "lib/brain/core.py": core,
        "app.py": "from lib.brain import brain\n\nbrain.ask_now('x')\n",
    }
    report = moved(tmp_path, files)
    assert (tmp_path / "lib/brain/core.py").read_text() == core
    assert verdicts(report) == [("safe", "declared", "app.py:3")]


ERRORS = "from lib.brain import brain\nfrom lib.brain import Kind as BrainError\n"


def test_an_old_error_that_is_caught_by_name(tmp_path: Path) -> None:
    text = ERRORS + "try:\n    brain.ask_now('x')\nexcept (ValueError, BrainError): ...\n"
    report = moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text
    assert {v[0] for v in verdicts(report)} == {"report-only"}


STAND_INS = {
    "assigned": "import app\n\ndef test_f():\n    app.brain = object()\n",
    "several at once": "from unittest.mock import patch\n\npatch.multiple('app', brain=1)\n",
    "a constant": "from unittest.mock import patch\n\nPLACE = 'app.brain'\npatch(PLACE)\n",
    "a method of the instance": "import app\n\napp.brain.ask_now = print\n",
    "a method of the class": "from lib.brain import Brain\n\nBrain.ask_now = print\n",
    "the module": "import sys\n\nsys.modules['lib.brain'] = object()\n",
}


@pytest.mark.parametrize("test", STAND_INS.values(), ids=STAND_INS.keys())
def test_more_spellings_of_a_stand_in(tmp_path: Path, test: str) -> None:
    report = moved(tmp_path, {"app.py": USE, "tests/test_app.py": test})
    assert (tmp_path / "app.py").read_text() == USE
    assert ("review", "stand-in", "app.py:3") in verdicts(report)


def test_an_attribute_that_a_test_replaces(tmp_path: Path) -> None:
    test = (
        "from unittest.mock import patch\n\nfrom app import Desk\n\n"
        "patch.object(Desk, 'ai', object())\n"
    )
    report = moved(tmp_path, {"app.py": DESK, "tests/test_app.py": test})
    assert (tmp_path / "app.py").read_text() == DESK
    assert [v[:2] for v in verdicts(report)] == [("review", "stand-in")] * 2


OVERRIDES = {
    "a class attribute": "class Loud(Desk):\n    ai = Other()\n",
    "an attribute of the instance": (
        "class Loud(Desk):\n    def __init__(self):\n        self.ai = Other()\n"
    ),
}


@pytest.mark.parametrize("other", OVERRIDES.values(), ids=OVERRIDES.keys())
def test_a_subclass_with_something_else_in_its_place(tmp_path: Path, other: str) -> None:
    other = "from app import Desk\n\n\n" + other
    report = moved(tmp_path, {"app.py": DESK, "other.py": other}, review=True)
    assert report.changed == ()
    assert "replaced" in {v[1] for v in verdicts(report)}


REVIEWED = {
    "arguments of a constructor that is called into": (
        "Brain(size=2).ask_now('x')\n",
        "arguments-dropped",
    ),
    "handed in, nobody sees by whom": (
        "def f(ai: Brain):\n    return ai.ask_now('x')\n",
        "handed-in",
    ),
    "handed in or made": (
        "class Desk:\n    def __init__(self, ai: Brain | None = None):\n"
        "        self._ai = ai or get_brain()\n"
        "    def f(self):\n        return self._ai.ask_now('x')\n",
        "handed-in",
    ),
    "a function's annotation": (
        "def ai() -> Brain:\n    return Brain()\nai().ask_now('x')\n",
        "old-annotation",
    ),
    "arguments that do something": (
        "async def f():\n    await brain.initialize(load())\n",
        "arguments-dropped",
    ),
}


@pytest.mark.parametrize(("text", "code"), REVIEWED.values(), ids=REVIEWED.keys())
def test_waits_for_review(tmp_path: Path, text: str, code: str) -> None:
    report = moved(tmp_path, {"app.py": OLD + text})
    assert (tmp_path / "app.py").read_text() == OLD + text
    assert {v[0] for v in verdicts(report)} == {"review"}
    assert code in {v[1] for v in verdicts(report)}


FOLLOWED = {
    "made once, late": (
        "_ai = None\ndef ai():\n    global _ai\n    if _ai is None:\n        _ai = Brain()\n"
        "    return _ai\nai().ask_now('x')\n"
    ),
    "kept in a class": (
        "class Desk:\n    _ai = None\n    @classmethod\n    def ai(cls):\n"
        "        if cls._ai is None:\n            cls._ai = Brain()\n        return cls._ai\n"
        "Desk.ai().ask_now('x')\n"
    ),
    "a cached function": "@lru_cache(maxsize=1)\ndef ai():\n    return Brain()\nai().ask_now('x')\n",
    "one of two": "def f(x):\n    ai = Brain() if x else None\n    return ai and ai.ask_now('x')\n",
    "named as it is tested": "if ai := Brain():\n    ai.ask_now('x')\n",
    "two names": "a = b = Brain()\na.ask_now('x')\nb.ask_now('y')\n",
    "a base class": (
        "class Base:\n    def __init__(self):\n        self.ai = Brain()\n"
        "class Desk(Base):\n    def f(self):\n        return self.ai.ask_now('x')\n"
    ),
}


@pytest.mark.parametrize("text", FOLLOWED.values(), ids=FOLLOWED.keys())
def test_is_followed(tmp_path: Path, text: str) -> None:
    before = "from lib.brain import Brain\n\n" + text
    report = moved(tmp_path, {"app.py": before})
    after = text.replace("Brain()", "get_unified_llm_service()")
    assert (tmp_path / "app.py").read_text() == NEW + "\n" + after.replace(
        "ask_now", "complete_text_sync"
    )
    assert {v[:2] for v in verdicts(report)} == {("safe", "declared")}


def test_a_star_import(tmp_path: Path) -> None:
    moved(tmp_path, {"app.py": "from lib.brain import *\n\nbrain.ask_now('x')\n"})
    assert (tmp_path / "app.py").read_text() == (
        "from lib.brain import *\n" + NEW + "\nget_unified_llm_service().complete_text_sync('x')\n"
    )


def test_an_awaited_getter(tmp_path: Path) -> None:
    text = "from lib.brain import get_brain\n\n\nasync def f():\n"
    moved(tmp_path, {"app.py": text + "    return (await get_brain()).ask_now('x')\n"})
    assert (tmp_path / "app.py").read_text() == (
        NEW + "\n\nasync def f():\n    return get_unified_llm_service().complete_text_sync('x')\n"
    )


def test_a_call_goes_only_with_the_others_that_go(tmp_path: Path) -> None:
    text = OLD + "async def f():\n    await brain.initialize()\n    brain.close()\n"
    report = moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == text
    assert verdicts(report) == [
        ("review", "still-needed", "app.py:3"),
        ("review", "not-needed", "app.py:4"),
    ]
