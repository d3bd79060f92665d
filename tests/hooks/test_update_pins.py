"""The pins of a configuration: which there are, and that nothing else changes when they do."""

from __future__ import annotations

import pytest

from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.update.pin import Pin
from sophia_cli.hooks.update.plan import Move
from sophia_cli.hooks.update.raised import raised
from sophia_cli.hooks.update.reader import read
from sophia_cli.hooks.update.trial import bumps

COMMIT, OTHER = "0123456789abcdef" * 2 + "01234567", "f" * 40


def local(*dependencies: str, language: str = "python", more: str = "") -> str:
    listed = "".join(f"          - {one}\n" for one in dependencies)
    return (
        "repos:\n  - repo: local\n    hooks:\n      - id: mine\n        name: mine\n        entry: mine\n"
        f"        language: {language}\n{more}        additional_dependencies:\n{listed}"
    )


def pins(text: str) -> list[str]:
    return [pin.spelled for pin in read(read_config(text.encode())).pins]


def loose(text: str) -> list[tuple[str, str]]:
    return [(one.text, one.why) for one in read(read_config(text.encode())).loose]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "repos: []\n",
        "# ruff==0.1.0\nrepos: []\n",
        "exclude: ruff==0.1.0\nrepos: []\n",
        local("."),
        local("./tools/ruff==1.0.0"),
        local("--no-deps"),
        local("mine @ https://example.com/mine==1.0.whl"),
        local("golang.org/x/tools@v0.1.2", language="golang"),
        local("cli:ripgrep:14.0.0", language="rust"),
        local("ruff==0.1.0", language="system"),
        local("ruff==0.1.0", language="node"),
        local("eslint@10.0.0"),
        "repos:\n  - repo: meta\n    hooks:\n      - id: identity\n        args: [ruff==0.1.0]\n",
        "repos:\n  - repo: local\n    hooks:\n      - id: a\n        entry: pip install ruff==0.1.0\n"
        "        name: ruff==0.1.0\n        language: system\n        args: [ruff==0.1.0]\n",
    ],
)
def test_what_is_no_pin(text: str) -> None:
    assert pins(text) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ruff", "held to no version; pin it as NAME==1.2.3"),
        ("ruff>=0.1", "held to no version; pin it as NAME==1.2.3"),
        ("ruff==0.1.*", "held to no version; pin it as NAME==1.2.3"),
        ("'ruff>=0.1,!=0.2'", "held to no version; pin it as NAME==1.2.3"),
        (r'"\u0072uff==0.1.0"', "it is written in a way that cannot be moved"),
    ],
)
def test_what_is_left_alone_and_said(text: str, why: str) -> None:
    assert pins(local(text)) == []
    assert [said for _, said in loose(local(text))] == [why]


@pytest.mark.parametrize("text", ["eslint", "eslint@^9.0.0", '"@eslint/js@latest"', "eslint@9"])
def test_packages_of_npm_that_are_left_alone(text: str) -> None:
    assert pins(local(text, language="node")) == []
    assert [why for _, why in loose(local(text, language="node"))] == [
        "held to no version; pin it as NAME@1.2.3"
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (local("ruff==0.1.0"), ["ruff==0.1.0"]),
        (local("'bandit[toml] == 1.7.1'"), ["bandit[toml]==1.7.1"]),
        (local("\"x==1.0 ; python_version < '4'\""), ["x==1.0"]),
        (local("'@eslint/js@10.0.1'", "eslint@10.0.0", language="node"),
         ["@eslint/js@10.0.1", "eslint@10.0.0"]),
        ("repos:\n  - repo: https://h.test/a/b\n    rev: v1.0\n    hooks:\n      - id: b\n"
         "        additional_dependencies: [click==8.0.4, 'eslint@9.0.0']\n",
         ["https://h.test/a/b v1.0", "click==8.0.4", "eslint@9.0.0"]),
        ("repos:\n  - repo: local\n    hooks:\n      - {id: sophia-gate, name: x, entry: sophia-gate,"
         " language: python, args: [--node=eslint@10.0.0, '--node=@eslint/js@10.0.1', --without=ruff]}\n",
         ["eslint@10.0.0", "@eslint/js@10.0.1"]),
    ],
)  # fmt: skip
def test_what_is_a_pin(text: str, found: list[str]) -> None:
    assert pins(text) == found


