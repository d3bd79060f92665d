"""`sophia infra doctor`: everything that could be wrong, each with its mend."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from sophia_cli.commands.checks import show_checks
from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def doctor(root: Root = None, name: Name = "", as_json: Json = False) -> None:
    """Look at the engine, the machine, the secrets and the servers; exits 1 when something must be mended.

    Example:  sophia infra doctor
    """
    from sophia_cli.infra.doctor import examine
    from sophia_cli.infra.up import Asked

    output = Output(as_json=as_json)
    checks = list(examine(Asked(here(root), name), os.environ))
    output.envelope("infra doctor", [asdict(one) for one in checks])
    show_checks(output, checks, mends=True)
    bad = sum(one.state == "fail" for one in checks)
    output.line()
    output.line(f"{bad} of {len(checks)} checks failed." if bad else "Nothing must be mended.")
    if bad:
        raise typer.Exit(1)
