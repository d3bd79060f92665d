"""The measurement of code bases: what makes it fail, and what its table shows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
GOOD: dict[str, Any] = {
    "repo": "a/b",
    "files": 3,
    "second_run_changes": 0,
    "before": [5, 0],
    "after": [5, 0],
    "rolled_back": True,
    "broken": [],
    "found": 4,
    "missed": (),
    "false": ("app.py:3",),
    "share_of_all": [1, 4],
    "share_of_seen": [1, 1],
}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up, and one imports the other
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sites() -> ModuleType:
    return load("codebases_sites")


@pytest.fixture(scope="module")
def codebases(sites: ModuleType) -> ModuleType:
    return load("codebases")


BAD = [
    {"second_run_changes": 1},
    {"after": [4, 1]},
    {"rolled_back": False},
    {"broken": ["app.py"]},
]


@pytest.mark.parametrize("change", BAD)
def test_one_thing_that_is_wrong_fails_a_code_base(
    codebases: ModuleType, change: dict[str, Any]
) -> None:
    assert codebases.is_good(GOOD)
    assert not codebases.is_good(GOOD | change)


def test_the_table_shows_what_a_second_run_would_change(
    codebases: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    codebases.print_table([GOOD | {"second_run_changes": 7}])
    head, _, row, *rest = capsys.readouterr().out.splitlines()
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert cells["second run changes"] == "7"
    assert cells["counted: found, missed, false"] == "4, 0, 1"
    assert cells["share of all"] == "1/4 = 25%"
    assert rest == [
        "",
        "share_of_all: 1/4 = 25%",
        "",
        "share_of_seen: 1/1 = 100%",
        "false: a/b app.py:3",
    ]


def site(line: int, rule: str = "openai_client", **more: Any) -> dict[str, Any]:
    """A site as a dry run lists it."""
    kind = {"class": "safe", "category": "source", "path": "app.py", "column": 1, "cell": None}
    return {**kind, "rule": rule, "line": line, "operation": "OpenAI", "carrier": None, **more}


def test_a_scan_beside_the_count(sites: ModuleType, tmp_path: Path) -> None:
    counted = tmp_path / "counted.tsv"
    rows = ["repo\tpath\tline\tkind", "a/b\tapp.py\t3\tclient", "a/b\tapp.py\t3\tclient"]
    rows += ["a/b\tapp.py\t9\tcall", "a/b\tnone.py\t0\tnone", "c/d\tapp.py\t5\tcall"]
    counted.write_text("\n".join(rows) + "\n")
    seen = [site(3), site(4), site(9, **{"class": "noted"}), site(1, path="not_read.py")]
    count = sites.compare("a/b", [*seen, site(2, path="none.py")], counted)
    assert count.found == 1
    assert count.missed == ("app.py:3", "app.py:9")
    assert count.false == ("app.py:4", "none.py:2")


SEEN = {
    "called where it stands": "OpenAI().chat.completions.create()",
    "kept": "c = OpenAI()\nc.chat.completions.create()",
    "kept under two names": "c = OpenAI()\nd = c\nif d: d.models.list()",
    "handed to the tree": "c = OpenAI()\nours(c)",
    "wrapped": "c = instructor.from_openai(OpenAI())\nc.create()",
    "one of two": "c = OpenAI() if x else OpenAI(timeout=1)\nc.create()",
}
UNSEEN = {
    "arguments that are not written out": "OpenAI(**given)",
    "handed to what is not of the tree": "c = OpenAI()\ntheirs(c)",
    "put in a list": "clients = [OpenAI()]",
    "returned": "def f():\n    c = OpenAI()\n    return c",
    "known by a name that is handed on": "c = OpenAI()\nd = c\ntheirs(client=d)",
}


@pytest.mark.parametrize(
    ("text", "count"), [(t, 1) for t in SEEN.values()] + [(t, 0) for t in UNSEEN.values()]
)
def test_the_share_of_what_is_seen_whole(
    sites: ModuleType, tmp_path: Path, text: str, count: int
) -> None:
    (tmp_path / "app.py").write_text(f"def ours(c): ...\n\n\n{text}\n")
    lines = f"\n\n\n{text}".split("\n")
    line, found = next((n, t) for n, t in enumerate(lines, 1) if "OpenAI(" in t)
    made = site(line, column=found.index("OpenAI(") + 1)
    call = site(9, "calls", carrier=f"app.py:{line}", **{"class": "carried"})
    every, seen = sites.shares(
        tmp_path, [made, call, site(8, "litellm", **{"class": "report-only"})]
    )
    assert str(every) == "2/3 = 67%"
    assert seen.of == 2 * count
