"""`sophia infra secrets`: the passwords that `up` made."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from sophia_cli.commands.infra.asked import Name
from sophia_cli.commands.options import App, Json, Root
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here
from sophia_cli.typed import hidden_line

app = App(help="The passwords and tokens of the stack.", no_args_is_help=True)
Which = Annotated[str, typer.Argument(help="One of them, such as sonarqube.")]


@app.command()
def show(which: Which = "", root: Root = None, name: Name = "", as_json: Json = False) -> None:
    """List the secrets masked, or show one of them whole.

    Example:  sophia infra secrets show sonarqube
    """
    from sophia_cli.infra.stack import find
    from sophia_cli.infra.vault import FOLDER, Vault

    output = Output(as_json=as_json)
    vault = Vault(find(here(root), name, os.environ).home / FOLDER)
    if which:
        kept = vault.get(which)
        if kept is None:
            known = ", ".join(vault.names()) or "none yet"
            raise SophiaError(f"there is no secret `{which}`", f"there are: {known}")
        output.envelope("infra secrets show", {"name": which, "value": kept.value})
        output.line(kept.value)
        return
    rows = [(one, str(vault.get(one)), f"made {vault.age(one)} x") for one in vault.names()]
    output.envelope(
        "infra secrets show", [{"name": one, "masked": masked} for one, masked, _ in rows]
    )
    output.table(("secret", "value", ""), rows)
    output.line("One of them whole:  sophia infra secrets show sonarqube")


@app.command()
def rotate(which: Which, root: Root = None, name: Name = "", as_json: Json = False) -> None:
    """Make a secret anew, on the server and here: sonarqube (its admin), sonarqube-token, grafana, grafana-token.

    Example:  sophia infra secrets rotate sonarqube-token
    """
    from sophia_cli.infra.rotate import rotate as renew
    from sophia_cli.infra.stack import find

    output = Output(as_json=as_json)
    stack = find(here(root), name, os.environ)
    renew(stack, which)
    output.envelope("infra secrets rotate", {"name": which})
    output.line(f"{which} is new; the one before is not taken any more.")


@app.command("set")
def keep(which: Which, root: Root = None, name: Name = "", as_json: Json = False) -> None:
    """Keep how a server is logged in to that exists already: an administrator's token, or admin's password.

    It is typed without an echo, or piped in; never an argument.

    Example:  sophia infra secrets set grafana < FILE
    """
    from sophia_cli.infra.credentials import VARIABLES, give
    from sophia_cli.infra.stack import alone, home_of, named_of

    output = Output(as_json=as_json)
    if which not in VARIABLES:
        known = ", ".join(VARIABLES)
        raise UsageError(f"`{which}` is not a server that is logged in to", f"one of: {known}")
    named = named_of(here(root).resolve(), name, os.environ)
    value = hidden_line(f"Token or admin's password of {which} (it is not shown): ")
    if not value:
        raise UsageError(
            "nothing was typed on a terminal, and nothing was piped in",
            f"sophia infra secrets set {which} < FILE",
        )
    home = home_of(named, os.environ)
    with alone(home):
        kept = give(home, which, value)
    output.envelope("infra secrets set", {"name": which, "stack": named, "masked": str(kept)})
    output.line(f"{which} of the stack `{named}` is {kept}.  Next:  sophia infra up")
