"""The tools, all at once, over one or more versions of some files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.tools.tool import Call, Folder, Setup, Tool
from sophia_cli.process import Program, together

_AT_MOST = 250  # files of one run: a command line has an end, and a bar should move


@dataclass(frozen=True)
class Task:
    """Files of one folder for one tool."""

    tool: Tool
    folder: Folder
    files: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a tool found in the files of a task; `error` says why it did not judge them."""

    task: Task
    findings: tuple[Finding, ...] = ()
    error: SophiaError | None = None


def judge(
    tasks: Sequence[Task], setup: Setup, advance: Callable[[int], None] = lambda files: None
) -> list[Verdict]:
    """Run all tasks beside each other: a verdict for each, in the same order.

    `advance` is told how many files a tool is done with.
    """
    errors: dict[int, SophiaError] = {}
    calls: list[tuple[int, Call]] = []
    for index, task in enumerate(tasks):
        try:
            calls += [(index, call) for call in _calls(task, setup)]
        except SophiaError as error:
            errors[index] = error
    programs = [
        Program(call.command, tasks[index].folder.path, call.env, call.given)
        for index, call in calls
    ]
    found: dict[int, list[Finding]] = {index: [] for index in range(len(tasks))}
    with together(programs) as answers:
        for (index, call), answer in zip(calls, answers, strict=True):
            task = tasks[index]
            try:
                found[index] += task.tool.read(answer, call, task.folder)
            except SophiaError as error:
                errors[index] = error
            advance(len(call.files))
    return [
        Verdict(task, tuple(_named(found[index], task.folder)), errors.get(index))
        for index, task in enumerate(tasks)
    ]


def _calls(task: Task, setup: Setup) -> Iterator[Call]:
    shown = {path: name for name, path in task.folder.names.items()}
    files = tuple(shown.get(path, path) for path in task.files)
    for start in range(0, len(files), _AT_MOST):
        yield from task.tool.calls(task.folder, files[start : start + _AT_MOST], setup)


def _named(findings: Sequence[Finding], folder: Folder) -> list[Finding]:
    """With the names that the files have in the project."""
    return [
        replace(finding, path=folder.names.get(finding.path, finding.path)) for finding in findings
    ]
