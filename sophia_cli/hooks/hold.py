"""Hold the line: the versions that a change leads from and to, judged alike, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fnmatch import fnmatch

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.changes import CONFIGS, Change, Changes, contents
from sophia_cli.hooks.compare import Allowed, Compared, allowed, compare
from sophia_cli.hooks.finding import Finding
from sophia_cli.hooks.judge import Task, Verdict, judge
from sophia_cli.hooks.lines import changed_lines, language
from sophia_cli.hooks.memory import Memory, state_of
from sophia_cli.hooks.mirror import laid_out, plain
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.hooks.tools.tool import Folder, Setup, Tool


@dataclass(frozen=True)
class Options:
    """With which of the tools to judge, and how they are called.

    `baseline` is what is old in files that have no earlier version to be compared with.
    """

    setup: Setup = field(default_factory=Setup)
    tools: tuple[str, ...] = tuple(TOOLS)
    baseline: Allowed | None = None


@dataclass(frozen=True)
class Held:
    """What was found in the `files` that were judged; `errors` say what could not be judged."""

    compared: Compared = field(default_factory=Compared)
    files: tuple[str, ...] = ()
    errors: tuple[SophiaError, ...] = ()
    found: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.compared.new and not self.errors


def hold(
    changes: Changes, options: Options, advance: Callable[[int], None] = lambda files: None
) -> Held:
    """Judge the files of a change and what they were before, and compare. Raises SophiaError.

    `advance` is told how many files a tool is done with.
    """
    tools = [tool for name, tool in TOOLS.items() if name in options.tools]
    targets = _targets(changes, tools)
    files = tuple(sorted({change.path for group in targets.values() for change in group}))
    if not files:
        return Held()
    memory = Memory(changes.kept / "gate", state_of(changes.root, changes.configs, options.setup))
    with ExitStack() as stack:
        new = _new_folder(changes, targets, stack)
        now = [Task(tool, new, _paths(targets[tool.name])) for tool in tools if targets[tool.name]]
        versions, missing = _known(changes, tools, targets, memory)
        then = list(_old_tasks(changes, missing, stack))
        verdicts = judge([*now, *(task for _, task in then)], options.setup, advance)
        _remember(memory, changes, verdicts, then)
        for (parent, _), verdict in zip(then, verdicts[len(now) :], strict=True):
            versions[parent] += verdict.findings
        found = [finding for verdict in verdicts[: len(now)] for finding in verdict.findings]
        compared = (
            compare(found, allowed(versions), changed_lines(changes, new))
            if changes.parents
            else _against(changes, found, options)
        )
    errors = {str(one.error): one.error for one in verdicts if one.error}
    return Held(compared, files, tuple(errors.values()), tuple(found))


def both(one: Held, other: Held) -> Held:
    """Two judgements of different files as one."""
    return Held(
        Compared(
            (*one.compared.new, *other.compared.new),
            (*one.compared.stay, *other.compared.stay),
            one.compared.fixed + other.compared.fixed,
        ),
        (*one.files, *other.files),
        (*one.errors, *other.errors),
        (*one.found, *other.found),
    )


def _against(changes: Changes, found: Sequence[Finding], options: Options) -> Compared:
    from sophia_cli.hooks.baseline import against

    return against(found, options.baseline or {}, lambda path: (changes.root / path).is_file())


Targets = Mapping[str, Sequence[Change]]  # the files of each tool, by its name
Missing = Sequence[tuple[int, Tool, Sequence[Change]]]  # what is to be judged of which parent


def _targets(changes: Changes, tools: Sequence[Tool]) -> Targets:
    found: dict[str, list[Change]] = {tool.name: [] for tool in tools}
    for change in changes.files:
        spoken = language(changes, change)
        for tool in tools:
            if tool.language == spoken:
                found[tool.name].append(change)
    return found


def _paths(group: Sequence[Change]) -> tuple[str, ...]:
    return tuple(change.path for change in group)


def _new_folder(changes: Changes, targets: Targets, stack: ExitStack) -> Folder:
    """The working tree, where it is what is judged; else a tree that is."""
    wanted = {change.path: change for group in targets.values() for change in group}
    apart = [path for path in wanted if plain(path) != path]
    other = any(path in wanted or _is_config(path) for path in changes.dirty)
    if not other and not apart:
        return Folder(changes.root, changes.root)
    return stack.enter_context(
        laid_out(changes.root, _contents(changes, {path: one.blob for path, one in wanted.items()}))
    )


def _contents(changes: Changes, blobs: Mapping[str, str | None]) -> Mapping[str, bytes | None]:
    """These files, and all whose working tree version is not the one that is judged."""
    wanted = {**changes.dirty, **{path: blob for path, blob in blobs.items() if blob is not None}}
    held = contents(changes.root, filter(None, wanted.values()))
    found: dict[str, bytes | None] = {}
    for path, blob in wanted.items():
        if blob:
            found[path] = held[blob]
        elif path in changes.dirty:
            found[path] = None
        else:
            found[path] = (changes.root / path).read_bytes()
    return found


def _is_config(path: str) -> bool:
    return any(fnmatch(path, f"*{pattern}") for pattern in CONFIGS)


def _known(
    changes: Changes, tools: Sequence[Tool], targets: Targets, memory: Memory
) -> tuple[list[list[Finding]], Missing]:
    """What is remembered of each earlier version, and what is not."""
    versions: list[list[Finding]] = [[] for _ in range(changes.parents)]
    missing: list[tuple[int, Tool, list[Change]]] = []
    for parent in range(changes.parents):
        for tool in tools:
            unknown = []
            for change in targets[tool.name]:
                blob = change.olds[parent]
                if blob is None:
                    continue
                findings = memory.get(tool.name, change.path, blob)
                if findings is None:
                    unknown.append(change)
                else:
                    versions[parent] += findings
            if unknown:
                missing.append((parent, tool, unknown))
    return versions, missing


def _old_tasks(changes: Changes, missing: Missing, stack: ExitStack) -> Iterator[tuple[int, Task]]:
    """The earlier versions under the names that the files have now, each parent in its own tree."""
    for parent in sorted({parent for parent, _, _ in missing}):
        groups = [(tool, group) for which, tool, group in missing if which == parent]
        blobs = {change.path: change.olds[parent] for _, group in groups for change in group}
        folder = stack.enter_context(laid_out(changes.root, _contents(changes, blobs)))
        for tool, group in groups:
            yield parent, Task(tool, folder, _paths(group))


def _remember(
    memory: Memory,
    changes: Changes,
    verdicts: Sequence[Verdict],
    then: Sequence[tuple[int, Task]],
) -> None:
    """What was judged now is what the next commit leads from."""
    files = {change.path: change for change in changes.files}
    parents = [None] * (len(verdicts) - len(then)) + [parent for parent, _ in then]
    for verdict, parent in zip(verdicts, parents, strict=True):
        if verdict.error:
            continue
        for path in verdict.task.files:
            change = files[path]
            blob = change.blob if parent is None else change.olds[parent]
            if blob:
                findings = [one for one in verdict.findings if one.path == path]
                memory.put(verdict.task.tool.name, path, blob, findings)
