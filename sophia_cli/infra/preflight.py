"""What would keep a stack from coming up, before anything of it is created."""

from __future__ import annotations

from collections.abc import Iterator

from sophia_cli.checked import FAIL, OK, WARN, Check
from sophia_cli.infra.engine import Engine
from sophia_cli.infra.machine import Machine
from sophia_cli.infra.servers import QUALITY
from sophia_cli.infra.stack import Stack

GIB = 1 << 30
# Elasticsearch refuses to start below the first; SonarQube's documentation asks for the second.
MAPS_LEAST, MAPS_ASKED = 262_144, 524_288
FILES_LEAST, FILES_ASKED = 65_535, 131_072
_MEMORY = {"quality": 3 * GIB, "metrics": GIB // 2}
_DISK_LEAST, _DISK_ASKED = 2 * GIB, 8 * GIB


def check(stack: Stack, engine: Engine, machine: Machine) -> tuple[Check, ...]:
    """Judge the machine for this stack."""
    quality = any(one.profile == QUALITY for one in stack.running)
    checks = [
        Check("docker", OK, f"{engine.version}, Compose {engine.compose}"),
        *_ports(stack, machine),
    ]
    checks += [_memory(stack, machine), _disk(machine)]
    if quality:
        checks += [_maps(engine, machine), _files(stack, machine)]
    return tuple(checks)


def _ports(stack: Stack, machine: Machine) -> Iterator[Check]:
    wanted = {stack.ports[one.name]: one.name for one in stack.running if one.port}
    taken = {port: holder for port, holder in machine.ports.items() if holder.project != stack.name}
    for port, holder in taken.items():
        name = wanted[port]
        yield Check(
            "ports", FAIL, f"port {port} is held by {holder.words}",
            f"stop it, or:  sophia infra up --port {name}={port + 1}",
        )  # fmt: skip
    if not taken:
        yield Check("ports", OK, f"{' '.join(map(str, sorted(wanted)))} free")


def _memory(stack: Stack, machine: Machine) -> Check:
    need = sum(_MEMORY[profile] for profile in {one.profile for one in stack.running})
    if machine.memory is None:
        return Check("memory", WARN, "cannot be read from here")
    words = f"{machine.memory / GIB:.1f} GB free, about {need / GIB:.1f} needed"
    return Check("memory", OK if machine.memory >= need else WARN, words)


def _disk(machine: Machine) -> Check:
    if machine.disk is None:
        return Check("disk", WARN, "the engine's disk cannot be read from here")
    words = f"{machine.disk / GIB:.0f} GB free"
    if machine.disk < _DISK_LEAST:
        return Check(
            "disk", FAIL, f"{words}, {_DISK_ASKED / GIB:.0f} needed", "docker system prune"
        )
    return Check("disk", OK if machine.disk >= _DISK_ASKED else WARN, words)


def _maps(engine: Engine, machine: Machine) -> Check:
    count = machine.map_count
    if count is None:
        mend = _set_in_machine(engine)
        words = f"vm.max_map_count cannot be read from here; SonarQube needs {MAPS_ASKED}"
        return Check("kernel", WARN, words, mend)
    if count >= MAPS_ASKED:
        return Check("kernel", OK, f"vm.max_map_count is {count}")
    state = FAIL if count < MAPS_LEAST else WARN
    mend = (
        f"sudo sysctl -w vm.max_map_count={MAPS_ASKED}\n"
        f"echo vm.max_map_count={MAPS_ASKED} | sudo tee /etc/sysctl.d/90-sonarqube.conf"
    )
    return Check(
        "kernel", state, f"vm.max_map_count is {count}, SonarQube needs {MAPS_ASKED}", mend
    )


def _set_in_machine(engine: Engine) -> str:
    """The mend where the kernel is that of a virtual machine."""
    if engine.desktop:
        return (
            f"macOS:  docker run --rm --privileged alpine sysctl -w vm.max_map_count={MAPS_ASKED}\n"
            f'WSL 2:  in %UserProfile%\\.wslconfig: kernelCommandLine = "sysctl.vm.max_map_count={MAPS_ASKED}"'
        )
    return f"on the engine's machine:  sudo sysctl -w vm.max_map_count={MAPS_ASKED}"


def _files(stack: Stack, machine: Machine) -> Check:
    limit = machine.open_files
    if limit is None:
        return Check("open files", WARN, "the engine's limit cannot be read from here")
    if limit >= FILES_ASKED:
        return Check("open files", OK, f"{FILES_ASKED} allowed")
    words = f"the engine allows {limit} open files, SonarQube needs {FILES_ASKED}"
    mend = (
        "raise it:  sudo systemctl edit docker   (LimitNOFILE=infinity under [Service]), restart it,\n"
        "or, where you cannot:  sophia infra up --no-search-checks"
    )
    if limit >= FILES_LEAST:
        return Check("open files", WARN, words, mend)
    if not stack.search_checks:
        words = f"{limit}, below {FILES_ASKED}: the search engine's own checks are switched off"
        return Check("open files", WARN, words)
    return Check("open files", FAIL, words, mend)
