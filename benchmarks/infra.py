"""What `sophia infra` adds to plain `docker compose` and pysonar, in one run on a real engine.

Usage: python benchmarks/infra.py [--rounds N] [--quick]     Needs the images of tests/real/images.sh.

Two questions. A second `up` beside `docker compose up --detach --wait` with the same files, by turns. And the time from
nothing to a finished first analysis, once by hand and once by `sophia`, each with a cache of its own. `--quick` answers
the first for Prometheus and Alertmanager alone. Everything is removed at the end.
"""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from sophia_cli.infra.compose import Compose
from sophia_cli.infra.engine import connect
from sophia_cli.infra.stack import load

SECOND_UP, FIRST_ANALYSIS = 1.5, 1.1  # times the peer
QUALITY = ("postgresql", "sonarqube")
METRICS = ("prometheus", "alertmanager")
IMAGE = {
    "postgresql": "postgres",
    **{name: name for name in ("sonarqube", "prometheus", "alertmanager")},
}
SAMPLE = "def add(a, b, c):\n    if a == a:\n        return a + b\n"
PATIENCE = 1800


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Project:
    """A folder with three lines of Python, and a stack for it."""

    def __init__(self, folder: Path, *servers: str) -> None:
        self.folder, self.servers = folder, servers
        self.name = f"sophia-bench-{secrets.token_hex(3)}"
        self.ports = {name: free_port() for name in servers if name != "postgresql"}
        (folder / "sums.py").write_text(SAMPLE)
        self.environ = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def sophia(self, *words: str) -> str:
        command = [sys.executable, "-m", "sophia_cli", "infra", *words, "--name", self.name]
        return run(command, self.folder, self.environ)

    def up(self) -> str:
        profiles = {"quality" if name in QUALITY else "metrics" for name in self.servers}
        words = [f"--profile={profile}" for profile in profiles]
        words += [f"--port={name}={port}" for name, port in self.ports.items()]
        words += [f"--image={name}=sophia-test/{IMAGE[name]}" for name in self.servers]
        words += ["--grafana-url", "http://127.0.0.1:9"] if "metrics" in profiles else []
        return self.sophia("up", "--no-search-checks", "--timeout", str(PATIENCE), *words)

    @property
    def home(self) -> Path:
        return self.folder / "state" / "sophia" / "infra" / self.name


def run(command: list[str], cwd: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def project(*servers: str) -> Iterator[Project]:
    with tempfile.TemporaryDirectory() as folder:
        made = Project(Path(folder), *servers)
        try:
            yield made
        finally:
            # what `by_hand` made is no stack of ours, and is taken down there
            if (made.home / "stack.json").exists():
                made.sophia("down", "--volumes", "--yes")


def second_up(made: Project, rounds: int) -> tuple[float, float]:
    """Median seconds of `sophia infra up` and of Compose alone, on a stack that is up."""
    stack = load(made.name, made.environ)
    assert stack is not None
    engine, client = connect(made.environ)
    client.close()
    compose = Compose(stack, engine)
    alone = ("up", "--detach", "--wait", *made.servers)
    ours, peer = [], []
    for _ in range(rounds):
        peer.append(timed(lambda: compose.do(*alone, timeout=PATIENCE)))
        ours.append(timed(made.up))
    return statistics.median(ours), statistics.median(peer)


def by_hand(made: Project) -> dict[str, float]:
    """What a person does without us: the same files for Compose, five requests, pysonar."""
    # Only the files are ours: `up --plan` writes none, so they are prepared as `up` would.
    from sophia_cli.infra.up import Asked, settle

    images = {name: f"sophia-test/{IMAGE[name]}" for name in made.servers}
    asked = Asked(made.folder, made.name, ("quality",), made.ports, images, search_checks=False)
    engine, client = connect(made.environ)
    client.close()
    made.home.mkdir(parents=True)
    # the limit that this machine gives, as `up` finds it out before it starts anything
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    stack = settle(asked, made.environ)
    compose = Compose(replace(stack, open_files=min(stack.open_files, most)), engine)
    compose.prepare()
    try:
        return first_analysis(made, compose)
    finally:
        compose.do("down", "--volumes", timeout=PATIENCE)


def first_analysis(made: Project, compose: Compose) -> dict[str, float]:
    took = {"containers": timed(lambda: compose.do(
        "up", "--detach", "--wait", "--wait-timeout", str(PATIENCE), *made.servers, timeout=PATIENCE
    ))}  # fmt: skip
    url, password = f"http://localhost:{made.ports['sonarqube']}", f"A{secrets.token_hex(12)}_9"
    token = ""

    def requests() -> None:
        nonlocal token
        with httpx.Client(base_url=f"{url}/api", auth=("admin", "admin"), timeout=60) as asked:
            change = {"login": "admin", "previousPassword": "admin", "password": password}
            asked.post("/users/change_password", data=change).raise_for_status()
        with httpx.Client(base_url=f"{url}/api", auth=("admin", password), timeout=60) as asked:
            asked.post("/projects/create", data={"project": "p", "name": "p"}).raise_for_status()
            data = {"name": "t", "type": "PROJECT_ANALYSIS_TOKEN", "projectKey": "p"}
            token = asked.post("/user_tokens/generate", data=data).json()["token"]

    took["requests"] = timed(requests)
    environ = {
        **made.environ,
        "SONAR_TOKEN": token,
        "SONAR_HOST_URL": url,
        "SONAR_USER_HOME": str(made.folder / "cache"),
    }
    scanner = [
        str(Path(sys.executable).with_name("pysonar")), "--project-key", "p",
        "-Dsonar.qualitygate.wait=true", "-Dsonar.scm.disabled=true",
    ]  # fmt: skip
    took["analysis"] = timed(lambda: run(scanner, made.folder, environ))
    return took


def by_sophia(made: Project) -> dict[str, float]:
    return {
        "up": timed(made.up),
        "analysis": timed(lambda: made.sophia("scan", "--timeout", str(PATIENCE))),
    }


def bar(name: str, found: float, most: float) -> str:
    return f"| {name} | {found:.2f}x | {most:.2f}x | {'yes' if found <= most else '**no**'} |"


def parts(took: dict[str, float]) -> str:
    total = sum(took.values())
    return f"{total:.1f} s: " + ", ".join(f"{name} {one:.1f} s" for name, one in took.items())


def main(rounds: int, quick: bool) -> None:
    bars = []
    if not quick:
        with project(*QUALITY) as made:
            hand = by_hand(made)
            print(f"by hand    {parts(hand)}", flush=True)
        with project(*QUALITY) as made:
            took = by_sophia(made)
            print(f"sophia     {parts(took)}", flush=True)
            ours, peer = second_up(made, rounds)
        print(f"second up  {ours:.2f} s, Compose alone {peer:.2f} s (SonarQube and PostgreSQL)")
        bars.append(bar("second up / Compose alone, SonarQube", ours / peer, SECOND_UP))
        ratio = sum(took.values()) / sum(hand.values())
        bars.append(bar("first analysis / by hand", ratio, FIRST_ANALYSIS))
    with project(*METRICS) as made:
        made.up()
        ours, peer = second_up(made, rounds)
    print(f"second up  {ours:.2f} s, Compose alone {peer:.2f} s (Prometheus and Alertmanager)")
    bars.append(bar("second up / Compose alone, Prometheus", ours / peer, SECOND_UP))
    print("\n| bar | found | at most | met |\n|---|---|---|---|\n" + "\n".join(bars))


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--quick", action="store_true")
    given = words.parse_args()
    main(given.rounds, given.quick)
