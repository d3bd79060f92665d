"""`sophia hooks ci`: the same gate in a pipeline."""

from __future__ import annotations

from typing import Annotated

import typer

from sophia_cli.commands.hooks.asked import Plan, Yes, agreed, files_data, row, show_difference
from sophia_cli.commands.options import Json, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def ci(
    github: Annotated[bool, typer.Option("--github", help="A workflow of GitHub Actions.")] = False,
    gitlab: Annotated[bool, typer.Option("--gitlab", help="Jobs of GitLab.")] = False,
    plan: Plan = False,
    yes: Yes = False,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Write a pipeline that runs the hooks on what is new, the migration's ratchet and SonarQube's scan.

    It names SONAR_HOST_URL and SONAR_TOKEN, which you set on the host; without them nothing is scanned.

    Example:  sophia hooks ci --github
    """
    from sophia_cli.hooks.ci import GITHUB, GITLAB, plan_pipeline, write_pipeline

    if github == gitlab:
        raise UsageError("name one host", "sophia hooks ci --github  or  --gitlab")
    output = Output(as_json=as_json)
    host = GITHUB if github else GITLAB
    made = plan_pipeline(here(root), host)
    show_difference(output, made.files)
    command = f"sophia hooks ci --{host}"
    go = bool(made.files) and not plan and agreed(output, "Write it?", yes=yes, command=command)
    if go:
        write_pipeline(made)
    data = {"host": host, "files": files_data(made.files), "written": go, "add": made.line}
    output.envelope("hooks ci", data)
    row(output, "to add", made.line and f"in .gitlab-ci.yml:  {made.line}")
    if go:
        names = " ".join(one.path for one in made.files)
        output.line(f"Written.  Next:  git add {names}")
    elif not made.files:
        output.line("Nothing to do: it is as it would be written.")
