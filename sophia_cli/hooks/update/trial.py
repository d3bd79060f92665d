"""What other versions of the tools find in the files there are: tried before anything is written."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.changes import everything
from sophia_cli.hooks.config import Config
from sophia_cli.hooks.finding import Fingerprint
from sophia_cli.hooks.judge import Task, judge
from sophia_cli.hooks.lines import language
from sophia_cli.hooks.packages import node_modules, programs
from sophia_cli.hooks.render import Entry
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.hooks.tools.tool import Folder, Setup
from sophia_cli.hooks.update.packages import package, version
from sophia_cli.hooks.update.pin import GIT, NPM, PYPI, Pin
from sophia_cli.hooks.update.plan import Move
from sophia_cli.process import cores

_OURS = "sophia-cli"
_FEW = 50  # files, for which a process of their own is not worth its start


@dataclass(frozen=True)
class Bump:
    """One tool in two versions: the packages of each, and in which files its hook looks."""

    tool: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    versions: tuple[str, str]
    python: str = ""
    setup: Setup = field(default_factory=Setup)
    only: tuple[str, str] = ("", "^$")


Ready = Mapping[tuple[Bump, tuple[str, ...]], "Setup | SophiaError"]


@dataclass(frozen=True)
class Trial:
    """What the new version finds `more` and `fewer` than the old one, by rule, in so many files.

    `total` is what the new one finds in all; `error` says why there is no answer.
    """

    bump: Bump
    files: int = 0
    total: int = 0
    more: Mapping[str, int] = field(default_factory=dict)
    fewer: Mapping[str, int] = field(default_factory=dict)
    error: SophiaError | None = None


def bumps(
    config: Config, pins: Sequence[Pin], moves: Sequence[Move]
) -> tuple[list[Bump], list[str]]:
    """The tools that change and whose findings can be read, and the names of what else changes.

    A tool is tried with all of `pins` that are its hook's, also with those that nobody asked to move.
    """
    asked = {move.pin for move in moves}
    moves = [*moves, *(Move(pin, pin.version) for pin in pins if pin not in asked)]
    found: dict[Bump, None] = {}
    others: dict[str, None] = {}
    groups = {move.pin.group for move in moves if move.moves}
    for group in sorted(groups):
        together = [move for move in moves if move.pin.group == group]
        made = [*_python(config, together), *_eslint(config, together)]
        found |= dict.fromkeys(made)
        tools = {one.tool for one in made}
        for move in together:
            name = (package(move.pin) or ("", move.pin.name))[1]
            of_eslint = move.pin.kind == NPM and "eslint" in tools
            if move.moves and name not in tools and not of_eslint and name != _OURS:
                others[name] = None
    return list(found), list(others)


def try_out(
    root: Path, config: Config, wanted: Sequence[Bump], tick: Callable[[], None]
) -> list[Trial]:
    """Run each tool in both versions. `tick` is called after each run.

    Raises SophiaError where the new versions cannot be installed: they would stop every commit.
    """
    changes = everything(root)
    known = [(change.path, language(changes, change)) for change in changes.files]
    exclude = str(config.data.get("exclude", "^$"))
    trials = []
    ready = _ready([bump for bump in wanted if not _is_own(changes.root, bump)])
    for bump in wanted:
        tool = TOOLS[bump.tool]
        paths = [path for path, spoken in known if spoken == tool.language]
        files = tuple(path for path in paths if _is_judged(path, exclude, *bump.only))
        trials.append(_trial(changes.root, bump, files, ready, tick))
    return trials


def _ready(wanted: Sequence[Bump]) -> Ready:
    """Every set of packages installed, several at once: a setup, or why there is none.

    Raises SophiaError where a new one cannot be installed.
    """

    def made(one: tuple[Bump, tuple[str, ...]]) -> Setup | SophiaError:
        try:
            return _installed(*one)
        except SophiaError as error:
            return error

    sets = [(bump, packages) for bump in wanted for packages in (bump.new, bump.old)]
    with ThreadPoolExecutor(cores()) as pool:
        ready = dict(zip(sets, pool.map(made, sets), strict=True))
    for bump in wanted:
        found = ready[bump, bump.new]
        if isinstance(found, SophiaError):
            mend = "sophia hooks update --no-trial   writes them all the same"
            raise SophiaError(found.message, mend)
    return ready


def _is_own(root: Path, bump: Bump) -> bool:
    """Whether the project's own ESLint judges its files, whatever the hooks pin."""
    return bump.tool == "eslint" and (root / "node_modules" / "eslint").is_dir()


