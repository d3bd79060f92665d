"""What keeps an object of a home-made service as it is: uses elsewhere that go on meeting the old one."""

from __future__ import annotations

from pathlib import Path

import pytest
from brains import moved, verdicts

USED_BY_A_BASE = {
    "nothing": "class A:\n",
    "None": "class A:\n    b = None\n\n",
    "None of an object": "class A:\n    def __init__(self):\n        self.b = None\n\n",
    "something else": "class Other:\n    def ask_now(self, x): ...\n\n\nclass A:\n    b = Other()\n\n",
    "something that is not seen": "import x\n\n\nclass A:\n    b = x.make()\n\n",
    "a type": "class A:\n    b: Brain\n\n",
    "a type or None": "class A:\n    b: Brain | None = None\n\n",
    "a property": "class A:\n    @property\n    def b(self) -> Brain: ...\n\n",
}


@pytest.mark.parametrize("value", ["Brain()", "brain"])
@pytest.mark.parametrize("base", USED_BY_A_BASE.values(), ids=USED_BY_A_BASE.keys())
def test_what_a_base_uses_is_not_moved_without_it(tmp_path: Path, base: str, value: str) -> None:
    text = (
        f"from lib.brain import Brain, brain\n\n\n{base}    def f(self):\n"
        f"        return self.b.ask_now('x')\n\n\nclass C(A):\n    b = {value}\n"
    )
    moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == text


def test_what_a_base_calls_is_not_moved_without_it(tmp_path: Path) -> None:
    text = (
        "from lib.brain import Brain, brain\n\n\nclass A:\n    def b(self) -> Brain: ...\n\n"
        "    def f(self):\n        return self.b().ask_now('x')\n\n\n"
        "class C(A):\n    def b(self):\n        return brain\n"
    )
    report = moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == text
    assert [v[0] for v in verdicts(report)] == ["review", "review"]


KEPT = "from lib.brain import Brain\n\nmine = Brain()\nmine.ask_now('x')\n\n\nclass Desk:\n    def __init__(self):\n        self.ai = Brain()\n"
QUOTED = {
    "of a module": ("import app\n\ngetattr(app, 'mine').ask_now('y')\n", "app.py", 3),
    "of something": ("def f(app):\n    getattr(app, 'ai').ask_now('y')\n", "app.py", 9),
    "in its dict": ("from app import Desk\n\nDesk().__dict__['ai'].ask_now('y')\n", "app.py", 9),
    "in its vars": ("def f(app):\n    vars(app)['ai'].ask_now('y')\n", "app.py", 9),
    "put there": ("import app\n\nsetattr(app, 'mine', object())\n", "app.py", 3),
}


@pytest.mark.parametrize(("use", "path", "line"), QUOTED.values(), ids=QUOTED.keys())
def test_what_is_reached_by_its_name_in_quotes_stays(
    tmp_path: Path, use: str, path: str, line: int
) -> None:
    report = moved(tmp_path, {"app.py": KEPT, "use.py": use}, review=True)
    assert (tmp_path / "use.py").read_text() == use
    assert ("report-only", "shared-instance", f"{path}:{line}") in verdicts(report)


@pytest.mark.parametrize(
    "use",
    [
        "class Other:\n    ai = 3\n\n\ngetattr(Other(), 'ai')\n",
        "import app\n\ngetattr(app, 'other')\n",
        "d = {}\nd['ai'] = d['mine'] = 1  # app\n",
        "print('ai', 'mine')  # app\n",
    ],
)
def test_a_name_in_quotes_of_something_else_holds_nothing(tmp_path: Path, use: str) -> None:
    report = moved(tmp_path, {"app.py": KEPT, "use.py": use})
    assert [v[0] for v in verdicts(report)] == ["safe", "safe", "safe"]


APP = "from lib.brain import Brain\n\n\nclass App:\n    def __init__(self):\n        self.b = Brain()\n\n    def f(self):\n        return self.b.ask_now('y')\n"
PASSED = {
    "by place": "run(a.b)",
    "by name": "run(p=a.b)",
    "of what is called": "run(get().b)",
}


@pytest.mark.parametrize("call", PASSED.values(), ids=PASSED.keys())
def test_what_goes_unseen_into_a_function_that_uses_it_stays(tmp_path: Path, call: str) -> None:
    text = f"{APP}\n\ndef run(p):\n    return p.ask_now('x')\n\n\ndef main(a, get):\n    return {call}\n"
    moved(tmp_path, {"app.py": text}, review=True)
    assert (tmp_path / "app.py").read_text() == text


