"""What must be known of the machine before a stack is started; read here, judged in `preflight`."""

from __future__ import annotations

import errno
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sophia_cli.infra.engine import Engine, containers

if TYPE_CHECKING:
    from docker import DockerClient

_PROC = Path("/proc")
_PROJECT = "com.docker.compose.project"


@dataclass(frozen=True)
class Holder:
    """Who has a port: a `container` of a Compose `project` (or of none), or a process."""

    container: str = ""
    project: str = ""
    process: str = ""

    @property
    def words(self) -> str:
        if self.container:
            of = f" (Compose project `{self.project}`)" if self.project else ""
            return f"container `{self.container}`{of}"
        return self.process or "another process"


@dataclass(frozen=True)
class Machine:
    """Bytes free on the engine's disk and in memory, kernel and engine limits; None: cannot be read from here.

    `ports` has those that are taken, by whom.
    """

    memory: int | None = None
    disk: int | None = None
    map_count: int | None = None
    open_files: int | None = None
    ports: Mapping[int, Holder] = field(default_factory=dict)


def look(engine: Engine, client: DockerClient, ports: tuple[int, ...]) -> Machine:
    """Read what can be read. An engine elsewhere tells its memory and its containers' ports only."""
    held = {port: holder for port in ports if (holder := _holder(engine, client, port))}
    if not engine.local:
        return Machine(memory=engine.memory or None, ports=held)
    return Machine(
        _free_memory(), _free_disk(engine.folder), _map_count(), _open_files(), held
    )  # fmt: skip


def _free_memory() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        for line in (_PROC / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _free_disk(folder: str) -> int | None:
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return None


def _map_count() -> int | None:
    with suppress(OSError, ValueError):
        return int((_PROC / "sys/vm/max_map_count").read_text())
    return None


def _open_files() -> int | None:
    """The engine's own hard limit: no container gets more."""
    with suppress(OSError, ValueError, IndexError):
        for pid in _pids("dockerd"):
            for line in (_PROC / str(pid) / "limits").read_text().splitlines():
                if line.startswith("Max open files"):
                    word = line.split()[4]
                    return 1 << 30 if word == "unlimited" else int(word)
    return None


def _pids(name: str) -> Iterator[int]:
    for folder in _PROC.iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and (folder / "comm").read_text().strip() == name:
                yield int(folder.name)


def _holder(engine: Engine, client: DockerClient, port: int) -> Holder | None:
    for container in containers(client, publish=str(port), status=["running", "paused"]):
        project = container.labels.get(_PROJECT, "")
        return Holder(container=container.name, project=project)
    if not engine.local or _is_free(port):
        return None
    return Holder(process=_process_on(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port that a closed connection lingers on can be had.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno not in (errno.EADDRINUSE, errno.EACCES)
    return True


def _process_on(port: int) -> str:
    """`python3 (process 4711)`; empty where this user may not see whose it is."""
    nodes = {f"socket:[{node}]" for node in _listening(port)}
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            if any(str(link.readlink()) in nodes for link in (folder / "fd").iterdir()):
                return f"{(folder / 'comm').read_text().strip()} (process {folder.name})"
    return ""


def _listening(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen there (`/proc/net/tcp`, state 0A)."""
    for name in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / name).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rpartition(":")[2], 16) == port:
                    yield words[9]
