"""The gate in a pipeline: a workflow of GitHub Actions or GitLab that runs the same hooks."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from sophia_cli import __version__
from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError
from sophia_cli.files import mode_of
from sophia_cli.hooks.clone import Clone, default_branch, look
from sophia_cli.hooks.config import NAME, read_config
from sophia_cli.hooks.detect import Project, detect
from sophia_cli.hooks.record import Written
from sophia_cli.hooks.run import baseline_file
from sophia_cli.hooks.write import alone, read, written

GITHUB, GITLAB = "github", "gitlab"
_PATHS = {GITHUB: ".github/workflows/sophia.yml", GITLAB: ".gitlab/sophia.yml"}
_PIPELINE = ".gitlab-ci.yml"
_OURS = b"# Written by `sophia hooks ci"
_SECTION = re.compile(r"^#\[(\w+)\]\n(.*?)^#\[/\1\]\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Pipeline:
    """What would be written for one host; `line` is what the user has to add to a file of theirs."""

    clone: Clone
    host: str
    files: tuple[Written, ...]
    line: str = ""


def plan_pipeline(folder: Path, host: str) -> Pipeline:
    """The workflow for a host; changes nothing.

    Raises SophiaError where there are no hooks to run, or its file is somebody else's.
    """
    clone = look(folder)
    config = read(clone.root / NAME)
    if config is None or not read_config(config).repos:
        raise SophiaError("there are no hooks here for a pipeline to run", "sophia hooks install")
    path = _PATHS[host]
    before = read(clone.root / path)
    if before is not None and not before.startswith(_OURS):
        raise SophiaError(
            f"{path} is not ours, and is left alone", f"mv {path} {path}.old  and run it again"
        )
    text = _workflow(clone, host, detect(clone.root)).encode()
    files = [Written(path, before, text, mode_of(clone.root / path))]
    line = ""
    if host == GITLAB:
        include = f"include:\n  - local: {path}\n".encode()
        pipeline = read(clone.root / _PIPELINE)
        if pipeline is None:
            files.append(Written(_PIPELINE, None, include))
        elif path.encode() not in pipeline:
            line = f"include: [local: {path}]"
    return Pipeline(clone, host, tuple(one for one in files if one.before != one.after), line)


def write_pipeline(made: Pipeline) -> None:
    """Write the files of a plan, all or none. Raises SophiaError."""
    with alone(made.clone), written(made.clone.root, made.files):
        pass


def _workflow(clone: Clone, host: str, project: Project) -> str:
    text = asset(f"templates/ci/{host}.yml").read_text(encoding="utf-8")
    there = {
        "node": bool(project.scripts),
        "baseline": baseline_file(clone.root).exists(),
        "ratchet": project.has_baseline,
    }
    text = _SECTION.sub(lambda found: found[2] if there[found[1]] else "", text)
    needs = max(project.needs or (3, 0), sys.version_info[:2])
    key = "" if project.has_sonar_properties else f" --sonar-project-key {clone.root.name}"
    for name, value in {
        "@BRANCH@": default_branch(clone),
        "@PYTHON@": f"{needs[0]}.{needs[1]}",
        "@SOPHIA@": __version__,
        "@KEY@": key,
    }.items():
        text = text.replace(name, value)
    return text