def test_a_branch_is_no_version() -> None:
    text = "repos:\n  - repo: https://h.test/a/b\n    rev: main\n    hooks: [{id: b}]\n"
    assert pins(text) == []
    assert loose(text) == [("main", "a branch, not a version:  pre-commit autoupdate")]


def test_an_alias_is_one_pin() -> None:
    text = (
        "repos:\n  - repo: local\n    hooks:\n"
        "      - {id: a, name: a, entry: a, language: python, additional_dependencies: &d [x==1]}\n"
        "      - {id: b, name: b, entry: b, language: python, additional_dependencies: *d}\n"
    )
    assert pins(text) == ["x==1"]
    assert raise_all(text, "2") == text.replace("x==1", "x==2")


def raise_all(text: str, to: str, tag: str = "") -> str:
    config = read_config(text.encode())
    return raised(config, [Move(pin, to, tag) for pin in read(config).pins])


@pytest.mark.parametrize(
    "text",
    [
        "# ruff==0.11.0 é 𝔸\nrepos:\n- repo: local\n  hooks:\n  - {id: a, name: a, language: python,\n"
        "     entry: 'x ruff==0.11.0', additional_dependencies: [  \"ruff==0.11.0\"  ,  ]} # ruff==0.11.0\n",
        "# mark\nrepos:\n  - repo: local\n    hooks:\n      - id: a\n        name: a\n"
        "        language: python\n        entry: a\n        additional_dependencies: ['ruff==0.11.0']",
        local("ruff==0.11.0").replace("\n", "\r\n"),
        local("ruff==0.11.0 # why: 0.11.0").replace("repos", "\n\n\nfail_fast: true   \nrepos"),
        "repos:\n  - {repo: 'https://h.test/a', rev: \"0.11.0\", hooks: [{id: a}]}   # 0.11.0\n",
        "repos:\n  - repo: https://h.test/a\n    rev: 0.11.0\n    hooks:\n    - id: a\n",
    ],
)
def test_other_bytes_stay(text: str) -> None:
    (pin,) = read(read_config(text.encode())).pins
    after = raise_all(text, "0.17.6")
    assert after == text[: pin.start] + "0.17.6" + text[pin.end :]
    assert text[pin.start : pin.end] == "0.11.0"
    assert raise_all(text, "0.11.0") == text


def test_a_tag_that_yaml_would_take_for_a_number() -> None:
    text = "repos:\n  - repo: https://h.test/a\n    rev: 1.9.2\n    hooks: [{id: a}]\n"
    assert raise_all(text, "1.10") == text.replace("1.9.2", '"1.10"')


def test_a_commit_and_the_tag_in_its_comment() -> None:
    text = f"repos:\n  - repo: https://h.test/a\n    rev: {COMMIT}  # frozen: v1.2\n    hooks: [{{id: a}}]\n"
    assert raise_all(text, OTHER, "v1.3") == text.replace(COMMIT, OTHER).replace("v1.2", "v1.3")


def test_where_they_stand() -> None:
    text = local("ruff==0.1.0", more="        language_version: python3.12\n")
    (pin,) = read(read_config(text.encode())).pins
    assert pin == Pin("pypi", "ruff", "0.1.0", text.index("0.1.0"), text.index("0.1.0") + 5, 10, "mine", 1,
                      python="python3.12")  # fmt: skip


def test_a_tool_is_tried_with_all_that_its_hook_has() -> None:
    """Also where only one of them was asked for: ESLint reads a configuration that needs the others."""
    config = read_config(local("eslint@10.0.0", "globals@17.0.0", language="node").encode())
    found = read(config).pins
    tried, others = bumps(config, found, [Move(found[0], "10.1.0")])
    assert [(one.tool, one.old, one.new) for one in tried] == [
        ("eslint", ("eslint@10.0.0", "globals@17.0.0"), ("eslint@10.1.0", "globals@17.0.0"))
    ]
    assert others == []
    assert bumps(config, found, []) == ([], [])
