"""What `sophia hooks install` would write into a repository, and why it would leave out the rest."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from sophia_cli.hooks import offer
from sophia_cli.hooks.config import Config, own_id
from sophia_cli.hooks.detect import Project
from sophia_cli.hooks.foreign import FORMATTERS, Foreign, foreign_hooks
from sophia_cli.hooks.gate import GATE
from sophia_cli.hooks.render import Entry
from sophia_cli.hooks.splice import Change, Place, hook_at, joined, own_places

STAGE = "pre-commit"
_OF_A_STYLE = frozenset({GATE, *(f"sophia-{tool}" for tool in offer.TOOLS)})


@dataclass(frozen=True)
class Options:
    """What was asked for.

    `adopt` takes hooks of somebody else's over that do the same; `remote` is the classic style,
    each tool from its own repository.
    """

    adopt: bool = False
    remote: bool = False
    secrets: bool = False


@dataclass(frozen=True)
class Proposal:
    """A change of the configuration in words: what it adds, whose hooks stay, what to know.

    `tools` are those that our hooks run; `provided` the hooks of somebody else's that stay in
    place of ours, `adopted` those that go.
    """

    change: Change
    tools: tuple[str, ...]
    adds: tuple[str, ...]
    provided: tuple[Foreign, ...] = ()
    adopted: tuple[Foreign, ...] = ()
    notes: tuple[str, ...] = ()


def propose(
    project: Project, config: Config, options: Options, environ: Mapping[str, str]
) -> Proposal:
    """The hooks that this repository should have beside those that it has."""
    foreign = tuple(foreign_hooks(config))
    adopted = tuple(one for one in foreign if options.adopt and one.does not in FORMATTERS)
    provided = tuple(one for one in foreign if one not in adopted)
    done = {"black" if one.does in FORMATTERS else one.does for one in provided}
    tools, notes = _tools(project, done, environ)
    version, more = _python_version(project, tools, environ)
    notes = [
        *notes,
        *more,
        *_broken(project, done),
        *_formatter(provided),
        *_line_lengths(project, tools, options),
    ]
    wanted = _staged(config, _wanted(project, options, tools, version, done))
    change = _change(config, wanted, tuple(one.place for one in adopted))
    adds = tuple(own_id(hook) for repo in change.add for hook in repo["hooks"])
    return Proposal(change, tools, adds, provided, adopted, tuple(notes))


def _tools(
    project: Project, done: set[str], environ: Mapping[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """The tools for the languages that are here, without those that others run already."""
    tools = [tool for tool in offer.PYTHON_TOOLS if project.python and tool not in done]
    if not project.scripts or "eslint" in done:
        return tuple(tools), []
    if shutil.which("node", path=environ.get("PATH", "")) is None:
        return tuple(tools), [
            "ESLint is left out, there is no Node here. Install 20.19 or newer, then:  sophia hooks install"
        ]
    if project.eslint and project.unconfigured and not project.old:
        return tuple(tools), [
            "ESLint is left out, the project's own has no configuration:  npm init @eslint/config"
        ]
    return (*tools, "eslint"), []


def _python_version(
    project: Project, tools: tuple[str, ...], environ: Mapping[str, str]
) -> tuple[str, list[str]]:
    """The Python to run the tools with, where the code asks for a newer one than this."""
    needs = project.needs
    if needs is None or needs <= sys.version_info[:2] or not set(tools) & {"black", "bandit"}:
        return "", []
    name = f"python{needs[0]}.{needs[1]}"
    if shutil.which(name, path=environ.get("PATH", "")):
        return name, []
    here = ".".join(map(str, sys.version_info[:2]))
    return "", [
        f"The code asks for Python {needs[0]}.{needs[1]}, which is not here: Bandit and Black read it with {here}."
    ]


def _broken(project: Project, done: set[str]) -> list[str]:
    """What the checks of files pass over today."""
    few: list[str] = []
    notes = []
    for kind, paths in project.broken.items():
        if kind in offer.hopeless(project):
            words = f"{len(paths)} files of {kind.upper()} do not parse as such"
            notes.append(f"No check that {kind.upper()} parses: {words}.")
        elif f"sophia-{kind}" not in done:
            few += paths
    if few:
        shown = ", ".join(few[:3]) + (f" and {len(few) - 3} more" if len(few) > 3 else "")
        notes.append(f"Passed over, for they do not parse today: {shown}.")
    return notes


def _formatter(provided: tuple[Foreign, ...]) -> list[str]:
    if not any(one.does in FORMATTERS for one in provided):
        return []
    return ["Black is left out: ruff-format formats here, and each would undo the other."]


def _line_lengths(project: Project, tools: tuple[str, ...], options: Options) -> list[str]:
    columns = project.columns or {}
    notes = []
    if {"ruff", "black"} <= columns.keys() and columns["ruff"] < columns["black"]:
        notes.append(
            f"Ruff's line length is {columns['ruff']}, Black's {columns['black']}: Ruff stops lines that Black writes."
        )
    if options.remote and tools:
        notes.append(
            "The classic style holds no line: old findings in a file that is touched stop its commit."
        )
    return notes


def _wanted(
    project: Project, options: Options, tools: tuple[str, ...], version: str, done: set[str]
) -> list[Entry]:
    """The repositories that should be there, whatever is there already."""
    gates: list[Entry] = []
    if options.remote:
        repos: list[Entry] = list(offer.classic(project, tools))
        repos.append(offer.classic_hygiene(project))
        repos += [offer.classic_secrets(project)] if options.secrets else []
        gates = [hook for repo in repos if repo["repo"] == "local" for hook in repo["hooks"]]
        repos = [repo for repo in repos if repo["repo"] != "local"]
    else:
        gates = [offer.gate(project, tools, version)] if tools else []
        gates += offer.hygiene(project)
        gates += [offer.secrets(project)] if options.secrets else []
        repos = []
    gates += [offer.ratchet()] if project.has_baseline else []
    repos = [*repos, {"repo": "local", "hooks": gates}]
    kept = (
        {**repo, "hooks": [hook for hook in repo["hooks"] if own_id(hook) not in done]}
        for repo in repos
    )
    return [repo for repo in kept if repo["hooks"]]


def _staged(config: Config, repos: list[Entry]) -> list[Entry]:
    """Hooks that run before a commit, also where the configuration says another time for all."""
    usual = config.data.get("default_stages")
    if not usual or not {STAGE, "commit"}.isdisjoint(usual):
        return repos
    return [
        {**repo, "hooks": [{**hook, "stages": [STAGE]} for hook in repo["hooks"]]} for repo in repos
    ]


def _change(config: Config, wanted: list[Entry], adopted: tuple[Place, ...]) -> Change:
    """From what is there to what should be: what is there already stays as the user has it."""
    own = {own_id(hook_at(config, place)): place for place in reversed(own_places(config))}
    names = {own_id(hook) for repo in wanted for hook in repo["hooks"]}
    stale = [place for name, place in own.items() if name in _OF_A_STYLE - names]
    replaced, added = [], []
    for repo in wanted:
        missing = []
        for hook in repo["hooks"]:
            place = own.get(own_id(hook))
            if place is None:
                missing.append(hook)
            elif (config.repos[place[0]]["repo"] == "local") != (repo["repo"] == "local"):
                stale.append(place)
                missing.append(hook)
            elif (merged := _merged(hook_at(config, place), hook)) != hook_at(config, place):
                replaced.append((place, merged))
        if missing:
            added.append({**repo, "hooks": missing})
    return Change((*adopted, *stale), tuple(replaced), tuple(added))


def _merged(there: Entry, wanted: Entry) -> Entry:
    """A hook with the packages, arguments and types that it lacks; its versions and the rest stay.

    One that was rewritten to run otherwise is the user's.
    """
    if any(there.get(key) != wanted.get(key) for key in ("language", "entry")):
        return there
    more = {
        key: joined(there.get(key, []), wanted[key])
        for key in ("additional_dependencies", "args", "types_or")
        if key in wanted
    }
    lifted = _with_tools(more.get("args", []), wanted.get("args", []))
    if lifted != list(there.get("args", [])):
        more["args"] = lifted
    merged = {**there, **more}
    return merged if merged == there else {**merged, "name": wanted.get("name", "")}


def _with_tools(there: list[str], wanted: list[str]) -> list[str]:
    """Arguments that name no single tool where all are to run."""
    some = any(word.startswith("--tool=") for word in wanted)
    return [word for word in there if some or not word.startswith("--tool=")]


def without_own(config: Config, names: frozenset[str] | None = None) -> Change:
    """The change that takes our hooks out; with `names` only those."""
    return Change(remove=own_places(config, lambda name: names is None or name in names))
