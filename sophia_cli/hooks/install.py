"""Hooks into a repository: look, propose, write, and have pre-commit put its hook into git."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError
from sophia_cli.files import mode_of
from sophia_cli.hooks import record
from sophia_cli.hooks.clone import Clone, hook_owner, look, refuse_half_done, without_hooks_path
from sophia_cli.hooks.config import NAME, Config, read_config
from sophia_cli.hooks.detect import Project, detect
from sophia_cli.hooks.gate import GATE, parse
from sophia_cli.hooks.packages import node_modules
from sophia_cli.hooks.proposal import STAGE, Options, Proposal, propose
from sophia_cli.hooks.record import Written
from sophia_cli.hooks.splice import spliced
from sophia_cli.hooks.way import Way, other_hooks, to_do, way_of
from sophia_cli.hooks.write import alone, read, unwritable, written
from sophia_cli.process import Result, run

ESLINT, RUFF = "eslint.config.cjs", "ruff.toml"
_LONGEST = 900.0  # seconds until the tools must be there
_MISSING = "pre-commit is not installed beside sophia"


@dataclass(frozen=True)
class Plan:
    """What an installation would do in a clone.

    `files` are what it would write. `kinds` are the hooks of git's that pre-commit installs, those
    in `missing` are not there yet; `chained` are of somebody else's, and run first from then on.
    """

    clone: Clone
    project: Project
    config: Config
    proposal: Proposal
    way: Way
    files: tuple[Written, ...]
    kinds: tuple[str, ...]
    missing: tuple[str, ...]
    chained: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.files and not self.missing


def plan(folder: Path, options: Options, environ: Mapping[str, str]) -> Plan:
    """What `install` would do; changes nothing. Raises SophiaError where it could not."""
    clone = look(folder)
    refuse_half_done(clone)
    before = read(clone.root / NAME)
    project = detect(clone.root)
    config = read_config(_header(project) if before is None else before)
    proposal = propose(project, config, options, environ)
    way = way_of(clone)
    text = spliced(config, proposal.change).encode()
    files = [Written(NAME, before, text, mode_of(clone.root / NAME))]
    files += _configurations(project, proposal, options)
    if way.path:
        files.append(Written(way.path, read(clone.root / way.path), way.after, way.mode))
    files = [one for one in files if one.before != one.after]
    if text != before:
        _validate(text)
    kinds = tuple(dict.fromkeys((*config.data.get("default_install_hook_types", ()), STAGE)))
    missing = tuple(kind for kind in kinds if way.owner == "git" and not _is_installed(clone, kind))
    chained = tuple(other_hooks(clone, kinds)) if way.owner == "git" else ()
    notes = (*proposal.notes, *to_do(way, clone, environ))
    return Plan(clone, project, config, proposal, way, tuple(files), kinds, missing, chained, notes)


def install(made: Plan, environ: Mapping[str, str]) -> None:
    """Carry out a plan; when that fails, everything is as it was. Raises SophiaError."""
    clone = made.clone
    with alone(clone):
        hooks = {kind: read(clone.hooks / kind) for kind in made.missing}
        added = frozenset(made.proposal.adds)
        known = record.load(clone.root)
        grown = record.grown(known, made.files, added, hooks)
        with written(clone.root, made.files), record.saved(clone.root, known, grown):
            if made.missing:
                kinds = [word for kind in made.missing for word in ("--hook-type", kind)]
                pre_commit(clone, environ, "install", "--allow-missing-config", *kinds)


def fetch_tools(clone: Clone, environ: Mapping[str, str]) -> None:
    """Have the environments of all hooks made, so that the first commit need not wait for them.

    Raises SophiaError where a registry does not give what they need.
    """
    pre_commit(clone, environ, "install-hooks")
    for _, hook in read_config(read(clone.root / NAME) or b"").hooks:
        if hook["id"] == GATE and (node := parse(hook.get("args") or (), {}).node):
            node_modules(node)


def _header(project: Project) -> bytes:
    lines = [
        "# Written by `sophia hooks install`, and yours to change. What is new is stopped,",
        "# what is old stays.",
        'minimum_pre_commit_version: "4.4.0"',
        "default_install_hook_types: [pre-commit]",
    ]
    if project.foreign:
        lines.append(f"exclude: (^|/)({'|'.join(project.foreign)})/")
    return "".join(f"{line}\n" for line in lines).encode()


def _configurations(project: Project, proposal: Proposal, options: Options) -> list[Written]:
    """Configurations of tools that have none: what they would do by themselves changes with a version."""
    found = []
    if "eslint" in proposal.tools and project.unconfigured and not project.eslint:
        found.append(_shipped(project, ESLINT))
    if "ruff" in proposal.tools and "ruff" not in (project.configured or {}):
        found.append(_shipped(project, RUFF))
    return found


def _shipped(project: Project, name: str) -> Written:
    return Written(name, read(project.root / name), asset(f"templates/{name}").read_bytes())


def _is_installed(clone: Clone, kind: str) -> bool:
    return hook_owner(read(clone.hooks / kind) or b"") == "pre-commit"


def _validate(text: bytes) -> None:
    """Raises SophiaError where pre-commit would refuse the configuration."""
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / NAME
            path.write_bytes(text)
            done = _run("validate-config", str(path), cwd=Path(folder))
    except OSError as error:
        raise unwritable(error) from error
    if done.code:
        said = [line.strip(" =>") for line in done.stdout.splitlines() if line.strip()]
        why = said[-1] if said else "it does not say why"
        raise SophiaError(f"pre-commit refuses {NAME}: {why}", f"mend {NAME}")


# Of the page of words about a failed installation: the line that says why, as well as can be told.
_TELLING = ("No matching distribution", "npm error", "rror", "")


def pre_commit(clone: Clone, environ: Mapping[str, str], *words: str) -> None:
    """Run pre-commit at the top of a clone. Raises SophiaError where it fails or is not installed."""
    env = without_hooks_path(environ) if clone.hooks_path else environ
    done = _run(*words, cwd=clone.root, env=env)
    if done.code:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        told = next((line for mark in _TELLING for line in said if mark in line), "no word")
        raise SophiaError(f"pre-commit {words[0]} failed: {told}", f"pre-commit {' '.join(words)}")


def _run(*words: str, cwd: Path, env: Mapping[str, str] | None = None) -> Result:
    done = run([sys.executable, "-m", "pre_commit", *words], cwd=cwd, env=env, timeout=_LONGEST)
    if "No module named pre_commit" in done.stderr:
        raise SophiaError(_MISSING, 'pip install "sophia-cli[cli]"')
    return done
