"""`sophia` alone, its help, and what it says to a command that does not exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shell import sophia, surroundings

from sophia_cli import __version__
from sophia_cli.commands.front import COMMANDS

FRONT = f"""\
sophia {__version__}   one service for your LLM calls, quality gates for the rest

  sophia llm ask "..."      one call through the service, with what it cost
  sophia migrate            find every LLM call here and show what would change
  sophia migrate --apply    change it; sophia migrate rollback undoes it
  sophia hooks install      Ruff, Black, Bandit and ESLint before every commit
  sophia infra up           SonarQube, Prometheus and Grafana for this project
  sophia dashboards import  LLM cost, latency and errors in Grafana
  sophia usage              what was called, what it cost, what to change
  sophia llm sim            simulated providers on this machine, for tests

"""


def test_an_empty_folder(tmp_path: Path) -> None:
    said = sophia(cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out == FRONT + (
        "Here: no git repository, no LLM SDK named, no hooks, no key configured.\n"
        'Start with:  sophia llm ask "hello"\n'
    )


def test_half_a_key(tmp_path: Path) -> None:
    said = sophia(cwd=tmp_path, SNOWFLAKE_ACCOUNT="o-a")
    assert said.out == FRONT + (
        "Here: no git repository, no LLM SDK named, no hooks, half a key.\n"
        "  cortex: SNOWFLAKE_PAT is not set\n"
        'Start with:  sophia llm ask "hello"\n'
    )


def test_a_project(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["openai>=2"]\n')
    (tmp_path / "requirements.txt").write_text("anthropic==1.0\nopenai-helper\n")
    (tmp_path / ".pre-commit-config.yaml").write_text("repos: []\n")
    (tmp_path / "package.json").write_text("{}")
    said = sophia(cwd=tmp_path, OPENROUTER_API_KEY="sk-or-0123456789ab")
    assert said.out == FRONT + (
        "Here: git repository, Python, JavaScript, 2 LLM SDKs named, pre-commit hooks\n"
        "      configured, openrouter configured.\nStart with:  sophia migrate\n"
    )


def test_as_data(tmp_path: Path) -> None:
    data = sophia("--json", cwd=tmp_path).json["data"]
    assert data["version"] == __version__
    assert [entry["command"] for entry in data["commands"]] == [command for command, _ in COMMANDS]
    assert data["here"]["repository"] is False


@pytest.mark.parametrize("command", [command for command, _ in COMMANDS])
def test_every_command_of_the_front_door_exists(tmp_path: Path, command: str) -> None:
    words = [word for word in command.split()[1:] if not word.startswith(('"', "-"))]
    said = sophia(*words, "--help", cwd=tmp_path)
    assert said.code == 0 and said.out.startswith("Usage: sophia ")
    assert "Example: " in said.out


WRONG = [
    (("magic",), "sophia: No such command 'magic'.\n        sophia --help\n"),
    (("llm", "magic"), "sophia: No such command 'magic'.\n        sophia llm --help\n"),
    (("llm", "ask", "--magic"), "sophia: No such option: --magic\n        sophia llm ask --help\n"),
    (("migrate", "--class", "all"), "sophia: Invalid value for '--class': "),
    (("migrate", "--root", "nowhere"), "sophia: "),
]


@pytest.mark.parametrize(("words", "error"), WRONG)
def test_a_mistake_is_usage(tmp_path: Path, words: tuple[str, ...], error: str) -> None:
    said = sophia(*words, cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(error) and "Traceback" not in said.err


def test_a_group_alone_shows_its_help(tmp_path: Path) -> None:
    said = sophia("llm", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: sophia llm [OPTIONS] COMMAND [ARGS]...\n\n")
    assert re.search(r"(?m)^  ask +Ask one question", said.err)


def test_the_version_imports_nothing_of_ours_or_others(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "sophia_cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
        cwd=tmp_path,
    )
    assert done.stdout == f"sophia {__version__}\n"
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {name for name in names if name.startswith("sophia_cli")} == {"sophia_cli"}
    assert not names & {"typer", "rich", "httpx", "json", "pathlib", "dataclasses", "sqlite3"}


def test_a_bug_is_a_line_and_a_log(tmp_path: Path) -> None:
    """A module of Typer's own that is broken stands for a bug that nobody foresaw."""
    (tmp_path / "typer").mkdir()
    (tmp_path / "typer/__init__.py").write_text("raise ValueError('broken')\n")
    env = surroundings(PYTHONPATH=str(tmp_path), TMPDIR=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "sophia_cli", "migrate"],
        capture_output=True, text=True, env=env, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert done.returncode == 3
    found = re.fullmatch(
        r"sophia: bug: ValueError: broken\n        the traceback is in (\S+)\n", done.stderr
    )
    assert found is not None
    log = Path(found[1])
    assert log.stat().st_mode & 0o777 == 0o600
    assert "ValueError: broken" in log.read_text()


