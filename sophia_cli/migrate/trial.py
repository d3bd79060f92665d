"""The project's own command before and after a batch, and whether things got worse in between."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.migrate import journal
from sophia_cli.migrate.limits import TRIAL
from sophia_cli.migrate.lock import locked
from sophia_cli.process import TimedOut, record

LOG = "verify.log"
_TAIL = 12
_LARGEST = 1024 * 1024
_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
# What only a shell knows; a program would be given it as an argument.
_SHELL = re.compile(r"&&|\|\||;(?=\s|$)|^!(?=\s)|(?:(?<=\s)|^)(?:[|&](?=\s|$)|\d?(?:>>?|<))")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PYTEST = re.compile(
    r"^=*\s*(?P<counts>\d+ [a-z ]+(?:, \d+ [a-z ]+)*) in [\d.]+s\b.*$", re.MULTILINE
)
_COUNT = re.compile(r"(\d+) (?:[a-z]+ )?(?:failed|errors?)\b")
_PYTEST_FAILED = re.compile(  # in the brackets of a parameter there may be a dash too
    r"^(?:FAILED|ERROR) ((?:(?! - )[^\[\n])+\[.*?\](?= - |$)|\S.*?)(?: - .*)?$", re.MULTILINE
)
_CUT_SHORT = re.compile(r"^!+ .*(?:stopping after|Interrupted|KeyboardInterrupt)", re.MULTILINE)
_UNITTEST = re.compile(r"^Ran (?P<ran>\d+) tests? in [\d.]+s$", re.MULTILINE)
_UNITTEST_FAILED = re.compile(r"^(?:FAIL|ERROR): (\S+ \([\w.]+\).*)$", re.MULTILINE)
_UNITTEST_END = re.compile(r"^FAILED \((?P<counts>[^)]*)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Trial:
    """The command that says whether the project is well; `timeout` is in seconds."""

    command: tuple[str, ...]
    timeout: float = TRIAL

    @property
    def line(self) -> str:
        return shlex.join(self.command)


@dataclass(frozen=True)
class Outcome:
    """How the command ended.

    `code` is None when its time was up. `words` say it in short; `failed` are the tests that
    failed, None where the output does not name all of them; `tail` are its last lines.
    """

    code: int | None
    words: str
    failed: tuple[str, ...] | None = None
    tail: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.code == 0

    def data(self) -> dict[str, Any]:
        """The same for the journal and --json."""
        failed = None if self.failed is None else list(self.failed)
        return {"code": self.code, "words": self.words, "failed": failed}


def read_trial(text: str, timeout: float = TRIAL) -> Trial:
    """Take a command line apart; no shell is involved. Raises UsageError."""
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--verify {text!r}: {error}", 'such as --verify "pytest -q"') from error
    if not command:
        raise UsageError("--verify names no command", 'such as --verify "pytest -q"')
    if found := _SHELL.search(_QUOTED.sub("_", text.strip())):
        line = f"--verify {shlex.quote(f'sh -c {_in_quotes(text)}')}"
        raise UsageError(f"--verify has no shell, and {found[0]} is a word of one", line)
    if timeout <= 0:
        raise UsageError("--verify-timeout must be more than 0 seconds", "such as 600")
    return Trial(command, timeout)


def _in_quotes(text: str) -> str:
    """The text as one word of a shell, in the quotes that are easier to put in others."""
    return f'"{text}"' if not re.search(r'["$`\\\\]', text) else shlex.quote(text)


def attempt(root: Path, trial: Trial, log: Path) -> Outcome:
    """Run the command in the project while no other migration may write there.

    Raises SophiaError where it cannot be run, KeyboardInterrupt with all it started ended.
    """
    with locked(journal.prepare(root)):
        try:
            code = record(trial.command, log, cwd=root, timeout=trial.timeout)
        except TimedOut:
            words = f"did not end within {trial.timeout:.0f} s"
            return Outcome(None, words, tail=_last(_read(log)))
    text = _read(log)
    return Outcome(code, _words(text, code), _failed(text, code), _last(text))


def refuse_unclear(before: Outcome) -> None:
    """Raises SophiaError where nothing can be told from a second run of the command."""
    if before.good or before.failed:
        return
    lines = [f"  {line}" for line in before.tail]
    mend = "\n".join([*lines, "make it pass, or name a command whose failing tests can be read"])
    words = (
        f"the command fails already ({before.words}) and cannot be compared; nothing was changed"
    )
    raise SophiaError(words, mend)


def worse(before: Outcome, after: Outcome) -> str:
    """Why the second outcome is worse than the first; "" when it is not."""
    if after.good:
        return ""
    if before.good or after.code is None:
        return after.words
    if after.failed is None:
        return f"{after.words}, and can no longer be compared"
    fresh = sorted((Counter(after.failed) - Counter(before.failed or ())).elements())
    more = f" and {len(fresh) - 1} more" if len(fresh) > 1 else ""
    return f"fails now: {fresh[0]}{more}" if fresh else ""


def _read(log: Path) -> str:
    """The end of what the command said, without colours."""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _LARGEST, 0))
        text = file.read().decode("utf-8", "replace")
    return _COLOURS.sub("", text).replace("\r\n", "\n")


def _last(text: str) -> tuple[str, ...]:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return tuple(lines[-_TAIL:])


def _words(text: str, code: int) -> str:
    """`141 passed, 1 failed`, or how it ended where it is no test runner's summary."""
    if found := list(_PYTEST.finditer(text)):
        counts = found[-1]["counts"].split(", ")
        return ", ".join(sorted(counts, key=lambda part: "passed" not in part))
    if ran := list(_UNITTEST.finditer(text)):
        failing = sum(_counts(_UNITTEST_END, text))
        return f"{ran[-1]['ran']} ran" + (f", {failing} failed" if failing else "")
    return f"exit code {code}" if code >= 0 else f"ended by signal {-code}"


def _failed(text: str, code: int) -> tuple[str, ...] | None:
    """The tests that failed; None where some are not named, or not all were run."""
    if code == 0:
        return ()
    if _CUT_SHORT.search(text):
        return None
    if found := list(_PYTEST.finditer(text)):
        counted = sum(int(count) for count in _COUNT.findall(found[-1]["counts"]))
        names = [match[1] for match in _PYTEST_FAILED.finditer(text)]
    else:
        counted = sum(_counts(_UNITTEST_END, text))
        names = [match[1] for match in _UNITTEST_FAILED.finditer(text)]
    return tuple(sorted(names)) if counted and counted == len(names) else None


def _counts(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    """`failures=1, errors=2` of the last summary."""
    found = list(pattern.finditer(text))
    counts = re.findall(r"(?:failures|errors)=(\d+)", found[-1]["counts"]) if found else []
    yield from map(int, counts)
