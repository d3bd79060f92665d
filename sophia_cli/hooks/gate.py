"""What the hook asks for: which files, which tools, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sophia_cli.errors import UsageError
from sophia_cli.hooks.changes import Change, Changes, between, staged
from sophia_cli.hooks.hold import Held, Options, both, hold
from sophia_cli.hooks.tools import TOOLS
from sophia_cli.hooks.tools.tool import Setup

GATE = "sophia-gate"  # the id of the hook, and the program
LEVELS = ("low", "medium", "high")
USAGE = """usage: sophia-gate [OPTION]... [--] [FILE]...

Judge what is about to be committed, and fail for findings that are new.
Without a FILE: all that is staged.

  --node PACKAGE@VERSION    of npm, where the project has no ESLint (again for more)
  --severity, --confidence  of Bandit: low, medium (default) or high
  --tool NAME               only this one: ruff, black, bandit or eslint (again for more)
  --from-ref A --to-ref B   what commit B has since it left A, and not what is staged
  SKIP=NAME,NAME            in the environment: not these tools
"""


@dataclass(frozen=True)
class Asked:
    """The words of the hook, and what pre-commit says in the environment."""

    files: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    severity: str = "medium"
    confidence: str = "medium"
    tools: tuple[str, ...] = ()
    refs: tuple[str, str] = ("", "")
    skipped: frozenset[str] = field(default_factory=frozenset)

    @property
    def options(self) -> Options:
        names = tuple(name for name in self.tools or TOOLS if name not in self.skipped)
        return Options(Setup(self.node, self.severity, self.confidence), names)


def parse(words: Sequence[str], environ: Mapping[str, str]) -> Asked:
    """Read the words. Raises UsageError."""
    given: dict[str, list[str]] = {}
    rest = list(words)
    files: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            files += rest
            break
        if not word.startswith("--"):
            files.append(word)
            continue
        name, joined, value = word.partition("=")
        if name not in _TAKES:
            raise UsageError(f"sophia-gate takes no {name}", "sophia-gate --help")
        if not joined:
            if not rest:
                raise UsageError(f"{name} needs a value", "sophia-gate --help")
            value = rest.pop(0)
        _check(name, value)
        given.setdefault(name, []).append(value)
    last = {name: values[-1] for name, values in given.items()}
    refs = (
        last.get("--from-ref", environ.get("PRE_COMMIT_FROM_REF", "")),
        last.get("--to-ref", environ.get("PRE_COMMIT_TO_REF", "")),
    )
    return Asked(
        tuple(files),
        tuple(given.get("--node", ())),
        last.get("--severity", "medium"),
        last.get("--confidence", "medium"),
        tuple(given.get("--tool", ())),
        refs,
        frozenset(name.strip() for name in environ.get("SKIP", "").split(",")),
    )


_TAKES: Mapping[str, Sequence[str]] = {
    "--node": (),
    "--severity": LEVELS,
    "--confidence": LEVELS,
    "--tool": tuple(TOOLS),
    "--from-ref": (),
    "--to-ref": (),
}


def _check(name: str, value: str) -> None:
    choices = _TAKES[name]
    if choices and value not in choices:
        raise UsageError(
            f"{name} is one of {', '.join(choices)}, not {value}", "sophia-gate --help"
        )


def check(asked: Asked, where: Path) -> Held:
    """Judge the files: against what they were before, else against the baseline. Raises SophiaError."""
    old, new = asked.refs
    changes = between(where, old, new or "HEAD") if old else staged(where)
    options = asked.options
    if not changes.parents:
        return hold(_among(changes, asked, where), _with_baseline(options, changes))
    held = hold(_among(changes, asked, where), options)
    touched = {change.path for change in changes.files}
    others = [path for path in _named(asked, where, changes.root) if path not in touched]
    if others and not old:  # `pre-commit run --all-files`
        options = _with_baseline(options, changes)
        if options.baseline:
            rest = replace(changes, files=tuple(map(Change, others)), parents=0)
            held = both(held, hold(rest, options))
    return held


def _among(changes: Changes, asked: Asked, where: Path) -> Changes:
    """Only those that were named, where any were."""
    named = set(_named(asked, where, changes.root))
    files = tuple(one for one in changes.files if one.path in named or not named)
    return replace(changes, files=files)


def _named(asked: Asked, where: Path, root: Path) -> list[str]:
    place = where.resolve().relative_to(root.resolve()).as_posix()
    front = "" if place == "." else f"{place}/"
    return [f"{front}{file}" for file in asked.files]


def _with_baseline(options: Options, changes: Changes) -> Options:
    from sophia_cli.hooks.baseline import read_baseline
    from sophia_cli.hooks.run import baseline_file

    return replace(options, baseline=read_baseline(baseline_file(changes.root)).allowed)
