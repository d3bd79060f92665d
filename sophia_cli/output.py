"""Everything that `sophia` shows: the only module that prints.

Results go to stdout, progress and notes to stderr. With `--json` stdout holds one envelope
`{"version", "command", "ok", "data", "error"}` and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

ENVELOPE_VERSION = 1
WIDTH = 80


@dataclass(frozen=True)
class Output:
    """Where and how one command shows its result."""

    as_json: bool = False
    quiet: bool = field(default_factory=lambda: Notes.quiet)
    color: bool = True

    def line(self, text: str = "") -> None:
        """One line of the result on stdout; nothing with --json."""
        if not self.as_json:
            _say(_printable(text, sys.stdout.encoding))

    def text(self, words: str, *, indent: int = 0, hang: int = 2) -> None:
        """Prose on as many lines as 80 columns make of it; nothing for no words.

        What is pasted stays in one piece: neither a long word nor what follows two spaces is broken.
        """
        for text in wrapped(words, indent=indent, hang=hang):
            self.line(text)

    def stream(self, text: str) -> None:
        """A piece of a result that grows: written as it is and flushed."""
        if not self.as_json:
            sys.stdout.write(_printable(text, sys.stdout.encoding))
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line on stderr for the person who waits; nothing with --quiet, nor for no words."""
        if text and not self.quiet:
            print(_printable(text, sys.stderr.encoding), file=sys.stderr, flush=True)

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[object]], *, indent: int = 2
    ) -> None:
        """Columns padded to their content, numbers to the right, cut to 80 columns."""
        for text in format_table(header, rows, indent=indent):
            self.line(text)

    def places(self, rows: Sequence[Sequence[object]], *, indent: int = 2) -> None:
        """Rows that begin with a path, which stays whole so that it can be copied.

        On a terminal what follows it is cut to 80 columns; elsewhere nothing is.
        """
        width = WIDTH if not self.as_json and sys.stdout.isatty() else None
        for text in format_places(rows, indent=indent, width=width):
            self.line(text)

    def envelope(self, command: str, data: object) -> None:
        """The result as data on stdout; nothing without --json."""
        if self.as_json:
            _print_envelope(command, data=data, error=None)

    @contextmanager
    def progress(
        self, label: str, total: int | None = None, *, after: float = 1.0
    ) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while the block runs, gone when it ends; yields `advance(steps)`.

        Shown on a terminal only, so that logs stay readable, and once `after` seconds have passed.
        """
        if self.quiet or self.as_json or not sys.stderr.isatty():
            yield lambda steps: None
            return
        began, done = time.monotonic(), 0
        bar: Progress | None = None

        def advance(steps: int) -> None:
            nonlocal bar, done
            done += steps
            if bar is None and time.monotonic() - began >= after:
                bar = self._bar(label, total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done)

        try:
            yield advance
        finally:
            if bar is not None:
                bar.stop()

    def _bar(self, label: str, total: int | None) -> Progress:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        bar = Progress(*columns, console=_console(sys.stderr, self.color), transient=True)
        bar.add_task(label, total=total)
        bar.start()
        return bar


class Notes(logging.Handler):
    """What the parts of `sophia_cli` log while a command runs: notes of that command, each shown once.

    `quiet` is what the command was told, for outputs that are made without being told.
    """

    quiet = False
    _installed: Notes | None = None

    def __init__(self, output: Output) -> None:
        super().__init__(logging.WARNING)
        self._output = output
        self._shown: set[str] = set()

    @classmethod
    def hear(cls, output: Output) -> None:
        """Show what is logged from now on through this output, until the process ends."""
        if cls._installed is None:
            cls._installed = cls(output)
            logging.getLogger("sophia_cli").addHandler(cls._installed)
        cls._installed._output = output
        cls.quiet = output.quiet

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text not in self._shown:
            self._shown.add(text)
            self._output.note(text)


def show_error(
    command: Sequence[str], message: str, mend: str, *, as_json: bool, call_id: str = ""
) -> None:
    """A known error: what is wrong, then the mend, on stderr; with --json the envelope on stdout.

    `call_id` names the call that it is about, for the envelope.
    """
    if as_json:
        error = {"message": message, "mend": mend}
        if call_id:
            error["call_id"] = call_id
        _print_envelope(" ".join(command) or "sophia", data=None, error=error)
        return
    print(_printable(f"sophia: {message}", sys.stderr.encoding), file=sys.stderr)
    for text in mend.splitlines():
        print(_printable(f"        {text}", sys.stderr.encoding), file=sys.stderr)


def wrapped(words: str, *, indent: int = 0, hang: int = 2, width: int = WIDTH) -> list[str]:
    """The lines of `Output.text`; `hang` is how much further in all but the first of them stand."""
    prose, gap, command = words.rpartition(":  ")
    first, rest = " " * indent, " " * (indent + hang)
    if not gap:
        return wrap(
            words, width, initial_indent=first, subsequent_indent=rest,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    lines = wrapped(f"{prose}:", indent=indent, hang=hang, width=width)
    joined = f"{lines[-1]}  {command}"
    return [*lines[:-1], joined] if len(joined) <= width else [*lines, f"{rest}{command}"]


def format_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, indent: int = 2, width: int = WIDTH
) -> list[str]:
    """Lay rows out in columns; the last column gives way when the line would pass `width`."""
    cells = [[_cell(value) for value in row] for row in rows]
    lines = [list(header), *cells] if any(header) else cells
    if not lines:
        return []
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    right = [
        all(_is_number(row[column]) for row in rows) and bool(rows) for column in range(len(widths))
    ]
    shown = []
    for line in lines:
        parts = [
            text.rjust(size) if to_right else text.ljust(size)
            for text, size, to_right in zip(line, widths, right, strict=True)
        ]
        text = " " * indent + "  ".join(parts).rstrip()
        shown.append(text if len(text) <= width else text[: width - 3] + "...")
    return shown


def format_places(
    rows: Sequence[Sequence[object]], *, indent: int = 2, width: int | None = WIDTH
) -> list[str]:
    """Lay rows out in columns; what follows a long path stands on a line of its own below it."""
    header = [""] * max((len(row) for row in rows), default=0)
    if width is None:
        return format_table(header, rows, indent=indent, width=sys.maxsize)
    long = [indent + len(str(row[0])) > width // 2 for row in rows]
    beside = [row for row, below in zip(rows, long, strict=True) if not below]
    lines = iter(format_table(header, beside, indent=indent, width=width))
    shown: list[str] = []
    for row, below in zip(rows, long, strict=True):
        if not below:
            shown.append(next(lines))
            continue
        shown.append(" " * indent + str(row[0]))
        shown += format_table(header[1:], [row[1:]], indent=indent + 4, width=width)
    return shown


def close_stdout() -> None:
    """The reader of a pipe went away: what is still to be said goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    """A line on stdout at once, since a reader may be waiting for it.

    One who went away changes nothing: the command goes on, and its exit code is what it would be.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        close_stdout()


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float)
        or str(value) in ("", "-", "unpriced")
        or str(value).lstrip("-")[:1] == "$"
    )


def _print_envelope(command: str, *, data: object, error: object) -> None:
    envelope = {
        "version": ENVELOPE_VERSION,
        "command": command,
        "ok": error is None,
        "data": data,
        "error": error,
    }
    text = json.dumps(envelope, ensure_ascii=False, indent=2, default=str)
    if _printable(text, sys.stdout.encoding) != text:
        text = json.dumps(envelope, indent=2, default=str)
    _say(text)


def _console(stream: object, color: bool) -> Console:
    from rich.console import Console

    plain = not color or bool(os.environ.get("NO_COLOR"))
    return Console(file=stream, no_color=plain, width=None if stream is sys.stderr else 10_000)  # type: ignore[arg-type]


def _printable(text: str, encoding: str | None) -> str:
    """A terminal without the character gets a replacement, never an exception."""
    return text.encode(encoding or "utf-8", "replace").decode(encoding or "utf-8", "replace")
