"""The gate on request: over what was changed, since a commit, or over everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sophia_cli.hooks import pins
from sophia_cli.hooks.baseline import NAME, Baseline, read_baseline
from sophia_cli.hooks.changes import everything, working
from sophia_cli.hooks.config import NAME as CONFIG
from sophia_cli.hooks.config import read_config
from sophia_cli.hooks.gate import GATE, Asked, parse
from sophia_cli.hooks.hold import Held, hold
from sophia_cli.hooks.packages import programs
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.settings import load_settings

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Wanted:
    """What to judge: `whole` is every file, `since` a commit; else what the last one has not.

    `hook` are the words of the hook that is installed, `packages` those that it pins.
    """

    root: Path
    whole: bool = False
    since: str = ""
    tools: tuple[str, ...] = ()
    baseline: Path | None = None
    hook: Asked = Asked()
    packages: tuple[str, ...] = ()

    @property
    def asked(self) -> Asked:
        return replace(self.hook, tools=self.tools or self.hook.tools)


@dataclass(frozen=True)
class Ran:
    """What was held against what; `baseline` is the one that exists or would be written."""

    held: Held
    known: Baseline
    baseline: Path


def run(wanted: Wanted, advance: Advance = lambda files: None) -> Ran:
    """Judge. Raises SophiaError."""
    changes = everything(wanted.root) if wanted.whole else working(wanted.root, wanted.since)
    wanted = _as_installed(wanted, changes.root)
    file = wanted.baseline or baseline_file(changes.root)
    known = read_baseline(file) if not changes.parents else Baseline()
    options = replace(wanted.asked.options, baseline=known.allowed)
    if any(TOOLS[name].language == "python" for name in options.tools):
        folder = _programs(wanted, options.tools)
        options = replace(options, setup=replace(options.setup, programs=folder))
    return Ran(hold(changes, options, advance), known, file)


def _as_installed(wanted: Wanted, root: Path) -> Wanted:
    """With the words and the pins of the hook that the repository's configuration has, if it has one."""
    path = root / CONFIG
    if not path.is_file():
        return wanted
    for _, hook in read_config(path.read_bytes()).hooks:
        if hook["id"] == GATE:
            words = [str(word) for word in hook.get("args") or ()]
            packages = tuple(map(str, hook.get("additional_dependencies") or ()))
            return replace(wanted, hook=parse(words, {}), packages=packages)
    return wanted


def baseline_file(root: Path) -> Path:
    """The baseline of a repository: beside its sophia.toml, else at its top."""
    beside = load_settings(root).beside
    return (beside if beside.is_relative_to(root) else root) / NAME


def _programs(wanted: Wanted, tools: Sequence[str]) -> Path | None:
    """Where the programs are that the hook pins; None where they are beside this Python."""
    known = {one.partition("==")[0].partition("[")[0]: one for one in wanted.packages}
    for pin in pins.PYTHON:
        known.setdefault(pin.name, pin.requirement)
    needed = {name: known[name] for name in known if name in tools}
    if all(_is_here(name, one.partition("==")[2]) for name, one in needed.items()):
        return None
    return programs([known[pin.name] for pin in pins.PYTHON])


def _is_here(name: str, wanted: str) -> bool:
    try:
        return version(name) == wanted
    except PackageNotFoundError:
        return False


def run_data(ran: Ran) -> Mapping[str, Any]:
    """All of it, for the envelope."""
    compared = ran.held.compared
    return {
        "passed": ran.held.passed,
        "files": len(ran.held.files),
        "new": [one.data() for one in compared.new],
        "older": [one.data() for one in compared.stay],
        "fixed": compared.fixed,
        "errors": [{"message": one.message, "mend": one.mend} for one in ran.held.errors],
        "baseline": str(ran.baseline) if ran.known.path else None,
        "allowed": ran.known.total,
    }
