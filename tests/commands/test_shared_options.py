"""Options that every command shares: they hold wherever they stand, or are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import sophia
from typer.main import get_command

from sophia_cli.commands.app import app, words_of
from sophia_cli.commands.options import Command, Group

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two projects, each with one call."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.py").write_text(CALL)
    return tmp_path / "a", tmp_path / "b"


def edited(*roots: Path) -> list[str]:
    return [root.name for root in roots if (root / "main.py").read_text() != CALL]


ALREADY_RIGHT = ["migrate --apply --root ../b", "migrate --root=../b --apply"]
BEFORE = ["--root ../b migrate --apply", "--root ../a migrate --root ../b --apply"]


@pytest.mark.parametrize("words", ALREADY_RIGHT + BEFORE)
def test_the_root_that_is_named_is_the_one_that_changes(
    trees: tuple[Path, Path], words: str
) -> None:
    here, there = trees
    assert sophia(*words.split(), cwd=here).code == 0
    assert edited(here, there) == ["b"]


ROLLBACKS = [
    "migrate rollback --root ../b",
    "migrate --root ../b rollback",
    "--root ../b migrate rollback",
    "--root ../a migrate --root ../b rollback",
    "--root ../a migrate rollback --root ../b",
]


@pytest.mark.parametrize("words", ROLLBACKS)
def test_a_rollback_is_of_the_root_that_is_named_nearest_to_it(
    trees: tuple[Path, Path], words: str
) -> None:
    here, there = trees
    for root in trees:
        assert sophia("migrate", "--apply", cwd=root).code == 0
    assert sophia(*words.split(), cwd=here).code == 0
    assert edited(here, there) == ["a"]


@pytest.mark.parametrize("words", ["--root /nope migrate", "migrate --root /nope status"])
def test_a_root_that_is_not_there_is_said(tmp_path: Path, words: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err == "sophia: /nope is not a folder\n        name one with --root\n"


DATA = [
    ("--json migrate status", "migrate status"),
    ("migrate --json status", "migrate status"),
    ("migrate status --json", "migrate status"),
    ("--json migrate", "migrate"),
    ("--json llm ask hello", "llm ask"),
    ("llm --json ask hello", "llm ask"),
]


@pytest.mark.parametrize(("words", "command"), DATA)
def test_json_before_a_command_is_json(tmp_path: Path, words: str, command: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, said.json["command"], said.json["ok"]) == (0, command, True)


@pytest.mark.parametrize("words", ["--json migrate show all", "migrate --json show all"])
def test_the_envelope_of_an_error_names_the_command(tmp_path: Path, words: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, said.json["command"], said.json["ok"]) == (2, "migrate show", False)


@pytest.mark.parametrize("words", ["-q llm ask hello", "llm --quiet ask hello", "llm ask hello -q"])
def test_quiet_before_a_command_is_quiet(tmp_path: Path, words: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, said.err) == (0, "")


def test_quiet_and_plain_hold_for_a_command_without_notes_and_colour(tmp_path: Path) -> None:
    said = sophia("--quiet", "--no-color", "migrate", "status", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")


def test_what_was_left_out_before_a_command_is_left_out(trees: tuple[Path, Path]) -> None:
    words = ["migrate", "--exclude", "main.py", "show", "safe"]
    assert sophia(*words, cwd=trees[0]).out.startswith("0 sites of class safe\n")


AT_THE_END = [
    "llm ask hello --no-color",
    "llm ask hello --quiet --root . --no-color --json",
    "llm keys list -q",
    "llm keys list --root . --json --no-color --quiet",
    "llm keys -q --json --root . --no-color list",
    "llm cache status --no-color -q",
    "llm cache --json status",
    "llm prices gpt-5.2 -q --no-color",
    "llm budgets --no-color",
    "migrate status --quiet",
]


@pytest.mark.parametrize("words", AT_THE_END)
def test_every_command_takes_them_whether_or_not_it_declares_them(
    tmp_path: Path, words: str
) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, "--json" not in words or said.json["ok"]) == (0, True), said.err


@pytest.mark.parametrize("words", ["--root . llm sim --fault x", "llm sim --fault x --root . -q"])
def test_a_command_that_looks_at_no_folder_goes_on(tmp_path: Path, words: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert said.err.startswith("sophia: 'x' is not a fault")


@pytest.mark.parametrize("words", ["llm keys --root app list", "llm keys list --root app"])
def test_a_group_hands_the_root_on(tmp_path: Path, words: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "sophia.toml").write_text("[nonsense]\n")
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, f"{tmp_path}/app/sophia.toml" in said.err) == (1, True)


def test_every_command_can_say_its_result_as_data() -> None:
    leaves = [command for command in tree(get_command(app)) if not hasattr(command, "commands")]
    without = [one.name for one in leaves if "as_json" not in {param.name for param in one.params}]
    assert without == []


REFUSED = [
    ("migrate --apply status", "migrate status takes no --apply", "sophia migrate status --help"),
    ("migrate --patch show safe", "migrate show takes no --patch", "sophia migrate show --help"),
    ("migrate --class review resume", "migrate resume takes no --class", "sophia migrate resume --help"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "problem", "mend"), REFUSED)
def test_what_cannot_hold_is_refused(
    trees: tuple[Path, Path], words: str, problem: str, mend: str
) -> None:
    said = sophia(*words.split(), cwd=trees[0])
    assert (said.code, said.out) == (2, "")
    assert said.err == f"sophia: {problem}\n        {mend}\n"


@pytest.mark.parametrize("words", ["--version", "-V", "--version --json", "--version migrate"])
def test_the_version(tmp_path: Path, words: str) -> None:
    said = sophia(*words.split(), cwd=tmp_path)
    assert (said.code, said.err) == (0, "") and said.out.startswith("sophia 0.")


def tree(command: Any) -> Iterator[Any]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from tree(below)


def test_every_command_is_one_for_which_options_before_it_hold() -> None:
    """A group made with plain Typer would drop them: make it with `App`."""
    everything = list(tree(get_command(app)))
    assert len(everything) > 5
    assert [c.name for c in everything if not isinstance(c, Command | Group)] == []


WORDS = [
    ("", []),
    ("--json", []),
    ("llm ask migrate", ["llm", "ask"]),
    ("--root migrate llm --json ask", ["llm", "ask"]),
    ("--root=x migrate --exclude show status", ["migrate", "status"]),
    ("magic ask", []),
    ("migrate -- show", ["migrate"]),
]


@pytest.mark.parametrize(("arguments", "words"), WORDS)
def test_the_words_of_a_command(arguments: str, words: list[str]) -> None:
    assert words_of(arguments.split()) == words


UNASKED = ("commands.infra", "commands.llm", "commands.migrate.check", "migrate.write")


def test_a_command_imports_itself_alone(tmp_path: Path) -> None:
    """Whoever asks for one should not wait for all."""
    code = (
        "import sys; from sophia_cli.commands import call; call(sys.argv[1:]);"
        "print(*(name for name in sys.modules if name.startswith('sophia_cli')), sep='\\n')"
    )
    command = [sys.executable, "-c", code, "migrate", "scan", "--root", str(tmp_path), "--files"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = set(done.stdout.split())
    assert "sophia_cli.commands.migrate.scan" in names
    assert names & {f"sophia_cli.{name}" for name in UNASKED} == set()
