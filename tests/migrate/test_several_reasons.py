"""A site with several reasons: each is told, wherever sites are listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trees import look, plant

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.packfile import load_packs
from sophia_cli.migrate.pipeline import migrate, survey
from sophia_cli.migrate.reports import FORMATS
from sophia_cli.migrate.site import Reason, join_reasons

TEXT = "from openai import OpenAI\n\nclient = OpenAI(*given, **options)\n"
FIRST = "**arguments may hold an http_client too"
SECOND = "*arguments: what is passed cannot be seen"


def test_reasons_are_joined_once_each() -> None:
    one, two = Reason("a", "one"), Reason("b", "two")
    joined = join_reasons([one, two, one])
    assert (joined, joined.text) == (Reason("a", "one", (two,)), "one; two")
    assert join_reasons([one]) == one


def test_a_constructor_has_all_of_them(tmp_path: Path) -> None:
    plant(tmp_path, {"app.py": TEXT})
    (site,) = look(tmp_path).sites
    assert [reason.code for reason in site.reason.every] == ["double-star", "star"]


def test_a_sample_of_a_page_has_its_own_too(tmp_path: Path) -> None:
    plant(tmp_path, {"use.md": f"# Use\n\n```python\n{TEXT}```\n"})
    (site,) = look(tmp_path).sites
    assert [r.code for r in site.reason.every] == ["double-star", "star", "sample"]


def test_a_declared_call_has_all_of_them(tmp_path: Path) -> None:
    pack = """\
[[service]]
module = "app.ai"
instances = ["ai"]
[[service.method]]
name = "ask"
to = "complete_text"
async = false
arguments = { q = "prompt" }
drop = { user = "kept nowhere", cost = "the service decides" }
review = "its answers are shorter"
"""
    plant(
        tmp_path,
        {"pack.toml": pack, "m.py": "from app.ai import ai\n\nai.ask(q=1, user=2, cost=3)\n"},
    )
    report = migrate(Options(tmp_path, packs=load_packs((tmp_path / "pack.toml",))))
    (site,) = (site for site in report.sites if site.operation == "ai.ask")
    assert [reason.words for reason in site.reason.every] == [
        "user goes: kept nowhere",
        "cost goes: the service decides",
        "its answers are shorter",
    ]


def test_what_keeps_a_constructor_is_told_with_what_would_be_looked_at(tmp_path: Path) -> None:
    text = 'from openai import OpenAI\n\noptions["http_client"] = 1\nclient = OpenAI(*given, **options)\n'
    plant(tmp_path, {"app.py": text})
    (site,) = look(tmp_path).sites
    assert str(site.verdict) == "report-only"
    assert [r.code for r in site.reason.every] == ["double-star-client", "star"]


CALLS = """\
[[service]]
module = "app.ai"
instances = ["ai"]
factories = ["get"]
calls = { close = "remove: it is shared" }
[[service.method]]
name = "ask"
to = "complete_response"
async = false
arguments = { q = "prompt" }
drop = { user = "kept nowhere" }
report = { tools = "there are none" }
result = { text = "content" }
"""


def looked(root: Path, text: str) -> list[tuple[str, str, list[str]]]:
    """Operation, class and reasons of every site."""
    plant(root, {"pack.toml": CALLS, "m.py": text})
    report = migrate(Options(root, packs=load_packs((root / "pack.toml",))))
    return [(s.operation, str(s.verdict), [r.code for r in s.reason.every]) for s in report.sites]


def test_a_call_that_stays_has_all_of_them(tmp_path: Path) -> None:
    text = "from app.ai import ai\n\nprint(ai.ask(tools=1, luck=2, **more).joy)\n"
    codes = ["no-counterpart", "unknown-argument", "double-star", "unknown-field"]
    assert looked(tmp_path, text) == [("ai.ask", "report-only", codes)]


def test_what_an_object_shares_hides_nothing(tmp_path: Path) -> None:
    text = "from app.ai import get\n\nai = get()\nai.ask(q=1, user=2)\nai.dream()\nai.close()\n"
    assert looked(tmp_path, text) == [
        ("ai()", "report-only", ["shared-instance"]),
        ("ai.ask", "report-only", ["shared-instance", "argument-dropped"]),
        ("ai.dream", "report-only", ["undeclared"]),
        ("ai.close", "report-only", ["still-needed", "not-needed"]),
    ]


def test_a_file_that_fails_hides_nothing(tmp_path: Path) -> None:
    lacking = '[target]\nmodule = "new.ai"\ngetter = "gone"\n'
    plant(tmp_path, {"new/ai.py": "here = 1\n", "new/__init__.py": ""})
    plant(
        tmp_path,
        {"pack.toml": lacking + CALLS.replace('calls = { close = "remove: it is shared" }', "")},
    )
    plant(tmp_path, {"m.py": "from app.ai import ai\n\nai.ask(q=1, user=2)\n"})
    report = migrate(
        Options(tmp_path, choice=Choice(review=True), packs=load_packs((tmp_path / "pack.toml",)))
    )
    (site,) = report.sites
    assert [r.code for r in site.reason.every] == ["target-lacks", "argument-dropped"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (
            "markdown",
            "may hold an http\\_client too; \\*arguments: what is passed cannot be seen\n",
        ),
        ("html", f"<br>{FIRST}<br>{SECOND}"),
        ("sarif", f"(review): {FIRST}; {SECOND}."),
    ],
)
def test_documents_list_them(tmp_path: Path, form: str, shown: str) -> None:
    plant(tmp_path, {"app.py": TEXT})
    assert shown in FORMATS[form](survey(Options(tmp_path)))


def test_data_lists_them(tmp_path: Path) -> None:
    plant(tmp_path, {"app.py": TEXT})
    (site,) = json.loads(FORMATS["json"](survey(Options(tmp_path))))["sites"]
    assert (site["reason"], site["also"]) == (
        {"code": "double-star", "words": FIRST},
        [{"code": "star", "words": SECOND}],
    )
