"""SonarSource's MCP server as an entry in the files of the clients that talk to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.files import mode_of, put
from sophia_cli.infra.stack import Stack

# Its README, and the variables: docs.sonarsource.com/sonarqube-mcp-server/reference/environment-variables
IMAGE = "sonarsource/sonarqube-mcp:1.25.0.3221"
ENTRY = "sonarqube"
TOKEN = "SONARQUBE_TOKEN"  # the variable; the server takes a user's token only


@dataclass(frozen=True)
class Client:
    """A program that starts MCP servers: its file in a project, and how that names a variable."""

    name: str
    file: str
    table: str
    variable: str
    typed: bool = False

    def is_used(self, root: Path) -> bool:
        """Whether the project has a file or a folder of this client."""
        path = root / self.file
        return path.exists() or (path.parent != root and path.parent.is_dir())


CLIENTS = (
    Client("claude", ".mcp.json", "mcpServers", "${%s}"),
    Client("cursor", ".cursor/mcp.json", "mcpServers", "${env:%s}"),
    Client("vscode", ".vscode/mcp.json", "servers", "${env:%s}", typed=True),
)


@dataclass(frozen=True)
class Written:
    """What became of one client's file: `added`, `there` already, or `other`: an entry of that name is its own."""

    client: Client
    state: str


def clients_of(root: Path, names: tuple[str, ...]) -> tuple[Client, ...]:
    """The named clients; without names those that the project has, else the first."""
    if names:
        return tuple(one for one in CLIENTS if one.name in names)
    return tuple(one for one in CLIENTS if one.is_used(root)) or CLIENTS[:1]


def entry(stack: Stack, client: Client, token: str, *, writes: bool) -> dict[str, Any]:
    """The entry: a container that is started on demand, with the token of the variable `token`.

    It only reads, unless `writes`. A server of our own listens on loopback, which no container
    reaches: there the entry joins the stack's network.
    """
    attached = stack.attached.get("sonarqube", "")
    network = f"{stack.name}_default"
    if attached:
        network = "host" if re.match(r"https?://(localhost|127\.|\[::1\])", attached) else ""
    variables = {
        "SONARQUBE_URL": stack.url("sonarqube") if attached else "http://sonarqube:9000",
        "SONARQUBE_READ_ONLY": "false" if writes else "true",
        "TELEMETRY_DISABLED": "true",
        TOKEN: client.variable % token,
    }
    words = ["run", "--init", "-i", "--rm", *(["--network", network] if network else [])]
    for name in variables:
        words += ["-e", name]
    kind = {"type": "stdio"} if client.typed else {}
    return {**kind, "command": "docker", "args": [*words, IMAGE], "env": variables}


def add_entry(root: Path, client: Client, wanted: Mapping[str, Any]) -> Written:
    """Add the entry to the client's file, which keeps whatever else it holds. Raises SophiaError."""
    path = root / client.file
    mend = f"mend it, or name another:  sophia infra mcp --client {_another(client)}"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else "{}\n"
        data = json.loads(text)
        table = data.setdefault(client.table, {})
        found = table.get(ENTRY)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SophiaError(f"{client.file} cannot be read as JSON: {error}", mend) from error
    except AttributeError as error:
        raise SophiaError(f"{client.file} has no table `{client.table}`", mend) from error
    if found is not None:
        return Written(client, "there" if found == wanted else "other")
    table[ENTRY] = dict(wanted)
    try:
        path.parent.mkdir(exist_ok=True)
        put(path, _text(data, text).encode(), mode_of(path))
    except OSError as error:
        raise SophiaError(f"{client.file} cannot be written: {error.strerror}", mend) from error
    return Written(client, "added")


def _text(data: object, before: str) -> str:
    """JSON as the file was indented."""
    found = re.search(r"^([ \t]+)\S", before, re.MULTILINE)
    indent: str | int = found[1] if found else 2
    return json.dumps(data, indent=indent, ensure_ascii=False) + "\n"


def _another(client: Client) -> str:
    return next(one.name for one in CLIENTS if one is not client)