def _trial(
    root: Path, bump: Bump, files: tuple[str, ...], ready: Ready, tick: Callable[[], None]
) -> Trial:
    if _is_own(root, bump):
        words = "the project's own ESLint judges its files, and stays as it is"
        return Trial(bump, len(files), error=SophiaError(words, "npm outdated"))
    found: list[Counter[Fingerprint]] = []
    for packages in (bump.old, bump.new):
        setup = ready[bump, packages]
        try:
            if isinstance(setup, SophiaError):
                raise setup
            found.append(_found(root, bump, setup, files))
        except SophiaError as error:
            return Trial(bump, len(files), error=error)
        finally:
            tick()
    before, after = found
    return Trial(
        bump, len(files), after.total(), _by_rule(after - before), _by_rule(before - after)
    )


def _found(root: Path, bump: Bump, setup: Setup, files: tuple[str, ...]) -> Counter[Fingerprint]:
    """What a version finds. Raises SophiaError where it does not judge the files."""
    folder = Folder(root, root)
    size = max(-(-len(files) // cores()), _FEW)
    parts = [files[at : at + size] for at in range(0, len(files), size)]
    verdicts = judge([Task(TOOLS[bump.tool], folder, part) for part in parts], setup)
    for verdict in verdicts:
        if verdict.error:
            raise verdict.error
    return Counter(one.fingerprint for verdict in verdicts for one in verdict.findings)


def _installed(bump: Bump, packages: tuple[str, ...]) -> Setup:
    if bump.tool == "eslint":
        node_modules(packages)
        return replace(bump.setup, node=packages)
    python = bump.python if bump.python.startswith(("python", "/")) else ""
    return replace(bump.setup, programs=programs(packages, python))


def _by_rule(found: Counter[Fingerprint]) -> dict[str, int]:
    rules: Counter[str] = Counter()
    for (_, rule, _, _), count in found.items():
        rules[rule] += count
    return dict(rules.most_common())


def _is_judged(path: str, exclude: str, files: str, but: str) -> bool:
    return bool(re.search(files, path)) and not any(re.search(one, path) for one in (exclude, but))


# Which tools change


def _python(config: Config, together: Sequence[Move]) -> Iterator[Bump]:
    """The tools among the Python packages of a hook, each with those that are no tool themselves."""
    known = [move for move in together if move.pin.kind in (PYPI, GIT)]
    named = {move: package(move.pin) for move in known}
    tools = [
        move for move, found in named.items() if found and found[0] == PYPI and found[1] in TOOLS
    ]
    more = [move for move in known if move not in tools and move.pin.kind == PYPI]
    for move in tools:
        others = [one for one in more if one.pin.name != _OURS]
        if not any(one.moves for one in (move, *others)):
            continue
        name = (named[move] or ("", ""))[1]
        old, new = (tuple(_requirement(one, to) for one in (move, *others)) for to in (False, True))
        versions = (version(move.pin, move.pin.version), version(move.pin, move.to))
        hook = _hook(config, move, name)
        yield Bump(name, old, new, versions, move.pin.python, _setup(hook), _only(hook))


def _eslint(config: Config, together: Sequence[Move]) -> Iterator[Bump]:
    node = [move for move in together if move.pin.kind == NPM]
    eslint = next((move for move in node if move.pin.name == "eslint"), None)
    if eslint and any(move.moves for move in node):
        old, new = (tuple(_requirement(one, to) for one in node) for to in (False, True))
        hook = _hook(config, eslint, "eslint")
        versions = (eslint.pin.version, eslint.to)
        yield Bump("eslint", old, new, versions, "", Setup(), _only(hook))


def _requirement(move: Move, new: bool) -> str:
    pin, text = move.pin, move.to if new else move.pin.version
    kind, name = package(pin) or (pin.kind, pin.name)
    return f"{name}{pin.extras}{'@' if kind == NPM else '=='}{version(pin, text)}"


def _hook(config: Config, move: Move, tool: str) -> Entry:
    """The hook that a pin belongs to; of a repository the one that runs the tool."""
    for repo, hook in config.hooks:
        if move.pin.kind == GIT:
            if repo.get("repo") == move.pin.name and tool in str(hook["id"]):
                return hook
        elif hook["id"] == move.pin.hook:
            return hook
    return {}


def _only(hook: Entry) -> tuple[str, str]:
    return str(hook.get("files", "")), str(hook.get("exclude", "^$"))


def _setup(hook: Entry) -> Setup:
    """How loud Bandit is there: its own hooks tell all, unless they are told otherwise."""
    try:
        words = shlex.split(str(hook.get("entry", "")))
    except ValueError:
        words = []
    gate = "sophia-gate" in words[:1]
    words += map(str, hook.get("args") or [])
    text = " ".join(words)
    levels = []
    for name, letter in (("severity", "l"), ("confidence", "i")):
        said = re.findall(rf"--{name}(?:-level)?[= ](low|medium|high)\b", text)
        short = max(
            (len(one) for one in re.findall(rf"(?:^| )-({letter}+)(?= |$)", text)), default=0
        )
        counted = ("", "low", "medium", "high")[min(short, 3)]
        levels.append(said[-1] if said else counted or ("medium" if gate else "low"))
    return Setup(severity=levels[0], confidence=levels[1])
