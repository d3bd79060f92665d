"""The Docker engine: resolved once, so that Compose and the SDK talk to the same one."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sophia_cli.errors import SophiaError
from sophia_cli.process import ProgramNotFound, run

if TYPE_CHECKING:
    from docker import DockerClient

OLDEST_ENGINE = (20, 10)
OLDEST_COMPOSE = (2, 23, 1)  # configurations and secrets from the environment
_PATIENCE = 20.0  # seconds for a question to the engine
_LOCAL = ("unix://", "npipe://")


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers.

    `host` is its address, `environ` what `docker compose` is started with to reach it. Memory in
    bytes. `desktop` is one in a virtual machine of its own, whose kernel is not this machine's.
    """

    host: str
    environ: Mapping[str, str]
    version: str
    compose: str
    memory: int
    folder: str
    system: str

    @property
    def desktop(self) -> bool:
        return "Docker Desktop" in self.system

    @property
    def local(self) -> bool:
        """Whether its kernel, its ports and its disk are those of this machine."""
        return self.host.startswith(_LOCAL) and not self.desktop and Path("/proc/version").exists()


def connect(environ: Mapping[str, str]) -> tuple[Engine, DockerClient]:
    """The engine that `docker` would talk to, and a client of it. Raises SophiaError with the mend."""
    variables = _resolved(environ)
    client = _client(variables)
    try:
        info = _info(client, variables["DOCKER_HOST"])
        engine = Engine(
            variables["DOCKER_HOST"],
            variables,
            str(info.get("ServerVersion", "")),
            _compose_version(variables),
            int(info.get("MemTotal", 0)),
            str(info.get("DockerRootDir", "")),
            str(info.get("OperatingSystem", "")),
        )
        _refuse_old(engine)
    except BaseException:
        client.close()
        raise
    return engine, client


def _info(client: DockerClient, host: str) -> dict[str, Any]:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        return dict(client.info())
    except (DockerException, RequestException) as error:
        raise _unreachable(host, str(error)) from error


def numbers(version: str) -> tuple[int, ...]:
    """`20.10.24+dfsg1` as (20, 10, 24)."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _resolved(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment with the engine's address written out: the SDK does not know of contexts."""
    variables = dict(environ)
    if variables.get("DOCKER_HOST", "").strip():
        return variables
    try:
        asked = run(["docker", "context", "inspect"], env=variables, timeout=_PATIENCE)
    except ProgramNotFound as error:
        raise SophiaError(
            "docker is not installed", "https://docs.docker.com/engine/install/"
        ) from error
    if asked.code:
        raise SophiaError(f"docker has no context: {asked.stderr.strip()}", "docker context ls")
    try:
        context = json.loads(asked.stdout)[0]
        variables["DOCKER_HOST"] = context["Endpoints"]["docker"]["Host"]
        if context.get("TLSMaterial"):
            folder = Path(context["Storage"]["TLSPath"]) / "docker"
            variables.update(DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(folder))
    except (ValueError, LookupError, TypeError) as error:
        raise SophiaError("docker says nothing of its context", "docker context inspect") from error
    variables.pop("DOCKER_CONTEXT", None)  # with both, `docker` takes the host and warns
    return variables


def _client(variables: Mapping[str, str]) -> DockerClient:
    import docker
    from docker.errors import DockerException

    host = variables["DOCKER_HOST"]
    _knock(host)
    try:
        over_ssh = host.startswith("ssh://")
        return docker.from_env(
            environment=dict(variables), timeout=int(_PATIENCE), use_ssh_client=over_ssh
        )
    except DockerException as error:
        raise _unreachable(host, str(error)) from error


def _knock(host: str) -> None:
    """See whether anybody listens on a local socket: the SDK leaves its own open where nobody does."""
    if not host.startswith("unix://"):
        return
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(host.removeprefix("unix://"))
        except OSError as error:
            raise _unreachable(host, repr(error)) from error


def _unreachable(host: str, words: str) -> SophiaError:
    if "PermissionError" in words or "Permission denied" in words:
        mend = "sudo usermod -aG docker $USER   (then log in again)"
        return SophiaError(f"this user may not talk to the Docker engine at {host}", mend)
    if (
        "FileNotFoundError" in words
        or "Refused" in words
        or "refused" in words
        or "No such file" in words
    ):
        mend = "start it:  sudo systemctl start docker   (or Docker Desktop)"
        return SophiaError(f"no Docker engine answers at {host}", mend)
    if "client version" in words and "too old" in words:
        return SophiaError(
            f"the Docker engine at {host} is too new for the library that asks it: {words}",
            "pip install --upgrade docker",
        )
    if "too new" in words or "no longer supported" in words:
        return SophiaError(f"the Docker engine at {host} is too old: {words}", "update Docker")
    return SophiaError(f"the Docker engine at {host} cannot be used: {words}", "docker version")


def _compose_version(variables: Mapping[str, str]) -> str:
    mend = "install the plugin docker-compose-v2:  https://docs.docker.com/compose/install/linux/"
    try:
        asked = run(["docker", "compose", "version", "--short"], env=variables, timeout=_PATIENCE)
    except ProgramNotFound as error:
        raise SophiaError("the program docker is not installed", mend) from error
    if asked.code:
        raise SophiaError("Docker Compose v2 is not installed", mend)
    return asked.stdout.strip().removeprefix("v")


def _refuse_old(engine: Engine) -> None:
    if numbers(engine.version) < OLDEST_ENGINE:
        wanted = ".".join(map(str, OLDEST_ENGINE))
        raise SophiaError(
            f"the Docker engine is {engine.version}, {wanted} or newer is needed", "update Docker"
        )
    if numbers(engine.compose) < OLDEST_COMPOSE:
        wanted = ".".join(map(str, OLDEST_COMPOSE))
        raise SophiaError(
            f"Docker Compose is {engine.compose or 'unknown'}, {wanted} or newer is needed",
            "https://docs.docker.com/compose/install/linux/",
        )


def containers(client: DockerClient, **filters: Any) -> list[Any]:
    """The engine's containers that fit, running or not. Raises SophiaError when it stops answering."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        return list(client.containers.list(all=True, filters=filters, ignore_removed=True))
    except (DockerException, RequestException) as error:
        raise SophiaError(f"the Docker engine does not answer: {error}", "docker info") from error
