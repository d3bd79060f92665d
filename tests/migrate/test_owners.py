"""CODEOWNERS as GitHub and GitLab read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import look, plant

from sophia_cli.migrate.owners import read_owners

# A pattern, the files it names, and files it must leave alone.
GITHUB: list[tuple[str, list[str], list[str]]] = [
    ("*", ["a.py", "a/b/c.py"], []),
    ("*.py", ["a.py", "a/b.py"], ["a.pyi", "a.py2"]),
    ("apps/", ["apps/a.py", "x/apps/y/a.py"], ["apps", "myapps/a.py"]),
    ("/apps/", ["apps/a.py", "apps/x/a.py"], ["x/apps/a.py"]),
    ("apps", ["apps/a.py", "x/apps/a.py"], ["apps2/a.py"]),
    ("docs/*", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md"]),
    ("/*", ["a.py"], ["x/a.py"]),
    ("x/apps", ["x/apps/a.py"], ["y/x/apps/a.py"]),
    ("**/logs", ["logs/a", "x/y/logs/a"], ["logs2/a"]),
    ("a/**/b.py", ["a/b.py", "a/x/y/b.py"], ["ab.py", "x/a/b.py"]),
    ("a/**", ["a/b", "a/b/c"], ["b/a/c"]),
    ("/a?.py", ["ab.py"], ["a.py", "a/.py", "abc.py"]),
    ("/with\\ space/", ["with space/a.py"], ["with/a.py"]),
    ("/A.py", ["A.py"], ["a.py"]),
    ("a+b(.py", ["a+b(.py"], ["aab(.py"]),
    ("!/apps/", [], ["apps/a.py", "!/apps/a.py"]),
    ("a[bc].py", [], ["ab.py", "a[bc].py"]),
    ("\\#a.py", [], ["#a.py", "\\#a.py"]),
]
GITLAB: list[tuple[str, list[str], list[str]]] = [
    ("*", ["a.py", "a/b/c.py"], []),
    ("*.py", ["a.py", "a/b.py"], ["a.pyi"]),
    ("apps/", ["apps/a.py", "x/apps/y/a.py"], ["apps"]),
    ("/apps", ["apps"], ["apps/a.py"]),
    ("x/a.py", ["x/a.py", "y/x/a.py"], ["x/b/a.py"]),
    ("/docs/*", ["docs/a.md"], ["docs/x/a.md"]),
    ("/docs/**/*.md", ["docs/a.md", "docs/x/y/a.md"], ["docs/a.txt"]),
    ("a[bc0-9].py", ["ab.py", "a7.py"], ["ad.py", "a[bc0-9].py"]),
    ("/a[!b].py", ["ac.py"], ["ab.py"]),
    ("/[slug-x]/", ["[slug-x]/a.py"], ["s/a.py"]),
    ("\\#a.py", ["#a.py"], ["a.py"]),
]


@pytest.mark.parametrize(
    ("place", "pattern", "named", "left"),
    [(".github", *row) for row in GITHUB] + [(".gitlab", *row) for row in GITLAB],
)
def test_what_a_pattern_names(
    tmp_path: Path, place: str, pattern: str, named: list[str], left: list[str]
) -> None:
    plant(tmp_path, {f"{place}/CODEOWNERS": f"{pattern} @team\n"})
    owners = read_owners(tmp_path)
    assert [path for path in named + left if owners.of(path) == "@team"] == named


def test_the_last_match_wins_and_may_name_nobody(tmp_path: Path) -> None:
    text = "# all\n* @all  a@b.example # why\n\n/ai/ @ai\n/ai/free/\n/ai/odd nobody\n"
    plant(tmp_path, {".github/CODEOWNERS": text})
    owners = read_owners(tmp_path)
    assert [owners.of(path) for path in ("a.py", "ai/a.py", "ai/free/a.py", "ai/odd")] == [
        "@all a@b.example",
        "@ai",
        "",
        "@ai",
    ]


def test_every_section_of_gitlab_has_its_own_last_match(tmp_path: Path) -> None:
    text = (
        "* @all\n!free.py\n*.py @py\n"
        "[Ai][2] @ai @all\nai/\nai/own.py @own\n!ai/tests/\nai/tests/ @late\n"
        "^[Docs]\n*.md @docs\nnone.md\n"
        "[AI]\nai/more/ @more\n"
    )
    plant(tmp_path, {"CODEOWNERS": text})
    owners = read_owners(tmp_path)
    assert {path: owners.of(path) for path in SECTIONS} == SECTIONS


SECTIONS = {
    "a.txt": "@all",
    "a.py": "@py",
    "free.py": "",
    "ai/a.py": "@py @ai @all",
    "ai/own.py": "@py @own",
    "ai/tests/a.py": "@py",
    "ai/more/a.py": "@py @more",
    "a.md": "@all @docs",
    "none.md": "@all",
}


def test_the_first_place_counts_and_what_is_beside_it_says_whose_rules(tmp_path: Path) -> None:
    assert read_owners(tmp_path).of("a.py") == ""
    plant(tmp_path, {".gitlab/CODEOWNERS": "* @gitlab", "docs/CODEOWNERS": "* @docs"})
    assert read_owners(tmp_path).of("a.py") == "@docs"
    plant(tmp_path, {"CODEOWNERS": "x/a.py @root"})
    assert read_owners(tmp_path).of("y/x/a.py") == ""
    plant(tmp_path, {".gitlab-ci.yml": ""})
    assert read_owners(tmp_path).of("y/x/a.py") == "@root"
    plant(tmp_path, {".github/CODEOWNERS": "* @github"})
    assert read_owners(tmp_path).of("a.py") == "@github"


def test_a_file_that_is_no_text_owns_nothing(tmp_path: Path) -> None:
    plant(
        tmp_path, {"CODEOWNERS/a": "", ".gitlab/CODEOWNERS": b"\xef\xbb\xbf* @a\n\xff\xfe \x00\n"}
    )
    assert read_owners(tmp_path).of("a.py") == "@a"


def test_a_folder_of_a_repository_has_the_owners_of_its_top(tmp_path: Path) -> None:
    call = "from openai import OpenAI\nclient = OpenAI()\nclient.chat.completions.create()\n"
    plant(
        tmp_path,
        {
            ".git/HEAD": "",
            "CODEOWNERS": "/back/agents/ @ai\n",
            "back/agents/a.py": call,
            "back/b.py": call,
        },
    )
    found = [(site.place, site.owner, site.part) for site in look(tmp_path / "back").sites]
    assert found == [
        ("agents/a.py:2", "@ai", "agent"),
        ("agents/a.py:3", "@ai", "agent"),
        ("b.py:2", "", "other"),
        ("b.py:3", "", "other"),
    ]
