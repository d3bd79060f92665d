"""A project with a real stack of `sophia infra`, for the tests that need an engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

# Of the user who runs the tests, not of the home that each test has: Compose is a plugin there.
CONFIG = os.environ.get("DOCKER_CONFIG") or str(Path.home() / ".docker")
NOBODY = "http://127.0.0.1:9"  # of servers that have no image here


def lacking(*images: str) -> str:
    """Why tests with these images cannot run here; empty if they can."""
    if not shutil.which("docker"):
        return "docker is not installed"
    for command, words in (
        (["docker", "info"], "no Docker engine answers"),
        (["docker", "compose", "version"], "tests/real/compose.sh was not run: no Compose"),
        *(
            (
                ["docker", "image", "inspect", f"sophia-test/{name}"],
                f"tests/real/images.sh {name} was not run",
            )
            for name in images
        ),
    ):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return words
    return ""


def docker(*words: str, errors: bool = False) -> str:
    """What a command says; with `errors` also what it says on stderr."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + (done.stderr if errors else "")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Shop:
    """A project with a stack of its own name and ports; `images` is server -> image."""

    def __init__(self, folder: Path, images: Mapping[str, str], *words: str) -> None:
        self.folder = folder
        self.name = f"sophia-test-{os.getpid()}"
        self.ports = {name: free_port() for name in images if name != "postgresql"}
        self.environ = {
            **os.environ,
            "HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "DOCKER_CONFIG": CONFIG,
            "COLUMNS": "80",
        }
        self.up_words = ["infra", "up", *words, "--grafana-url", NOBODY]
        for name, image in images.items():
            self.up_words += ["--image", f"{name}={image}"]
        for name, port in self.ports.items():
            self.up_words += ["--port", f"{name}={port}"]
        self.said: list[str] = []

    def sophia(self, *words: str, code: int = 0, stdin: str = "", patience: float = 180) -> Any:
        """Run a command with --json; its envelope."""
        done = subprocess.run(
            [sys.executable, "-m", "sophia_cli", *words, "--name", self.name, "--json"],
            cwd=self.folder, env=self.environ, capture_output=True, text=True, input=stdin,
            check=False, timeout=patience,
        )  # fmt: skip
        self.said.append(done.stdout + done.stderr)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def containers(self) -> dict[str, str]:
        """Container ids by name."""
        return dict(
            line.split()
            for line in docker(
                "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}",
                "--filter", f"label=com.docker.compose.project={self.name}",
            ).splitlines()
        )  # fmt: skip

    def get(self, server: str, path: str) -> Any:
        return httpx.get(f"http://127.0.0.1:{self.ports[server]}{path}", timeout=10).json()

    def secrets(self) -> dict[str, str]:
        """The vault, as it lies in its folder."""
        found = self.folder.rglob(f"{self.name}/secrets/*")
        return {path.name: json.loads(path.read_text())["value"] for path in found}


@contextmanager
def gone_at_the_end(shop: Shop) -> Iterator[Shop]:
    """Nothing of the stack outlives the block."""
    try:
        yield shop
    finally:
        of = ("--filter", f"label=com.docker.compose.project={shop.name}")
        for name in shop.containers():
            docker("rm", "--force", name)
        for kind in ("volume", "network"):
            for name in docker(kind, "ls", "-q", *of).split():
                docker(kind, "rm", name)
