"""How far a migration is, and the lines of a site before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import contents, plant

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.pipeline import survey
from sophia_cli.migrate.survey import Survey, Tally, percent

ON = (
    "from openai import OpenAI\nfrom sophia_cli.llm import openai_http_client\n"
    "client = OpenAI(http_client=openai_http_client())\n"
)
OFF = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.chat.completions.create(model='m', messages=[])\n"
PASSED = "def ask(client: OpenAI):\n    return " + CALL


def look(root: Path, files: dict[str, str | bytes], **choice: object) -> Survey:
    return survey(Options(plant(root, files), False, Choice(**choice)))  # type: ignore[arg-type]


def test_a_look_writes_nothing(tmp_path: Path) -> None:
    files = {"a.py": OFF + CALL}
    look(tmp_path, files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py"]
    assert contents(tmp_path) == {"a.py": files["a.py"].encode()}


def test_nothing_found_is_no_share(tmp_path: Path) -> None:
    found = look(tmp_path, {"a.py": "x = 1\n"})
    assert found.total == Tally("all", 0, 0, 0, 0, 0, 0, 0)
    assert found.total.data()["sites"] == {"total": 0, "migrated": 0, "percent": None}
    assert (percent(199, 200), percent(200, 200)) == (99, 100)


def test_a_call_stands_where_its_client_stands(tmp_path: Path) -> None:
    files = {
        "on.py": ON + CALL,
        "off.py": OFF + CALL,
        "azure.py": "from openai import AzureOpenAI\nclient = AzureOpenAI()\n" + CALL,
        "tests/test_a.py": OFF + CALL,
        "a.md": "```python\nclient = OpenAI()\n```\n",
    }
    found = look(tmp_path, files)
    assert found.total == Tally("all", 6, 2, 3, 1, 2, 0, 2)
    assert len(found.aside) == 3
    assert look(tmp_path, {}, include=("tests/*",)).total == Tally("all", 8, 2, 4, 1, 4, 0, 2)


@pytest.mark.parametrize(
    ("files", "done"),
    [
        ({"a.py": ON + PASSED}, 2),
        ({"a.py": OFF + PASSED}, 0),
        ({"a.py": ON + PASSED, "b.py": OFF}, 1),
        ({"a.py": ON + PASSED, "tests/test_b.py": OFF}, 2),
    ],
)
def test_a_client_that_is_passed_is_as_good_as_the_worst(
    tmp_path: Path, files: dict[str, str | bytes], done: int
) -> None:
    assert look(tmp_path, files).total.done == done


def test_by_owner_and_by_part_those_with_most_left_first(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "CODEOWNERS": "/agents/ @ai\n/old_service.py @core\n",
        "agents/a.py": OFF + CALL,
        "agents/b.py": ON,
        "old_service.py": OFF,
        "c.py": ON,
    }
    found = look(tmp_path, files)
    assert found.by_owner == (
        Tally("@ai", 3, 1, 2, 1, 2, 0, 0),
        Tally("@core", 1, 0, 1, 0, 1, 0, 0),
        Tally("(nobody)", 1, 1, 1, 1, 0, 0, 0),
    )
    assert [one.name for one in found.by_part] == ["agent", "service", "other"]


BEFORE_AND_AFTER: list[tuple[str | bytes, tuple[int, str, str | None]]] = [
    (  # nothing changes: the line as it is, and no more
        "from openai import AzureOpenAI\nclient = AzureOpenAI(\n    x=1,\n)\n",
        (2, "client = AzureOpenAI(", None),
    ),
    (OFF, (2, "client = OpenAI()", "client = OpenAI(http_client=openai_http_client())")),
    (OFF[:-1], (2, "client = OpenAI()", "client = OpenAI(http_client=openai_http_client())")),
    (
        "from openai import OpenAI\ndef f():\r\n    é = OpenAI(  # key\r\n        api_key='é',\r\n    )\r\n",
        (
            3,
            "é = OpenAI(  # key\n    api_key='é',",
            "é = OpenAI(  # key\n    api_key='é',\n    http_client=openai_http_client(),",
        ),
    ),
    (
        "# coding: latin-1\nfrom openai import OpenAI\nx = 'é'; y = OpenAI('é')\n".encode(
            "latin-1"
        ),
        (
            3,
            "x = 'é'; y = OpenAI('é')",
            "x = 'é'; y = OpenAI('é', http_client=openai_http_client())",
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), BEFORE_AND_AFTER)
def test_the_lines_before_and_after(
    tmp_path: Path, text: str | bytes, expected: tuple[int, str, str | None]
) -> None:
    found = look(tmp_path, {"a.py": text})
    (excerpt,) = found.excerpts.values()
    assert (excerpt.line, excerpt.before, excerpt.after) == expected
    assert excerpt.imports == (
        ("from sophia_cli.llm import openai_http_client",) if excerpt.after else ()
    )


def test_long_lines_and_many_are_cut(tmp_path: Path) -> None:
    arguments = "".join(f"    a{number}={'x' * 300!r},\n" for number in range(40))
    found = look(tmp_path, {"a.py": f"from openai import OpenAI\nc = OpenAI(\n{arguments})\n"})
    (excerpt,) = found.excerpts.values()
    for side in (excerpt.before, excerpt.after):
        assert side is not None and len(side.splitlines()) <= 21
        assert max(len(line) for line in side.splitlines()) <= 200