@pytest.mark.parametrize(
    "passing",
    ["return run(a.b)", "return a.b", "a.other = a.b", "return [x.b for x in a]", "yield a.b"],
)
def test_what_goes_on_unseen_is_looked_at_first(tmp_path: Path, passing: str) -> None:
    text = f"{APP}\n\ndef run(p):\n    return p.size\n\n\ndef main(a):\n    {passing}\n"
    report = moved(tmp_path, {"app.py": text})
    assert (tmp_path / "app.py").read_text() == text
    assert [v[0] for v in verdicts(report)] == ["review", "review"]
    moved(tmp_path, {"app.py": text}, review=True)
    assert "ask_now" not in (tmp_path / "app.py").read_text()


@pytest.mark.parametrize("looking", ["if a.b:\n        pass", "return a.b is None", "a.b"])
def test_what_is_only_looked_at_moves(tmp_path: Path, looking: str) -> None:
    report = moved(tmp_path, {"app.py": f"{APP}\n\ndef main(a):\n    {looking}\n"})
    assert "ask_now" not in (tmp_path / "app.py").read_text()
    assert [v[0] for v in verdicts(report)] == ["safe", "safe"]


MINE = "from lib.brain import Brain\n\nmine = Brain()\nmine.ask_now('x')\n"
ELSEWHERE = {
    "an argument": "from app import mine\nimport third\n\nthird.go(mine)\n",
    "by name": "from app import mine\nimport third\n\nthird.go(llm=mine)\n",
    "of the module": "import app\nimport third\n\nthird.go(app.mine)\n",
    "handed to a class": (
        "from app import mine\n\n\nclass Agent:\n    def __init__(self, llm):\n"
        "        self.llm = llm\n\n\nAgent(mine)\n"
    ),
    "partial": "from functools import partial\nfrom app import mine\n\ng = partial(print, mine)\n",
}


@pytest.mark.parametrize("use", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_an_object_of_another_module_that_is_passed_on_stays(tmp_path: Path, use: str) -> None:
    moved(tmp_path, {"app.py": MINE, "use.py": use}, review=True)
    assert (tmp_path / "app.py").read_text() == MINE
    assert (tmp_path / "use.py").read_text() == use


PUT_THERE = {
    "several at once": "app.mine, y = print, 2",
    "a loop": "for app.mine in [print]:\n    pass",
    "with": "with open('x') as app.mine:\n    pass",
}


@pytest.mark.parametrize("put", PUT_THERE.values(), ids=PUT_THERE.keys())
def test_what_is_replaced_from_outside_stays(tmp_path: Path, put: str) -> None:
    moved(tmp_path, {"app.py": MINE, "use.py": f"import app\n\n{put}\n"}, review=True)
    assert (tmp_path / "app.py").read_text() == MINE


QUOTED = {
    "a dictionary's get": "d.__dict__.get('b').ask_now('x')",
    "vars": "vars(d).pop('b')",
    "update": "d.__dict__.update(b=print)",
    "attrgetter": "attrgetter('b')(d)",
    "the method": "d.__getattribute__('b')",
    "the method of object": "object.__getattribute__(d, 'b')",
    "the method that sets": "object.__setattr__(d, 'b', print)",
    "builtins": "builtins.getattr(d, 'b')",
    "a variable": "NAME = 'b'\ngetattr(d, NAME).ask_now('x')",
    "a loop": "for name in ('a', 'b'):\n    getattr(d, name).ask_now('x')",
    "a pattern": "match d:\n    case App(b=x):\n        x.ask_now('x')",
}


@pytest.mark.parametrize("use", QUOTED.values(), ids=QUOTED.keys())
def test_every_way_to_a_name_in_quotes_keeps_the_object(tmp_path: Path, use: str) -> None:
    head = "import builtins\nfrom operator import attrgetter\nfrom app import App\n\nd = App()\n"
    moved(tmp_path, {"app.py": APP, "use.py": f"{head}{use}\n"}, review=True)
    assert (tmp_path / "app.py").read_text() == APP


OTHER_NAMES = {
    "another name": "getattr(d, 'c')",
    "a dictionary of data": "data = {}\ndata.get('b')\ndata.update(b=1)",
    "another variable": "NAME = 'c'\ngetattr(d, NAME)",
    "of something else": "class Z:\n    b = 1\n\n\ngetattr(Z(), 'b')",
}


@pytest.mark.parametrize("use", OTHER_NAMES.values(), ids=OTHER_NAMES.keys())
def test_other_names_in_quotes_keep_nothing(tmp_path: Path, use: str) -> None:
    moved(tmp_path, {"app.py": APP, "use.py": f"from app import App\n\nd = App()\n{use}\n"})
    assert "ask_now" not in (tmp_path / "app.py").read_text()
