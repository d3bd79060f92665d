"""`sophia hooks install`: quality checks in front of every commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.hooks.asked import Plan, Yes, agreed, files_data, row, show_difference
from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import SophiaError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.hooks.install import Plan as Made


def install(
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over hooks of yours that run the same tools.")
    ] = False,
    remote: Annotated[
        bool,
        typer.Option("--remote", help="Each tool from its own repository; holds no line."),
    ] = False,
    detect_secrets: Annotated[
        bool, typer.Option("--detect-secrets", help="Look for secrets as well.")
    ] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Whether the tools are fetched now.")
    ] = True,
    plan: Plan = False,
    yes: Yes = False,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Propose the checks that suit this repository, show the change, write it on a yes.

    Example:  sophia hooks install
    """
    from sophia_cli.hooks import install as work
    from sophia_cli.hooks.proposal import Options

    output = Output(as_json=as_json)
    made = work.plan(here(root), Options(adopt, remote, detect_secrets), os.environ)
    _show(output, made)
    if plan:
        output.envelope("hooks install", _data(made, written=False))
        return
    if made.is_done:
        output.envelope("hooks install", _data(made, written=False))
        output.line("Nothing to do: it is installed.  Next:  sophia hooks run")
        return
    show = "sophia hooks install"
    if not agreed(output, "Write it?", yes=yes, command=show):
        return
    work.install(made, os.environ)
    if fetch:
        _fetch(output, made)
    output.envelope("hooks install", _data(made, written=True))
    _tell(output, made)


def _fetch(output: Output, made: Made) -> None:
    from sophia_cli.hooks.install import fetch_tools

    output.note("Fetching the tools, which the first time takes about a minute")
    try:
        fetch_tools(made.clone, os.environ)
    except SophiaError as error:
        words = "the hooks are installed, but not all of their tools are here"
        raise SophiaError(f"{words}: {error.message}", error.mend) from error


def _show(output: Output, made: Made) -> None:
    project, proposal = made.project, made.proposal
    row(output, "found", _found(made))
    row(output, "adds", ", ".join(_added(made)) or "nothing that is not there")
    for one in proposal.provided:
        row(output, "left", f"{one.does}: your hook `{one.id}` does it (--adopt takes it over)")
    for one in proposal.adopted:
        row(output, "adopts", f"{one.does}, in place of your hook `{one.id}`")
    row(output, "git", _way(made))
    if proposal.tools and project.python + len(project.scripts) and not _is_classic(made):
        row(
            output,
            "old findings",
            "stay, and block nobody; new ones are stopped. Count them:  sophia hooks run --all",
        )
    for note in made.notes:
        row(output, "note", note)
    show_difference(output, made.files)


def _found(made: Made) -> str:
    project = made.project
    words = project.languages or ["neither Python nor JavaScript"]
    by_file: dict[str, list[str]] = {}
    for tool, name in (project.configured or {}).items():
        by_file.setdefault(name, []).append(tool)
    words += [f"{name} ({', '.join(tools)})" for name, tools in by_file.items()]
    if project.eslint:
        words.append(f"eslint {project.eslint} in package.json")
    words += project.flat or project.old
    if project.packages:
        words.append(f"packages in {', '.join(project.packages[:4])}")
    if len(project.packages) > 4:
        words.append(f"{len(project.packages) - 4} more")
    hooks = len(list(made.config.hooks))
    if hooks:
        words.append(f".pre-commit-config.yaml ({hooks} hook{'s' if hooks != 1 else ''})")
    return ", ".join(words)


def _added(made: Made) -> list[str]:
    from sophia_cli.hooks import pins

    versions = {pin.name: pin.version for pin in (*pins.PYTHON, pins.ESLINT)}
    words = [f"{tool} {versions[tool]}" for tool in made.proposal.tools if _is_new(made, tool)]
    known = {"sophia-gate", *(f"sophia-{tool}" for tool in made.proposal.tools)}
    return words + [name for name in made.proposal.adds if name not in known]


def _is_new(made: Made, tool: str) -> bool:
    return not {"sophia-gate", f"sophia-{tool}"}.isdisjoint(made.proposal.adds)


def _is_classic(made: Made) -> bool:
    return any(repo["repo"] != "local" for repo in made.proposal.change.add)


def _way(made: Made) -> str:
    if made.way.owner != "git":
        return f"{made.way.owner} runs the hooks here, by {made.way.path}"
    if not made.missing:
        return "the hook is there"
    words = f"a hook {' and '.join(made.missing)}, which pre-commit installs"
    if made.chained:
        words += f"; yours ({', '.join(made.chained)}) is kept and runs first"
    if made.clone.is_linked:
        words += "; all work trees of this repository share it"
    return words


def _tell(output: Output, made: Made) -> None:
    output.line("Installed.  Take it back:  sophia hooks uninstall")
    if made.files:
        names = " ".join(one.path for one in made.files)
        output.text(f"Next, for everybody who works here:  git add {names}")
    else:
        output.line("Next:  git commit")


def _data(made: Made, *, written: bool) -> dict[str, Any]:
    proposal = made.proposal
    return {
        "root": str(made.clone.root),
        "written": written,
        "files": files_data(made.files),
        "tools": list(proposal.tools),
        "hooks": list(proposal.adds),
        "provided": [{"tool": one.does, "hook": one.id} for one in proposal.provided],
        "adopted": [{"tool": one.does, "hook": one.id} for one in proposal.adopted],
        "owner": made.way.owner,
        "git_hooks": list(made.missing),
        "chained": list(made.chained),
        "notes": list(made.notes),
    }