def test_a_file_that_is_missing_is_not_the_working_directory(tmp_path: Path) -> None:
    """A system call that fails without naming a file, while the folder is there, is a bug like any other."""
    (tmp_path / "typer.py").write_text("raise FileNotFoundError(2, 'No such file or directory')\n")
    said = sophia("migrate", cwd=tmp_path, PYTHONPATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert said.code == 3
    assert said.err.startswith("sophia: bug: FileNotFoundError: [Errno 2] No such file")


def test_without_the_command_line_s_packages_one_line_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')\n"
    )
    said = sophia("migrate", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        'sophia: the command line is not installed\n        pip install "sophia-cli[cli]"\n'
    )


def in_bash(command: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=cwd, env=surroundings(**environ), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


SHORT = ["", "--version", "--help", "--json", "llm ask hello --json", "migrate", "migrate status"]


@pytest.mark.parametrize("words", SHORT)
def test_a_reader_that_is_gone_is_no_error(tmp_path: Path, words: str) -> None:
    command = f"{sys.executable} -m sophia_cli {words} | true; echo ${{PIPESTATUS[0]}}"
    done = in_bash(command, tmp_path)
    assert done.stdout == "0\n"
    assert "Error" not in done.stderr and "Exception" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    "words", ["", "--version", "llm ask hello", "llm ask hello --json", "migrate --json"]
)
def test_a_full_disk_is_one_line(tmp_path: Path, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sophia_cli", *words.split()],
            cwd=tmp_path, env=surroundings(), stdout=full, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    # Also where an envelope was asked for: it would not get there either.
    assert done.stderr.endswith(
        "sophia: the output cannot be written: No space left on device\n"
        "        free some space\n"
    )


@pytest.mark.parametrize("words", ["", "--version", "migrate scan"])
def test_closed_streams_are_no_error(tmp_path: Path, words: str) -> None:
    command = f'"{sys.executable}" -m sophia_cli {words} >&- 2>&-; echo $?'
    assert in_bash(command, tmp_path).stdout == "0\n"


@pytest.mark.parametrize("words", ["", "llm ask hello", "migrate"])
def test_a_working_directory_that_is_gone_is_one_line(tmp_path: Path, words: str) -> None:
    command = f'mkdir gone; cd gone; rmdir ../gone; "{sys.executable}" -m sophia_cli {words}'
    safe = {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONSAFEPATH": "1"}
    done = in_bash(command, tmp_path, **safe)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sophia: the working directory is gone\n        cd to a folder that exists\n"
    )


ENVELOPES = [
    (("migrate", "--root", "nowhere", "--json"), "migrate"),
    (("migrate", "show", "all", "--json"), "migrate show"),
    (("--root", "nowhere", "--json"), "sophia"),
    (("llm", "ask", "hi", "--root", "nowhere", "--json"), "llm ask"),
]


@pytest.mark.parametrize(("words", "command"), ENVELOPES)
def test_an_error_s_envelope_names_the_command(
    tmp_path: Path, words: tuple[str, ...], command: str
) -> None:
    said = sophia(*words, cwd=tmp_path)
    assert said.code in (1, 2)
    assert (said.json["command"], said.json["ok"]) == (command, False)
