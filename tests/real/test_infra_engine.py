"""`sophia infra` on a real Docker engine with the real Prometheus and Alertmanager."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from stacks import NOBODY, Shop, docker, free_port, gone_at_the_end, lacking

from sophia_cli.infra import attached
from sophia_cli.infra.images import read_lock
from sophia_cli.infra.stack import Stack

IMAGES = ("prometheus", "alertmanager")
pytestmark = pytest.mark.skipif(bool(lacking(*IMAGES)), reason=lacking(*IMAGES) or "-")


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Debian's docker-registry on loopback; its address."""
    address = f"127.0.0.1:{free_port()}"
    config = folder / "registry.yml"
    config.write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}/registry\n"
        f"http:\n  addr: {address}\n"
    )
    with subprocess.Popen(
        ["docker-registry", "serve", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(100):
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://{address}/v2/", timeout=5)
                    break
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()


def lock(shop: Shop, *words: str, code: int) -> Any:
    """`infra lock`, which is of the project and not of a stack."""
    done = subprocess.run(
        [sys.executable, "-m", "sophia_cli", "infra", "lock", *words, "--json"],
        cwd=shop.folder, env=shop.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)["data"]


def start(shop: Shop) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "sophia_cli", *shop.up_words, "--name", shop.name],
        cwd=shop.folder, env=shop.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    images = {name: f"sophia-test/{name}" for name in IMAGES}
    with gone_at_the_end(Shop(tmp_path, images, "--profile", "metrics")) as made:
        yield made


def ask(shop: Shop) -> None:
    """A call of this project, in a process of its own."""
    command = [sys.executable, "-m", "sophia_cli", "llm", "ask", "hello"]
    subprocess.run(command, cwd=shop.folder, env=shop.environ, capture_output=True, check=True)


def calls_told(shop: Shop) -> str:
    """How many calls Prometheus knows of."""
    query = "/api/v1/query?query=sophia_ledger_rows"
    (found,) = shop.get("prometheus", query)["data"]["result"]
    return str(found["value"][1])


def jobs(shop: Shop) -> set[str]:
    """What Prometheus scrapes; it finds its targets some seconds after it is ready."""
    for _ in range(60):
        found = shop.get("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        if found:
            return {one["labels"]["job"] for one in found}
        time.sleep(0.5)
    return set()


def test_up_again_status_logs_down(shop: Shop) -> None:
    # Before there is anything: a plan leaves no file and no container.
    plan = shop.sophia(*shop.up_words, "--plan")["data"]
    assert plan["servers"] == {"prometheus": "start", "alertmanager": "start"}
    assert shop.containers() == {} and not (shop.folder / "state").exists()
    made = shop.sophia(*shop.up_words)["data"]
    assert made["urls"]["prometheus"] == f"http://localhost:{shop.ports['prometheus']}"
    assert "sonarqube" not in made["urls"]
    assert jobs(shop) == {"prometheus", "alertmanager"}
    rules = shop.get("prometheus", "/api/v1/rules")["data"]["groups"]
    assert {one["name"] for one in rules} == {"stack", "sophia-ledger", "sophia-alerts"}
    # It takes remote writes: nothing at all is a bad one, and a 404 where the receiver is off.
    write = f"http://127.0.0.1:{shop.ports['prometheus']}/api/v1/write"
    assert httpx.post(write, timeout=10).status_code in (204, 400)
    assert calls_told(shop) == "0"  # they are there before they grow
    ask(shop)
    assert calls_told(shop) == "1"
    # Nothing listens beyond this machine.
    bound = docker("ps", "--format", "{{.Ports}}", "--filter", f"name={shop.name}")
    assert bound.count("127.0.0.1:") == bound.count("->") == 2

    before = shop.containers()
    assert len(before) == 2
    assert shop.sophia(*shop.up_words)["data"]["changed"] == []
    assert shop.containers() == before
    stays = {"prometheus": "stays", "alertmanager": "stays"}
    assert shop.sophia(*shop.up_words, "--plan")["data"]["servers"] == stays
    files = {path: path.read_bytes() for path in shop.folder.rglob("state/**/*") if path.is_file()}
    other = ("--port", f"prometheus={free_port()}")
    assert shop.sophia(*shop.up_words, *other, "--plan")["data"]["servers"] == {
        "prometheus": "make anew: its image or settings differ",
        "alertmanager": "stays",
    }
    assert files == {path: path.read_bytes() for path in files}
    assert shop.containers() == before

    status = shop.sophia("infra", "status", code=1)["data"]
    phases = {one["server"]: one["phase"] for one in status["servers"]}
    assert phases == {"prometheus": "ready", "alertmanager": "ready", "grafana": "unreachable"}
    assert status["drift"] == []
    assert {"prometheus", "alertmanager"} <= set(status["disk"])
    lines = shop.sophia("infra", "logs", "prometheus")["data"]
    assert any("Server is ready" in line for line in lines)
    assert not any("\x1b" in line for line in lines)

    checks = shop.sophia("infra", "doctor", code=1)["data"]
    states = {one["name"]: one["state"] for one in checks}
    assert states["docker"] == states["ports"] == states["secrets"] == states["prometheus"] == "ok"
    assert states["grafana"] == "fail"

    # One that a killed backup has left standing still.
    docker("pause", f"{shop.name}-alertmanager-1")
    assert shop.sophia(*shop.up_words, "--plan")["data"]["servers"] == {
        **stays,
        "alertmanager": "start again",
    }
    checks = shop.sophia("infra", "doctor", code=1)["data"]
    [check] = [one for one in checks if one["name"] == "alertmanager"]
    assert (check["words"], check["mend"]) == ("paused", "sophia infra up")
    shop.sophia(*shop.up_words)
    assert shop.containers() == before

    # A container that was stopped by hand, and one whose files have changed.
    docker("stop", f"{shop.name}-alertmanager-1")
    plan = shop.sophia(*shop.up_words, "--plan")["data"]
    assert plan["servers"] == {**stays, "alertmanager": "start again"}
    status = shop.sophia("infra", "status", code=1)["data"]
    assert {one["server"]: one["phase"] for one in status["servers"]}["alertmanager"] == "exited"
    shop.sophia(*shop.up_words)
    assert shop.containers() == before

    secrets = shop.secrets()
    assert secrets
    assert [name for name, one in secrets.items() if any(one in text for text in shop.said)] == []

    assert list((shop.folder / "state").rglob("*.metrics"))
    assert shop.sophia("infra", "down")["data"]["servers"] == ["prometheus", "alertmanager"]
    assert not list((shop.folder / "state").rglob("*.metrics"))  # nothing is written there any more
    assert shop.containers() == {}
    volumes = docker(
        "volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={shop.name}"
    )
    assert {f"{shop.name}_{name}" for name in IMAGES} <= set(volumes.split())
    shop.sophia("infra", "down", "--volumes", code=2)
    assert shop.sophia("infra", "down", "--volumes", "--yes")["data"]["data_removed"] is True
    assert not docker(
        "volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={shop.name}"
    )


def test_a_prometheus_elsewhere_says_whether_it_can_be_written_to(tmp_path: Path) -> None:
    command = ["--config.file=/dev/null", "--storage.tsdb.path=/prometheus"]
    receiver = "--web.enable-remote-write-receiver"
    for more, states in (([receiver], ["ok"]), ([], ["ok", "warn"])):
        port = free_port()
        made = docker(
            "run", "--detach", "--rm", "--publish", f"127.0.0.1:{port}:9090",
            "sophia-test/prometheus", *command, *more,
        ).strip()  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(120):
                with suppress(httpx.HTTPError):
                    if httpx.get(f"{url}/-/ready", timeout=5).is_success:
                        break
                time.sleep(0.5)
            checks = attached.check(
                Stack("a", tmp_path, tmp_path, attached={"prometheus": url}), {}
            )
        finally:
            docker("rm", "--force", made)
        assert [one.state for one in checks] == states
        assert checks[0].words.startswith(f"{url} is ready, version ")


def test_a_server_that_moves_is_stopped_here_and_comes_back_with_its_data(shop: Shop) -> None:
    shop.sophia(*shop.up_words)
    name = f"{shop.name}-alertmanager-1"
    docker("exec", f"{shop.name}-prometheus-1", "sh", "-c", ": > /prometheus/mark")
    before = shop.containers()
    away = (*shop.up_words, "--prometheus-url", NOBODY)
    plan = shop.sophia(*away, "--plan")["data"]
    assert plan["servers"] == {"alertmanager": "stays", "prometheus": "stop; its data stays"}
    assert shop.containers() == before
    for _ in range(2):
        made = shop.sophia(*away)["data"]
        assert made["urls"]["prometheus"] == NOBODY
        assert shop.containers() == {name: before[name]}
    back = (*shop.up_words, "--detach", "prometheus")
    assert shop.sophia(*back, "--plan")["data"]["servers"] == {
        "alertmanager": "stays",
        "prometheus": "start",
    }
    made = shop.sophia(*back)["data"]
    assert made["urls"]["prometheus"] == f"http://localhost:{shop.ports['prometheus']}"
    assert "mark" in docker("exec", f"{shop.name}-prometheus-1", "ls", "/prometheus").split()


def test_a_registry_that_changes_has_the_images_fetched_there(shop: Shop) -> None:
    """Names of images that mean the same: what is made anew is made anew for its name alone."""
    settings = shop.folder / "sophia.toml"
    lock = {name: image.name for name, image in read_lock(shop.folder).items() if name in IMAGES}
    made = []
    try:
        for registry in ("a.sophia.test", "b.sophia.test"):
            for name, image in lock.items():
                docker("tag", f"sophia-test/{name}", f"{registry}/{image}")
                made.append(f"{registry}/{image}")
        ports = [f"--port={name}={port}" for name, port in shop.ports.items()]
        up = ("infra", "up", "--profile", "metrics", "--grafana-url", NOBODY, *ports)
        for registry in ("a.sophia.test", "b.sophia.test"):
            settings.write_text(f'[infra]\nregistry = "{registry}"\n')
            wanted = {name: f"{registry}/{image}" for name, image in lock.items()}
            assert shop.sophia(*up)["data"]["images"] == wanted
            assert {
                docker("inspect", "--format", "{{.Config.Image}}", name).strip()
                for name in shop.containers()
            } == set(wanted.values())
        shop.sophia("infra", "down", "--volumes", "--yes")
    finally:
        for image in made:
            docker("rmi", "--force", image)


def test_a_port_that_is_taken_stops_it_before_anything_is_there(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", shop.ports["alertmanager"]))
        taken.listen()
        error = shop.sophia(*shop.up_words, code=1)["error"]
    port = shop.ports["alertmanager"]
    assert error["message"].startswith(f"port {port} is held by ")
    assert f"(process {os.getpid()})" in error["message"]
    assert error["mend"] == f"stop it, or:  sophia infra up --port alertmanager={port + 1}"
    assert shop.containers() == {}


def test_an_image_that_is_missing(shop: Shop) -> None:
    words = [
        word.replace("=sophia-test/prometheus", "=127.0.0.1:1/none:1") for word in shop.up_words
    ]
    error = shop.sophia(*words, code=1)["error"]
    assert error["message"].startswith("the image 127.0.0.1:1/none:1 of Prometheus is not here, ")
    assert "connection refused" in error["message"]
    assert error["mend"] == (
        "check its name and the network, or name your own:  sophia infra up --image prometheus=IMAGE"
    )
    assert shop.containers() == {}


def test_a_server_that_does_not_start_says_so(shop: Shop) -> None:
    words = [
        word.replace("=sophia-test/prometheus", "=sophia-test/alertmanager")
        for word in shop.up_words
    ]
    error = shop.sophia(*words, "--timeout", "20", code=1)["error"]
    ways = ("ended with exit code 1", "ends again and again")
    assert error["message"] in {f"Prometheus {words}" for words in ways}
    assert error["mend"] == "sophia infra logs prometheus"


def test_killed_and_two_at_once(shop: Shop) -> None:
    first = start(shop)
    time.sleep(2.5)
    error = shop.sophia(*shop.up_words, code=1)["error"]
    assert error["message"] == f"another command is changing the stack `{shop.name}`"
    first.send_signal(signal.SIGKILL)
    first.wait()
    if first.stdout:
        first.stdout.close()
    shop.sophia(*shop.up_words)
    assert len(shop.containers()) == 2


def test_a_project_of_that_name_from_elsewhere_is_never_touched(shop: Shop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "compose.yaml").write_text(
        f"name: {shop.name}\nservices:\n  web:\n    image: sophia-test/prometheus\n"
    )
    subprocess.run(
        ["docker", "compose", "up", "-d"],
        cwd=elsewhere,
        env=shop.environ,
        check=True,
        capture_output=True,
    )
    before = shop.containers()
    error = shop.sophia(*shop.up_words, code=1)["error"]
    assert (
        error["message"] == f"a Compose project `{shop.name}` runs already, started in {elsewhere}"
    )
    assert shop.containers() == before


@pytest.mark.skipif(not shutil.which("docker-registry"), reason="docker-registry is not installed")
def test_digests_are_those_of_the_registry_and_an_image_is_fetched_by_it(
    shop: Shop, tmp_path: Path
) -> None:
    with registry(tmp_path) as address:
        own = {name: f"{address}/{name}:1" for name in IMAGES}
        for name, image in own.items():
            docker("tag", f"sophia-test/{name}", image)
            docker("push", image)
        nobody = {name: "127.0.0.1:1/none:1" for name in ("postgresql", "sonarqube", "grafana")}
        words = [f"--image={name}={image}" for name, image in {**own, **nobody}.items()]
        found = {one["server"]: one for one in lock(shop, *words, code=1)}
        for name, image in own.items():
            there = json.loads(
                docker("image", "inspect", "--format", "{{json .RepoDigests}}", image)
            )
            assert f"{image.rpartition(':')[0]}@{found[name]['digest']}" in there
        for name in nobody:
            assert found[name]["digest"] == "unresolved" and found[name]["reason"]

        for image in own.values():
            docker("rmi", image)
        ports = [f"--port={name}={port}" for name, port in shop.ports.items()]
        up = ("infra", "up", "--profile", "metrics", "--grafana-url", NOBODY, *ports)
        made = shop.sophia(*up)["data"]["images"]
        assert made == {name: f"{image}@{found[name]['digest']}" for name, image in own.items()}

        newer = f"{address}/prometheus:2"
        docker("tag", made["prometheus"], newer)
        docker("push", newer)
        docker("rmi", newer)
        to = ("--image", f"prometheus={newer}")
        plan = shop.sophia(*up, *to, "--plan")["data"]["servers"]
        assert plan == {"prometheus": f"fetch {newer}, start", "alertmanager": "stays"}
        assert shop.sophia("infra", "upgrade", *to)["data"]["images"] == {
            "prometheus": {"before": made["prometheus"], "now": newer}
        }
        shop.sophia("infra", "upgrade", "--image", f"prometheus={made['prometheus']}")
        docker("rmi", newer)

        bundle = tmp_path / "images.tar"
        saved = shop.sophia("infra", "bundle", str(bundle))["data"]
        assert saved["images"] == [own["prometheus"], own["alertmanager"]]
        assert saved["bytes"] == bundle.stat().st_size
        shop.sophia("infra", "down", "--volumes", "--yes")
        for image in (*made.values(), *own.values()):
            docker("rmi", image)

    # The registry is gone: what an archive holds is all there is.
    error = shop.sophia(*up, "--offline", code=1)["error"]
    assert error["message"] == f"the engine has no {own['prometheus']} for Prometheus"
    loaded = shop.sophia("infra", "bundle", "--load", str(bundle))["data"]
    assert loaded == {"there": [own["prometheus"], own["alertmanager"]], "lacking": []}
    assert shop.sophia(*up, "--offline")["data"]["images"] == own
    assert jobs(shop) == {"prometheus", "alertmanager"}
    shop.sophia("infra", "down", "--volumes", "--yes")
    for image in own.values():
        docker("rmi", image)


def test_a_bundle_for_which_there_is_no_room(shop: Shop, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar"
    broken.write_text("no archive")
    error = shop.sophia("infra", "bundle", "--load", str(broken), code=1)["error"]
    assert error["message"] == f"{broken} is no archive of images"
    shop.sophia(*shop.up_words)
    error = shop.sophia("infra", "bundle", "/proc/images.tar", code=1)["error"]
    assert error["message"].startswith("/proc has no room for ")
    shop.sophia("infra", "down", "--volumes", "--yes")
