"""Which Grafana the commands of `sophia dashboards` ask, and by which credentials."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.llm.secret import is_key

if TYPE_CHECKING:
    from sophia_cli.infra.grafana import Grafana

Url = Annotated[
    str,
    typer.Option(
        "--grafana-url", help="A Grafana elsewhere (default: that of this project's stack)."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="Its token, in a file (default: SOPHIA_GRAFANA_TOKEN)."),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH|UID]...", help="Files, folders, or boards that ship (default: those)."
    ),
]
Api = Annotated[
    str, typer.Option("--api", help="By which API: api (Grafana 10 to 13) or apis (13).")
]
_VARIABLE = "SOPHIA_GRAFANA_TOKEN"


def grafana(root: Path, url: str, token_file: Path | None, name: str, api: str) -> Grafana:
    """The server, open until its block ends. Raises SophiaError where there is none or no credentials."""
    from sophia_cli.infra import credentials, stack
    from sophia_cli.infra.grafana import Grafana
    from sophia_cli.infra.login import Login
    from sophia_cli.infra.resources import Resources

    ways = {"api": Grafana, "apis": Resources}
    if api not in ways:
        raise UsageError(f"there is no API `{api}`", f"--api, one of: {', '.join(ways)}")
    client = ways[api]
    if url:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"`{url}` is no URL", "such as --grafana-url https://grafana.internal")
        return client(url, Login(token=_token(root, url, token_file)))
    if token_file:
        raise UsageError("--token-file is of a Grafana elsewhere", "--grafana-url URL")
    found = stack.find(root, name, os.environ)
    if not found.url("grafana"):
        words = f"the stack `{found.name}` has no Grafana"
        raise SophiaError(words, "sophia infra up --profile metrics   (or --grafana-url URL)")
    return client(found.url("grafana"), credentials.need(found, "grafana"))


def _token(root: Path, url: str, file: Path | None) -> str:
    if file is None:
        token = os.environ.get(_VARIABLE, "").strip()
        if not token:
            words = f"there is no token for Grafana at {url}"
            raise SophiaError(words, f"set {_VARIABLE}, or --token-file FILE")
        return _checked(token, _VARIABLE)
    try:
        return _checked((root / file).read_text(encoding="utf-8").strip(), str(file))
    except OSError as error:
        words = f"{file} cannot be read: {error.strerror}"
        raise SophiaError(words, "name a file that holds a token") from error
    except UnicodeDecodeError as error:
        raise SophiaError(f"{file} holds no token", "one line, of a service account") from error


def _checked(token: str, place: str) -> str:
    if not is_key(token):
        raise SophiaError(f"{place} holds no token", "one line, of a service account")
    return token
