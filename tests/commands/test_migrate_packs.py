"""`sophia migrate packs` and `sophia migrate test` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import sophia

PACK = """\
[pack]
name = "shop"
description = "the old assistant"

[[service]]
module = "shop.ai"
instances = ["ai"]

[[service.method]]
name = "ask"
async = false
to = "complete_text"
positional = ["text"]
arguments = { text = "prompt" }
"""
BEFORE = "from shop.ai import ai\n\nai.ask('hi')\n"
AFTER = (
    "from sophia_cli.llm import get_unified_llm_service\n\n"
    "get_unified_llm_service().complete_text_sync('hi')\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    case = tmp_path / "shop" / "first"
    case.mkdir(parents=True)
    (tmp_path / "shop.toml").write_text(PACK)
    (case / "before.py").write_text(BEFORE)
    (case / "after.py").write_text(AFTER)
    return tmp_path


def test_fixtures_as_expected(project: Path) -> None:
    said = sophia("migrate", "test", "shop.toml", cwd=project)
    assert (said.code, said.err) == (0, "")
    assert said.out == "  shop/first  as expected\n1 of 1 cases as expected\n"


def test_fixtures_of_the_settings_fail(project: Path) -> None:
    (project / "sophia.toml").write_text('[migrate]\npacks = ["shop.toml"]\n')
    (project / "shop/first/after.py").write_text(BEFORE)
    said = sophia("migrate", "test", cwd=project)
    assert (said.code, said.err) == (1, "")
    assert said.out == (
        "  shop/first  differs\n"
        "    --- expected after.py\n    +++ found\n    @@ -1,3 +1,3 @@\n"
        "    -from shop.ai import ai\n"
        "    +from sophia_cli.llm import get_unified_llm_service\n"
        "\n"
        "    -ai.ask('hi')\n"
        "    +get_unified_llm_service().complete_text_sync('hi')\n"
        "0 of 1 cases as expected\n"
    ).replace("\n\n", "\n    \n")


def test_as_data(project: Path) -> None:
    said = sophia("migrate", "test", "shop.toml", "--json", cwd=project)
    assert said.json["data"] == [{"pack": "shop", "case": "first", "diff": ""}]


def test_no_pack_is_named(tmp_path: Path) -> None:
    said = sophia("migrate", "test", cwd=tmp_path)
    assert said.code == 2
    assert said.err.startswith("sophia: no pack is named\n        sophia migrate test ")


def test_a_name_that_is_no_pack(tmp_path: Path) -> None:
    said = sophia("migrate", "--pack", "phase4", cwd=tmp_path)
    assert said.code == 1
    assert "the rule pack" in said.err and "sophia-phase3" in said.err


def test_a_shipped_pack_is_named_in_the_settings(project: Path) -> None:
    (project / "sophia.toml").write_text('[migrate]\npacks = ["sophia-phase3", "shop.toml"]\n')
    (project / "app.py").write_text(BEFORE)
    assert sophia("migrate", "--apply", "--exclude", "shop", cwd=project).code == 0
    assert (project / "app.py").read_text() == AFTER
    said = sophia("migrate", "packs", "--json", cwd=project)
    used = [row["name"] for row in said.json["data"] if row["used"]]
    assert used == ["shop", "sophia-phase3"] or used == ["sophia-phase3", "shop"]
