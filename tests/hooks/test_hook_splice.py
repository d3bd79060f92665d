"""Changes of a configuration: what they must leave alone first, then what they add."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from configs import BROKEN, CONFIGS, PLAIN, TOUCHED
from pre_commit.clientlib import load_config
from pre_commit.yaml import yaml_load

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.splice import Change, joined, own_places, package_of, spliced

HOOK = {
    "id": "sophia-gate",
    "name": "ruff, black",
    "language": "python",
    "additional_dependencies": ["sophia-cli==0.1.0", "bandit[toml]==1.9.4"],
    "entry": "sophia-gate",
    "exclude": r"^a\.b/|(^|/)c-d/",
}
ADDED = {"repo": "local", "hooks": [HOOK]}


def changed(text: str, change: Change) -> str:
    return spliced(read_config(text.encode()), change)


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_does_not_parse_is_left_alone(text: str) -> None:
    with pytest.raises(SophiaError) as caught:
        read_config(text.encode())
    assert caught.value.message.startswith(".pre-commit-config.yaml cannot be read and is left")
    assert caught.value.mend == "mend .pre-commit-config.yaml"


def test_what_is_not_utf_8_is_left_alone() -> None:
    with pytest.raises(SophiaError, match="it is not UTF-8"):
        read_config("# ü\nrepos: []\n".encode("latin-1"))


@pytest.mark.parametrize("name", CONFIGS)
def test_no_change_changes_nothing(name: str) -> None:
    assert changed(CONFIGS[name], Change()) == CONFIGS[name]


@pytest.mark.parametrize("name", CONFIGS)
def test_lines_stay_and_what_is_added_is_read(name: str, tmp_path: Path) -> None:
    before = CONFIGS[name]
    after = changed(before, Change(add=(ADDED,)))
    old, new = yaml_load(before), yaml_load(after)
    assert new == {**old, "repos": [*(old["repos"] or []), ADDED]}
    # Every line in its order, byte for byte; a last line without an end gets one.
    end = "\r\n" if "\r\n" in before else "\n"
    whole = before if before.endswith("\n") else before + end
    pairs = difflib.ndiff(whole.splitlines(True), after.splitlines(True))
    lost = [line for line in pairs if line.startswith("- ")]
    assert len(lost) == (name in TOUCHED), lost
    assert ("\r\n" in after) == ("\r\n" in before)
    assert after.count("\n") == after.count(end)
    path = tmp_path / "config.yaml"
    path.write_text(after.removeprefix("\ufeff"), newline="")
    assert load_config(str(path))["repos"][-1]["hooks"][0]["id"] == "sophia-gate"


ONE_WAY = ("all in brackets", "json", "nothing at all")


@pytest.mark.parametrize("name", [name for name in CONFIGS if name not in ONE_WAY])
def test_taken_out_again_the_bytes_are_those_before(name: str) -> None:
    before = CONFIGS[name]
    config = read_config(changed(before, Change(add=(ADDED,))).encode())
    after = spliced(config, Change(remove=own_places(config)))
    whole = before.endswith("\n") or name == "plain"
    assert after == before if whole else after.rstrip("\r\n") == before


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("", "repos:\n  - repo: local\n"),
        ("# mine\n", "# mine\nrepos:\n  - repo: local\n"),
        ("---\n", "---\nrepos:\n  - repo: local\n"),
        ("fail_fast: true", "fail_fast: true\nrepos:\n  - repo: local\n"),
        ("fail_fast: true\n...\n", "fail_fast: true\nrepos:\n  - repo: local\n"),
    ],
)
def test_a_file_without_repos(text: str, added: str) -> None:
    after = changed(text, Change(add=(ADDED,)))
    assert after.startswith(added)
    assert yaml_load(after)["repos"] == [ADDED]


@pytest.mark.parametrize("text", ["{fail_fast: true}\n", "{}\n", "repos: [\n]\n", "{repos: []}\n"])
def test_brackets_that_would_have_to_be_rewritten(text: str) -> None:
    with pytest.raises(SophiaError, match="is left alone: it"):
        changed(text, Change(add=(ADDED,)))


def test_how_an_entry_is_written() -> None:
    after = changed(
        PLAIN, Change(add=({"repo": "local", "hooks": [{**HOOK, "args": ["-x"] * 25}]},))
    )
    assert after.removeprefix(PLAIN) == (
        "  - repo: local\n"
        "    hooks:\n"
        "      - id: sophia-gate\n"
        '        name: "ruff, black"\n'
        "        language: python\n"
        '        additional_dependencies: [sophia-cli==0.1.0, "bandit[toml]==1.9.4"]\n'
        "        entry: sophia-gate\n"
        "        exclude: ^a\\.b/|(^|/)c-d/\n"
        "        args:\n" + '          - "-x"\n' * 25
    )


BETWEEN = """\
repos:
  - repo: local
    hooks:
      - id: one
        name: one
        entry: one
        language: system
      # about two
      - id: two
        name: two
        entry: two
        language: system
        # deeper, so it goes with it
      - id: three
        name: three
        entry: three
        language: system

  - repo: local
    hooks:
      - id: four
        name: four
        entry: four
        language: system
ci: {}
"""


def test_a_hook_goes_with_its_lines_and_no_other() -> None:
    after = changed(BETWEEN, Change(remove=((0, 1),)))
    gone = BETWEEN.index("      - id: two"), BETWEEN.index("      - id: three")
    assert after == BETWEEN[: gone[0]] + BETWEEN[gone[1] :]


def test_a_repository_goes_with_its_last_hook() -> None:
    after = changed(BETWEEN, Change(remove=((0, 0), (0, 1), (0, 2))))
    assert (
        after
        == "repos:\n" + BETWEEN[BETWEEN.index("\n  - repo: local\n    hooks:\n      - id: four") :]
    )
    assert changed(after, Change(remove=((0, 0),))) == "repos: []\n\nci: {}\n"


def test_a_hook_is_replaced_where_it_stands() -> None:
    after = changed(BETWEEN, Change(replace=(((1, 0), {"id": "five", "name": "x"}),)))
    assert after == BETWEEN.replace(
        "      - id: four\n        name: four\n        entry: four\n        language: system\n",
        "      - id: five\n        name: x\n",
    )


@pytest.mark.parametrize("name", ["all in brackets", "json"])
def test_a_hook_in_brackets_is_not_taken_out(name: str) -> None:
    with pytest.raises(SophiaError, match="written in brackets"):
        changed(CONFIGS[name], Change(remove=((0, 0),)))


@pytest.mark.parametrize(
    ("word", "package"),
    [
        ("ruff", "ruff"),
        ("Ruff==0.1", "ruff"),
        ("bandit[toml]>=1.7,<2", "bandit"),
        ("eslint@10.15.0", "eslint"),
        ("@eslint/js@^10", "@eslint/js"),
        ("@eslint/js", "@eslint/js"),
        ("--node=@eslint/js@10.0.1", "--node=@eslint/js"),
        ("--tool=ruff", "--tool=ruff"),
        ("--quiet", "--quiet"),
    ],
)
def test_the_package_of_a_word(word: str, package: str) -> None:
    assert package_of(word) == package


def test_a_version_that_is_there_stays() -> None:
    assert joined(["ruff==0.1", "mine"], ["ruff==0.17.6", "black==1"]) == [
        "ruff==0.1",
        "mine",
        "black==1",
    ]
