"""What the servers of a stack said, without the secrets of the stack."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sophia_cli.errors import SophiaError
from sophia_cli.infra.compose import Compose, last_line
from sophia_cli.infra.engine import connect
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import FOLDER, Vault

_TOKEN = re.compile(r"\b(sq[aup]_[0-9a-f]{8})[0-9a-f]{32}\b|\b(glsa_\w{4})\w+")


# Compose writes some even where nobody sees colours, and a log may hold any that somebody sent to its server.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def read_logs(stack: Stack, server: str, lines: int, environ: Mapping[str, str]) -> str:
    """The last `lines` of one server, or of all for an empty name. Raises SophiaError."""
    if server and server not in stack.servers:
        raise SophiaError(
            f"the stack `{stack.name}` has no server `{server}`",
            f"one of: {', '.join(stack.servers)}",
        )
    engine, client = connect(environ)
    client.close()
    words = ["logs", "--no-color", "--tail", str(lines), *([server] if server else [])]
    done = Compose(stack, engine).run(*words, timeout=120)
    if done.code:
        raise SophiaError(f"docker compose logs failed: {last_line(done.stderr)}")
    return redact(_CONTROL.sub("", done.stdout), Vault(stack.home / FOLDER))


def redact(text: str, vault: Vault) -> str:
    """The text without any secret of the vault, and without tokens of the servers."""
    for name in vault.names():
        kept = vault.get(name)
        if kept:
            text = text.replace(kept.value, f"[{name}]")
    return _TOKEN.sub(lambda found: f"{found[1] or found[2]}...", text)
