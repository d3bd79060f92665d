"""What the doctor of the hooks finds in a configuration, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sophia_cli.checked import Check
from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.detect import Project
from sophia_cli.hooks.status.arguments import arguments, joined
from sophia_cli.hooks.status.patterns import patterns
from sophia_cli.hooks.status.repositories import repositories


def wrong(checks: Iterator[Check]) -> list[tuple[str, str, str]]:
    return [(one.state, one.words, one.mend) for one in checks if one.state != "ok"]


def excluded(pattern: str, root: Path) -> list[tuple[str, str, str]]:
    config = read_config(f"exclude: {json.dumps(pattern)}\nrepos: []\n".encode())
    return wrong(patterns(config, root))


@pytest.mark.parametrize(
    "pattern",
    [
        "^$",
        "^(external/|node_modules/|dist/)",
        "^external/",
        "external/",
        "(^|/)tests?/",
        r"^vendor/.*\.py$",
        r"\.min\.js$",
        r"^(docs/.*|external/.*)$",
        r"^(?!src/)",
        "^a/b/c/",
        r"^\.venv/",
        "(?x)^(\n    external/|\n    dist/\n)",
        "^(CHANGELOG|external/a.py)$",
    ],
)
def test_patterns_that_are_right(pattern: str, tmp_path: Path) -> None:
    assert excluded(pattern, tmp_path) == []


@pytest.mark.parametrize(
    ("pattern", "dead", "mend"),
    [
        ("^(external/|dist/)$", "external/, dist/", "exclude: ^(external/|dist/)"),
        ("^external/$", "external/", "exclude: ^external/"),
        (r"^\.venv/$", ".venv/", r"exclude: ^\.venv/"),
        ("^(docs/.*|external/)$", "external/", "exclude: ^(docs/.*|external/)"),
        ("^(a/|b/|c/|d/)$", "a/, b/, c/ ...", "exclude: ^(a/|b/|c/|d/)"),
    ],
)
def test_patterns_that_match_nothing(pattern: str, dead: str, mend: str, tmp_path: Path) -> None:
    assert excluded(pattern, tmp_path) == [("fail", f"exclude matches no file inside {dead}", mend)]


def test_a_pattern_that_is_a_glob(tmp_path: Path) -> None:
    ((state, words, mend),) = excluded("*.py", tmp_path)
    assert (state, mend) == ("fail", "it is Python's kind, not a glob:  exclude: ^folder/")
    assert words.startswith("exclude is no regular expression: nothing to repeat")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--fix"],
        ["-ll", "--skip=B101,B601"],
        ["--select=E", "F"],
        ["--config=pyproject.toml", "src"],
        ["--config=a.toml", "b/c.toml"],
        ["--skip=B101", "--exclude=B102"],
        ["--skip", "B101", "B601"],
        ["check", "src", "tests"],
        ["--number=1", "2"],
        ["--line-length=100", "a.py"],
    ],
)
def test_arguments_that_are_whole(words: list[str]) -> None:
    assert joined(words) == words


@pytest.mark.parametrize(
    ("words", "mended"),
    [
        (["-ll", "--skip=B101", "B601", "B602"], ["-ll", "--skip=B101,B601,B602"]),
        (["--ignore=E203", "W503", "--fix"], ["--ignore=E203,W503", "--fix"]),
        (["--ext=.ts", ".tsx"], ["--ext=.ts,.tsx"]),
        (["--skip=B101,B102", "B601"], ["--skip=B101,B102,B601"]),
    ],
)
def test_arguments_that_yaml_split(words: list[str], mended: list[str]) -> None:
    assert joined(words) == mended


def test_the_mend_of_a_split_argument() -> None:
    text = "repos:\n  - repo: https://h.test/a\n    rev: v1\n    hooks:\n      - id: bandit\n        args: [-ll, --skip=B101,B601]\n"
    assert wrong(arguments(read_config(text.encode()))) == [
        (
            "fail",
            "args of bandit: YAML splits --skip=B101,B601 at its commas",
            'args: [-ll, "--skip=B101,B601"]',
        )
    ]


def packages(*listed: str, repo: str = "https://github.com/pre-commit/mirrors-eslint") -> bytes:
    words = ", ".join(f"'{one}'" for one in listed)
    return (
        f"repos:\n  - repo: {repo}\n    rev: v8.56.0\n    hooks:\n      - id: eslint\n"
        f"        additional_dependencies: [{words}]\n"
    ).encode()


def judged(data: bytes, **project: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return wrong(repositories(read_config(data), Project(Path(), **project)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        packages(),
        packages("eslint@8.56.0", "eslint-plugin-react@7.33.0", "eslint-config-next@14.0.0"),
        packages("eslint@9.39.1", "typescript-eslint@8.74.0", "typescript@6.0.3"),
        packages("eslint@9.39.1", "eslint-plugin-react@7.37.5"),
        packages("pydantic==2.0", repo="https://github.com/pre-commit/mirrors-mypy"),
    ],
)
def test_packages_that_are_right(data: bytes) -> None:
    assert judged(data) == []


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        (
            packages("eslint@8.56.0", "@typescript-eslint/recommended", "plugin:react/recommended"),
            "fail",
            "additional_dependencies of eslint: @typescript-eslint/recommended, plugin:react/recommended"
            " are configurations that `extends` takes, and no package",
        ),
        (
            packages("eslint@8.56.0", "eslint:recommended"),
            "fail",
            "additional_dependencies of eslint: eslint:recommended is a configuration that `extends`"
            " takes, and no package",
        ),
        (
            packages("eslint-plugin-react@7.33.0"),
            "warn",
            "eslint names plugins and no eslint@VERSION: npm picks one that may not take them",
        ),
        (
            packages("eslint@10.0.0", "typescript-eslint@8.73.0", "typescript@7.0.2"),
            "fail",
            "typescript-eslint 8.73.0 takes typescript <6.1.0, and 7.0.2 is pinned",
        ),
        (
            packages("eslint@10.0.0", "eslint-plugin-react@7.37.5"),
            "fail",
            "eslint-plugin-react 7.37.5 takes eslint <10.0.0, and 10.0.0 is pinned",
        ),
        (
            packages(repo="https://github.com/pre-commit/mirrors-prettier"),
            "warn",
            "mirrors-prettier is archived: its tags will never be newer",
        ),
    ],
)
def test_packages_that_are_not(data: bytes, state: str, words: str) -> None:
    assert [(found, said) for found, said, _ in judged(data)] == [(state, words)]


def test_eslint_that_reads_no_eslintrc() -> None:
    data = packages("eslint@10.0.0").replace(b"v8.56.0", b"v9.39.1")
    assert judged(data, old=(".eslintrc.json",)) == [
        (
            "fail",
            "ESLint 9.39.1 reads no .eslintrc.json, and there is no eslint.config.*",
            "npx @eslint/migrate-config .eslintrc.json",
        )
    ]
    assert judged(data, old=(".eslintrc.json",), flat=("eslint.config.cjs",)) == []
    assert judged(packages("eslint@8.57.0"), old=(".eslintrc.json",)) == []
