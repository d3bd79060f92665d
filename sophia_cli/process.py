"""The only place that starts programs."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess  # argument lists only, never a shell
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, Any, NoReturn

from sophia_cli.errors import SophiaError


@dataclass(frozen=True)
class Result:
    """What a program did: its exit code and both streams, decoded with replacement."""

    code: int
    stdout: str
    stderr: str


class ProgramNotFound(SophiaError):
    """The program is not on PATH."""


class TimedOut(SophiaError):
    """The program did not end in time, and was ended."""


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> Result:
    """Run a program to its end, without a shell.

    `timeout` is in seconds. Raises ProgramNotFound, or SophiaError when the time is up.
    """
    done = _completed(command, cwd=cwd, env=env, timeout=timeout, stdout=subprocess.PIPE)
    return Result(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def pour(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> Result:
    """Run a program from one file into another, of any size; its `stdout` here is empty.

    `timeout` is in seconds. Raises ProgramNotFound, or TimedOut when the time is up.
    """
    done = _completed(
        command,
        cwd=cwd,
        env=env,
        timeout=timeout,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
    )
    return Result(done.returncode, "", done.stderr.decode(errors="replace"))


def _completed(
    command: Sequence[str], *, timeout: float | None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    """A program that ran to its end. Raises ProgramNotFound, TimedOut."""
    try:
        return subprocess.run(
            list(command), timeout=timeout, stderr=subprocess.PIPE, check=False, **more
        )
    except FileNotFoundError as error:
        raise _not_found(command) from error
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"{command[0]} did not end within {timeout:.0f} s") from error


def _not_found(command: Sequence[str]) -> ProgramNotFound:
    return ProgramNotFound(
        f"{command[0]} is not installed", f"install {command[0]} and put it on PATH"
    )


@contextmanager
def beside(command: Sequence[str], given: bytes) -> Iterator[Callable[[], bytes]]:
    """Run a program beside the block, which it does not outlive; yields what waits for its output.

    `given` is its input. Waiting raises SophiaError where it fails, or cannot be started.
    """
    with TemporaryFile() as stdin, TemporaryFile() as stdout:
        stdin.write(given)
        stdin.seek(0)
        process: subprocess.Popen[bytes] | None = None
        with suppress(OSError):
            process = subprocess.Popen(
                list(command), stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL
            )

        def wait() -> bytes:
            if process is None or process.wait():
                raise SophiaError(f"{command[0]} failed")
            stdout.seek(0)
            return stdout.read()

        try:
            yield wait
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Answer:
    """What a program did, its streams as they are."""

    code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class Program:
    """A program to run to its end, without a shell; `given` is its input."""

    command: Sequence[str]
    cwd: Path
    env: Mapping[str, str] | None = None
    given: bytes = b""


@contextmanager
def together(programs: Sequence[Program], at_once: int = 16) -> Iterator[Iterator[Answer]]:
    """Run programs beside the block and beside each other; none outlives it.

    Yields their answers in the same order, each when it is there; the next one begins when the
    oldest of `at_once` is done. Raises ProgramNotFound.
    """
    with ExitStack() as stack:

        def start(program: Program) -> Callable[[], Answer]:
            return stack.enter_context(_running(program))

        rest = iter(programs)
        running = deque(map(start, islice(rest, at_once)))

        def answers() -> Iterator[Answer]:
            while running:
                yield running.popleft()()
                running.extend(map(start, islice(rest, 1)))

        yield answers()


@contextmanager
def _running(program: Program) -> Iterator[Callable[[], Answer]]:
    """Files take what it says: a pipe that nobody reads would stop it."""
    with TemporaryFile() as stdin, TemporaryFile() as stdout, TemporaryFile() as stderr:
        stdin.write(program.given)
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                list(program.command), cwd=program.cwd, env=program.env,
                stdin=stdin, stdout=stdout, stderr=stderr,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise _not_found(program.command) from error

        def wait() -> Answer:
            code = process.wait()
            stdout.seek(0)
            stderr.seek(0)
            return Answer(code, stdout.read(), stderr.read())

        try:
            yield wait
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def cores() -> int:
    """How many processes can run at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def can_fork() -> bool:
    """Whether a copy of this process is sure to run: on Linux, while it has one thread."""
    return sys.platform == "linux" and len([*Path("/proc/self/task").iterdir()]) == 1


