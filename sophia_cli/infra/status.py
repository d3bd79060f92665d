"""How a stack is: what answers, why what does not, and where it differs from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sophia_cli.errors import SophiaError
from sophia_cli.http import httpx
from sophia_cli.infra import quality
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.compose import PASSCODE, Compose
from sophia_cli.infra.containers import PROJECT, READY, State, states, tail
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.prometheus import Prometheus
from sophia_cli.infra.provide import lacking
from sophia_cli.infra.servers import NAMES, server
from sophia_cli.infra.sonarqube import UNREACHABLE, UP, SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.trouble import known_cause
from sophia_cli.infra.vault import FOLDER, Vault
from sophia_cli.process import run

if TYPE_CHECKING:
    from docker import DockerClient

ATTACHED = "attached"
_PATIENCE = 5.0  # seconds


@dataclass(frozen=True)
class Health:
    """One server: `phase` and, where it is not `ready`, the `reason`."""

    server: str
    phase: str
    url: str = ""
    version: str = ""
    reason: str = ""
    image: str = ""


@dataclass(frozen=True)
class Status:
    """A stack as it is now; `drift` is in words, `disk` in bytes by volume.

    `left` is what differs on its servers because somebody wants it so: no drift, as `up` leaves it too.
    `cut_off` is the error of a restore that was killed; None where none was.
    """

    stack: Stack
    servers: tuple[Health, ...]
    drift: tuple[str, ...]
    disk: Mapping[str, int]
    cut_off: SophiaError | None = None
    left: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        ready = all(one.phase == READY for one in self.servers)
        return ready and not self.drift and not self.cut_off


def read_status(stack: Stack, environ: Mapping[str, str]) -> Status:
    """Ask the engine and every server. Raises SophiaError when no engine answers."""
    engine, client = connect(environ)
    with closing(client):
        return look_at(stack, engine, client)


def look_at(stack: Stack, engine: Engine, client: DockerClient) -> Status:
    """The same of an engine that was reached already."""
    vault = Vault(stack.home / FOLDER)
    found = states(client, stack)
    servers = tuple(_health(client, stack, one, vault) for one in found)
    servers += tuple(_attached(stack, name) for name in NAMES if name in stack.attached)
    ready = {one.server for one in servers if one.phase == READY}
    left: list[str] = []
    drift = (
        *_files_drift(Compose(stack, engine), client, found),
        *_drift(stack, ready, vault, left.append),
    )
    disk, cut_off = _disk(stack, engine.environ), stacks.cut_off(stack.home)
    return Status(stack, servers, drift, disk, cut_off, tuple(left))


def _health(client: DockerClient, stack: Stack, state: State, vault: Vault) -> Health:
    url = stack.url(state.server) if server(state.server).port else ""
    if state.phase != READY:
        return Health(state.server, state.phase, url, "", _reason(client, state), state.image)
    version, reason = _answers(state.server, url, vault)
    return Health(state.server, "unhealthy" if reason else READY, url, version, reason, state.image)


def _reason(client: DockerClient, state: State) -> str:
    if state.phase == "missing":
        return "there is no container"
    cause = known_cause(tail(client, state, 200))
    if cause:
        return cause
    return f"exit code {state.exit_code}" if state.phase == "exited" else ""


def _attached(stack: Stack, name: str) -> Health:
    url = stack.url(name)
    version, reason = _answers(name, url, None)
    return Health(name, "unreachable" if reason else READY, url, version, reason, ATTACHED)


def version_of(stack: Stack, name: str) -> str:
    """What a server says it is; empty where it does not say."""
    if not server(name).port:
        return ""
    return _answers(name, stack.url(name), Vault(stack.home / FOLDER))[0]


def _answers(name: str, url: str, vault: Vault | None) -> tuple[str, str]:
    """(version, what is wrong) of a server, asked over its own port."""
    try:
        if name == "sonarqube":
            return _sonarqube(url, vault)
        if name == "grafana":
            found = _json(f"{url}/api/health")
            bad = "" if found.get("database") == "ok" else "its database is not ok"
            return str(found.get("version", "")), bad
        if name == "prometheus":
            with Prometheus(url) as asked:
                return asked.version(), "" if asked.is_ready() else "it is not ready"
        if name == "alertmanager":
            return str(_json(f"{url}/api/v2/status")["versionInfo"]["version"]), ""
    except SophiaError as error:
        return "", error.message
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        return "", f"does not answer: {error}"
    return "", ""


def _sonarqube(url: str, vault: Vault | None) -> tuple[str, str]:
    kept = vault.get(PASSCODE) if vault else None
    with SonarQube(url, passcode=kept.value if kept else "") as asked:
        state = asked.state()
        if state == UNREACHABLE:
            return "", "does not answer"
        if state != UP:
            return "", quality.PHASES.get(state, state)
        if not kept:
            return asked.version(), ""
        try:
            color, causes = asked.health()
        except SophiaError as error:
            return asked.version(), error.message
        return asked.version(), "" if color == "GREEN" else f"{color.lower()}: {'; '.join(causes)}"


def _json(url: str) -> dict[str, Any]:
    answer = httpx.get(url, timeout=_PATIENCE)
    answer.raise_for_status()
    found = answer.json()
    assert isinstance(found, dict)
    return found


def _files_drift(compose: Compose, client: DockerClient, found: tuple[State, ...]) -> Iterator[str]:
    """Where a container was made of other files than there are now."""
    for state in found:
        wanted = compose.stack.images[state.server]
        if state.container and state.image != wanted:
            yield f"{state.server} runs {state.image}, the stack says {wanted}"
    yield from (f"{name} was made of other files" for name in compose.changed(client))


def _drift(
    stack: Stack, ready: set[str], vault: Vault, leave: Callable[[str], None]
) -> Iterator[str]:
    """Where the servers differ from what `up` made of them."""
    for name in sorted(ready):
        title = server(name).title
        try:
            yield from (f"{title} lacks: {words}" for words in lacking(stack, name, vault, leave))
        except SophiaError as error:
            yield f"{title} cannot be compared: {error.message}"


def _disk(stack: Stack, environ: Mapping[str, str]) -> dict[str, int]:
    """Bytes by volume; nothing where the engine does not tell."""
    done = run(
        ["docker", "system", "df", "-v", "--format", "{{range .Volumes}}{{.Name}} {{.Size}} {{.Labels}}\n{{end}}"],
        env=environ, timeout=60,
    )  # fmt: skip
    sizes = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if len(words) == 3 and f"{PROJECT}={stack.name}" in words[2].split(","):
            sizes[words[0].removeprefix(f"{stack.name}_")] = _bytes(words[1])
    return sizes


def _bytes(text: str) -> int:
    """`1.5GB` as the engine writes it: powers of ten."""
    number = text.rstrip("kMGTB")
    factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    return int(float(number) * factor[text[len(number) :].rstrip("B")])
