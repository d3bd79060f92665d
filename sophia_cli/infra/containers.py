"""The containers of a stack, as the engine sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sophia_cli.infra.engine import containers
from sophia_cli.infra.servers import NAMES
from sophia_cli.infra.stack import Stack

if TYPE_CHECKING:
    from docker import DockerClient

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FOLDER = "com.docker.compose.project.working_dir"
READY, PAUSED = "ready", "paused"


@dataclass(frozen=True)
class State:
    """One server's container: `phase` is `ready`, `starting`, `unhealthy`, `restarting`, `paused`, `exited` or `missing`."""

    server: str
    phase: str
    container: str = ""
    image: str = ""
    exit_code: int = 0


def of_stack(client: DockerClient, stack: Stack) -> list[Any]:
    """The containers of the stack's Compose project, whoever started it. Raises SophiaError."""
    return containers(client, label=f"{PROJECT}={stack.name}")


def states(client: DockerClient, stack: Stack) -> tuple[State, ...]:
    """One for each server that should run, in the order of their start."""
    found = {one.labels.get(SERVICE, ""): one for one in of_stack(client, stack)}
    result = []
    for wanted in stack.running:
        one = found.get(wanted.name)
        if one is None:
            result.append(State(wanted.name, "missing"))
            continue
        state = one.attrs.get("State", {})
        result.append(
            State(
                wanted.name,
                _phase(state, int(one.attrs.get("RestartCount", 0))),
                one.name,
                str(one.attrs.get("Config", {}).get("Image", "")),
                int(state.get("ExitCode", 0)),
            )
        )
    return tuple(result)


def left_over(client: DockerClient, stack: Stack) -> tuple[str, ...]:
    """The servers that have a container, and are elsewhere by now or not wanted any more."""
    there = {one.labels.get(SERVICE, "") for one in of_stack(client, stack)}
    return tuple(name for name in NAMES if name in there and name not in stack.servers)


def missing(client: DockerClient, stack: Stack) -> Iterator[tuple[str, str]]:
    """(server, image) of the images that the engine has to fetch."""
    from docker.errors import ImageNotFound

    for one in stack.running:
        image = stack.images[one.name]
        try:
            client.images.get(image)
        except ImageNotFound:
            yield one.name, image


def outdated(client: DockerClient, stack: Stack) -> tuple[str, ...]:
    """The servers whose image, by its name, is another one by now than that which they run."""
    from docker.errors import ImageNotFound

    found = []
    for one in of_stack(client, stack):
        name = one.labels.get(SERVICE, "")
        try:
            if (
                name in stack.servers
                and client.images.get(stack.images[name]).id != one.attrs["Image"]
            ):
                found.append(name)
        except ImageNotFound:
            found.append(name)
    return tuple(found)


def elsewhere(client: DockerClient, stack: Stack) -> str:
    """The other folder from which a Compose project of the stack's name was started; empty where none was."""
    for one in of_stack(client, stack):
        folder = str(one.labels.get(FOLDER, ""))
        return folder if folder and Path(folder) != stack.home else ""
    return ""


def tail(client: DockerClient, state: State, lines: int = 40) -> str:
    """The last lines of a container's log."""
    from docker.errors import DockerException

    if not state.container:
        return ""
    try:
        log = client.containers.get(state.container).logs(tail=lines)
    except DockerException:
        return ""
    return bytes(log).decode(errors="replace")


def _phase(state: dict[str, object], restarts: int) -> str:
    status = str(state.get("Status", ""))
    if status == "running":
        health = state.get("Health")
        word = str(health.get("Status", "")) if isinstance(health, dict) else "healthy"
        begun = "restarting" if restarts else "starting"  # between two of its ends it runs
        return {"healthy": READY, "unhealthy": "unhealthy"}.get(word, begun)
    words = {"created": "starting", "restarting": "restarting", "paused": PAUSED}
    return words.get(status, "exited")