@contextmanager
def fork(work: Callable[[], bytes]) -> Iterator[Callable[[], bytes]]:
    """Do some work in a copy of this process beside the block; the rest is as with `beside`.

    It begins at once and knows all that this process knows.
    """
    with TemporaryFile() as answer:
        child: int | None = None
        with suppress(OSError):
            child = os.fork()
        if child == 0:
            _work(work, answer)

        def wait() -> bytes:
            nonlocal child
            status = 1
            if child is not None:
                _, status = os.waitpid(child, 0)
                child = None
            if status:
                raise SophiaError("a copy of this process failed")
            answer.seek(0)
            return answer.read()

        try:
            yield wait
        finally:
            if child is not None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _work(work: Callable[[], bytes], answer: IO[bytes]) -> NoReturn:
    """What a copy does: nothing of what the process itself would do at its end, nor on Ctrl-C."""
    code = 1
    try:
        answer.write(work())
        answer.flush()
        code = 0
    finally:
        os._exit(code)


_PIECE = 64 * 1024
_LOOK = 0.05
_GRACE = 3.0


def record(
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path,
    timeout: float,
    environ: Mapping[str, str] | None = None,
    most: int = 4 * 1024 * 1024,
) -> int:
    """Run a program to its end with both streams kept in the file `log`; gives its exit code.

    Of more than twice `most` bytes the beginning and the end are kept. What it started ends with
    it, also on Ctrl-C. `timeout` is in seconds. Raises ProgramNotFound, TimedOut, or SophiaError
    when it cannot be started or the log cannot be written.
    """
    try:
        with log.open("wb") as file, _started(command, cwd, environ) as process:
            kept = _Kept(file, most)
            try:
                _read(process, kept, monotonic() + timeout)
            finally:
                _end(process)
                kept.close()
    except (TimeoutError, subprocess.TimeoutExpired):
        raise TimedOut(f"{command[0]} did not end within {timeout:.0f} s") from None
    except OSError as error:
        raise SophiaError(
            f"{log} cannot be written: {error.strerror}", "free some space"
        ) from error
    return process.returncode


@contextmanager
def _started(
    command: Sequence[str], cwd: Path, environ: Mapping[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a group of its own, without input, both streams in one pipe."""
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise _not_found(command) from error
    except OSError as error:
        words = f"{command[0]} cannot be started: {error.strerror}"
        raise SophiaError(words, "name a program with its arguments") from error
    with process:
        yield process


def _read(process: subprocess.Popen[bytes], kept: _Kept, deadline: float) -> None:
    """Keep what a program says until it ends, whoever else still holds its pipe.

    Raises TimeoutError at the deadline.
    """
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None  # before the last look: nothing it said is missed
            if selector.select(0 if ended else _LOOK):
                data = process.stdout.read(_PIECE)
                kept.add(data or b"")
                if not data:
                    process.wait(max(deadline - monotonic(), 0.001))
                    return
            elif ended:
                return
            if monotonic() > deadline:
                raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program's group: politely while it runs, then for good."""
    with suppress(OSError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass(eq=False)
class _Kept:
    """The beginning and the end of what a program said."""

    file: IO[bytes]
    most: int
    size: int = 0
    tail: deque[bytes] = field(default_factory=deque)
    held: int = 0
    lost: int = 0

    def add(self, data: bytes) -> None:
        head = data[: max(self.most - self.size, 0)]
        self.file.write(head)
        self.file.flush()  # a person may be watching it
        self.size += len(head)
        self.tail.append(data[len(head) :])
        self.held += len(self.tail[-1])
        while self.held - len(self.tail[0]) > self.most:
            gone = len(self.tail.popleft())
            self.held, self.lost = self.held - gone, self.lost + gone

    def close(self) -> None:
        if self.lost:
            self.file.write(f"\n... {self.lost:,} bytes left out ...\n".encode())
        for piece in self.tail:
            self.file.write(piece)
