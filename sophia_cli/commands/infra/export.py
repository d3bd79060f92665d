"""`sophia infra export`: the stack for another place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def export(
    helm: Annotated[
        Path, typer.Option("--helm", metavar="FOLDER", help="Values of the official Helm charts.")
    ],
    root: Root = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Write the stack's settings as values of the charts of SonarQube, kube-prometheus-stack and Grafana.

    Each file names the version of its chart and the commands that install it. No secret is in them.

    Example:  sophia infra export --helm deploy/helm
    """
    from sophia_cli.infra.helm import values, write_values
    from sophia_cli.infra.up import Asked, settle

    output = Output(as_json=as_json)
    folder = here(root)
    texts = values(settle(Asked(folder, name), os.environ))
    written = write_values(folder / helm, texts)
    output.envelope(
        "infra export", {"folder": str(helm), "files": list(texts), "written": list(written)}
    )
    for file in texts:
        output.line(f"  {helm / file}{'' if file in written else '   as it was'}")
    output.line(f"Next:  each file's first lines say how it is installed:  head {helm}/*.yaml")
