"""What a project's command says, as real runners say it, and when that is worse than before."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from trees import plant

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.migrate.trial import Outcome, Trial, attempt, read_trial, refuse_unclear, worse

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
UNITTEST = (sys.executable, "-m", "unittest")
GOOD = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n"
ONE_BAD = "def test_a():\n    pass\n\n\ndef test_b():\n    assert False, 'a - b'\n"
CASES = """\
import unittest

class T(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.fail("no")
    def test_worse(self): raise OSError
"""
ODD = """\
import pytest

@pytest.mark.parametrize("word", ["a - b", "a - c", "ok"])
def test_odd(word):
    assert word == "ok"

@pytest.fixture
def broken():
    raise OSError("x")

def test_error(broken): pass

@pytest.mark.xfail
def test_known(): assert False
"""


def tried(root: Path, *command: str, timeout: float = 60.0) -> Outcome:
    return attempt(root, Trial(command, timeout), root / "verify.log")


def says(words: str, code: int | None = 1, *failed: str, unclear: bool = False) -> Outcome:
    return Outcome(code, words, None if unclear else failed)


def same(outcome: Outcome) -> Outcome:
    return Outcome(outcome.code, outcome.words, outcome.failed)


def test_a_pytest_that_passes(tmp_path: Path) -> None:
    plant(tmp_path, {"test_it.py": GOOD})
    assert same(tried(tmp_path, *PYTEST)) == says("2 passed", 0)


@pytest.mark.parametrize("more", [(), ("-v",), ("--color=yes",), ("--tb=no",)])
def test_a_pytest_that_fails(tmp_path: Path, more: tuple[str, ...]) -> None:
    plant(tmp_path, {"test_it.py": ONE_BAD})
    outcome = tried(tmp_path, *PYTEST, *more)
    assert same(outcome) == says("1 passed, 1 failed", 1, "test_it.py::test_b")


def test_names_with_spaces_and_errors_of_fixtures(tmp_path: Path) -> None:
    plant(tmp_path, {"test_it.py": ODD})
    outcome = tried(tmp_path, *PYTEST)
    assert outcome.words == "1 passed, 2 failed, 1 xfailed, 1 error"
    assert outcome.failed == (
        "test_it.py::test_error",
        "test_it.py::test_odd[a - b]",
        "test_it.py::test_odd[a - c]",
    )


UNCLEAR: list[tuple[dict[str, str], tuple[str, ...], int, str]] = [
    ({"test_it.py": "import nothing_of_that_name\n"}, PYTEST, 2, "1 error"),
    ({"test_it.py": ONE_BAD}, (*PYTEST, "-x"), 1, "1 passed, 1 failed"),
    ({"test_it.py": ONE_BAD}, (*PYTEST, "--no-summary"), 1, "1 passed, 1 failed"),
    ({}, PYTEST, 5, "exit code 5"),
    ({"test_it.py": GOOD}, (*PYTEST, "--nonsense"), 4, "exit code 4"),
    ({}, (sys.executable, "-c", "raise SystemExit(7)"), 7, "exit code 7"),
    ({}, (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), -9, "ended by signal 9"),
]


@pytest.mark.parametrize(("files", "command", "code", "words"), UNCLEAR)
def test_what_does_not_name_the_tests_that_fail_is_not_compared(
    tmp_path: Path, files: dict[str, str], command: tuple[str, ...], code: int, words: str
) -> None:
    outcome = tried(plant(tmp_path, files), *command)
    assert same(outcome) == says(words, code, unclear=True)
    with pytest.raises(SophiaError) as caught:
        refuse_unclear(outcome)
    assert caught.value.message == (
        f"the command fails already ({words}) and cannot be compared; nothing was changed"
    )


def test_a_unittest(tmp_path: Path) -> None:
    plant(tmp_path, {"test_it.py": CASES})
    outcome = tried(tmp_path, *UNITTEST)
    assert outcome.words == "3 ran, 2 failed"
    assert outcome.failed is not None
    assert [name.split()[0] for name in outcome.failed] == ["test_bad", "test_worse"]
    plant(tmp_path, {"test_it.py": CASES.replace('self.fail("no")', "pass").replace("raise", "#")
                     .replace("# OSError", "pass")})  # fmt: skip
    assert same(tried(tmp_path, *UNITTEST)) == says("3 ran", 0)


def test_one_that_hangs(tmp_path: Path) -> None:
    code = "import time; print('so far', flush=True); time.sleep(600)"
    outcome = tried(tmp_path, sys.executable, "-c", code, timeout=1.0)
    assert same(outcome) == says("did not end within 1 s", None, unclear=True)
    assert outcome.tail == ("so far",)


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SophiaError, match="no-such-program is not installed"):
        tried(tmp_path, "no-such-program")


A, B, C = "t.py::a", "t.py::b", "t.py::c"
JUDGED: list[tuple[Outcome, Outcome, str]] = [
    (says("2 passed", 0), says("2 passed", 0), ""),
    (says("1 failed", 1, A), says("2 passed", 0), ""),
    (says("1 failed", 1, A), says("1 failed", 1, A), ""),
    (says("2 failed", 1, A, B), says("1 failed", 1, B), ""),
    (says("2 passed", 0), says("1 failed", 1, A), "1 failed"),
    (says("2 passed", 0), says("exit code 2", 2, unclear=True), "exit code 2"),
    (says("2 passed", 0), says("did not end within 9 s", None, unclear=True),
     "did not end within 9 s"),
    (says("1 failed", 1, A), says("1 failed", 1, B), f"fails now: {B}"),
    (says("1 failed", 1, A), says("3 failed", 1, A, B, C), f"fails now: {B} and 1 more"),
    (says("1 failed", 1, A), says("2 failed", 1, A, A), f"fails now: {A}"),
    (says("1 failed", 1, A), says("1 error", 2, unclear=True),
     "1 error, and can no longer be compared"),
    (says("1 failed", 1, A), says("did not end within 9 s", None, unclear=True),
     "did not end within 9 s"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "reason"), JUDGED)
def test_worse(before: Outcome, after: Outcome, reason: str) -> None:
    refuse_unclear(before)
    assert worse(before, after) == reason


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("pytest -q", ("pytest", "-q")),
        ("sh -c 'a && b'", ("sh", "-c", "a && b")),
        ('"a b/py" -m x', ("a b/py", "-m", "x")),
        ("pytest -k 'a; b > c'", ("pytest", "-k", "a; b > c")),
        (
            r"find . ! -name x -exec ls {} \;",
            ("find", ".", "!", "-name", "x", "-exec", "ls", "{}", ";"),
        ),
        ("pytest 't.py::t[a;b|c]' a=>b", ("pytest", "t.py::t[a;b|c]", "a=>b")),
    ],
)
def test_a_command_line_is_taken_apart(text: str, command: tuple[str, ...]) -> None:
    assert read_trial(text).command == command


@pytest.mark.parametrize(("text", "timeout"), [("", 1.0), ("'x", 1.0), ("x", 0.0), ("x", -1.0)])
def test_a_command_line_that_is_none(text: str, timeout: float) -> None:
    with pytest.raises(UsageError):
        read_trial(text, timeout)


@pytest.mark.parametrize(
    ("text", "word", "line"),
    [
        ("echo x; exit 1", ";", "'sh -c \"echo x; exit 1\"'"),
        ("echo x ; exit 1", ";", "'sh -c \"echo x ; exit 1\"'"),
        ("a && b", "&&", "'sh -c \"a && b\"'"),
        ("a&&b", "&&", "'sh -c \"a&&b\"'"),
        ("a || b", "||", "'sh -c \"a || b\"'"),
        ("a | b", "|", "'sh -c \"a | b\"'"),
        ("a >b", ">", "'sh -c \"a >b\"'"),
        ("a 2>&1", "2>", "'sh -c \"a 2>&1\"'"),
        ("a < b", "<", "'sh -c \"a < b\"'"),
        ("! a", "!", "'sh -c \"! a\"'"),
        ("a &", "&", "'sh -c \"a &\"'"),
    ],
)
def test_a_word_of_a_shell_is_no_argument(text: str, word: str, line: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_trial(text)
    words = f"--verify has no shell, and {word} is a word of one"
    assert (str(caught.value), caught.value.mend) == (words, f"--verify {line}")
    (meant,) = shlex.split(line)
    assert read_trial(meant).command == ("sh", "-c", text)
