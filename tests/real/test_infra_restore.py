"""`sophia infra backup`, `restore` and `upgrade` where a start takes seconds: Prometheus and Alertmanager alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from stacks import Shop, docker, gone_at_the_end, lacking

IMAGES = ("prometheus", "alertmanager")
pytestmark = pytest.mark.skipif(bool(lacking(*IMAGES)), reason=lacking(*IMAGES) or "-")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    images = {name: f"sophia-test/{name}" for name in IMAGES}
    with gone_at_the_end(Shop(tmp_path, images, "--profile", "metrics")) as made:
        made.sophia(*made.up_words)
        yield made


@pytest.fixture
def tag() -> Iterator[str]:
    """A name of an image that means what the test wants."""
    name = f"sophia-test/prometheus:test-{os.getpid()}"
    docker("tag", "sophia-test/prometheus", name)
    yield name
    docker("rmi", "--force", name)


def seen_at(shop: Shop, moment: float) -> list[str]:
    """The servers that Prometheus had scraped at a moment."""
    path = f"/api/v1/query?query=up&time={moment:.0f}"
    found = shop.get("prometheus", path)["data"]["result"]
    return sorted(one["metric"]["job"] for one in found)


def scraped(shop: Shop) -> float:
    """A moment at which both were."""
    for _ in range(120):
        if seen_at(shop, time.time()) == ["alertmanager", "prometheus"]:
            return time.time()
        time.sleep(0.5)
    raise AssertionError("Prometheus scrapes nothing")


def images(shop: Shop) -> dict[str, str]:
    """Server -> image of what runs."""
    return {
        name: docker("inspect", "--format", "{{.Config.Image}}", f"{shop.name}-{name}-1").strip()
        for name in IMAGES
    }


def test_what_was_destroyed_is_there_again(shop: Shop) -> None:
    moment = scraped(shop)
    path = shop.folder / "shop.tar"
    saved = shop.sophia("infra", "backup", str(path))["data"]
    assert set(saved["parts"]) == {"prometheus.tar", "alertmanager.tar"}
    assert (saved["size"], saved["counts"], saved["secrets"]) == (path.stat().st_size, None, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    inside = docker("exec", f"{shop.name}-prometheus-1", "ls", "/prometheus/snapshots")
    assert inside == ""  # Prometheus' own copy is not left there

    shop.sophia("infra", "down", "--volumes", "--yes")
    shop.sophia("infra", "restore", str(path), code=2)
    shop.sophia("infra", "restore", str(path), "--yes", "another", code=2)
    assert shop.containers() == {}
    restored = shop.sophia("infra", "restore", str(path), "--yes", shop.name)["data"]
    assert (restored["counts"], restored["secrets"]) == (None, [])
    assert seen_at(shop, moment) == ["alertmanager", "prometheus"]
    assert [path.name for path in shop.folder.rglob("*.tmp")] == []


def test_a_backup_that_is_not_whole_touches_nothing(shop: Shop) -> None:
    path = shop.folder / "shop.tar"
    shop.sophia("infra", "backup", str(path))
    before = shop.containers()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    error = shop.sophia("infra", "restore", str(path), "--yes", shop.name, code=1)["error"]
    assert error["message"] == f"{path} is damaged, or no backup"
    assert shop.containers() == before


def test_without_room_there_is_no_backup(shop: Shop) -> None:
    path = shop.folder / "shop.tar"
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", sys.executable, "-m", "sophia_cli",
         "infra", "backup", str(path), "--name", shop.name],
        cwd=shop.folder, env=shop.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-2:] == [
        f"sophia: {path} cannot be written: File too large",
        "        free some space, or name a file on another disk",
    ]
    assert [one.name for one in shop.folder.iterdir() if "shop" in one.name] == []


def test_an_upgrade_and_one_that_fails(shop: Shop, tag: str) -> None:
    moment = scraped(shop)
    assert shop.sophia("infra", "upgrade")["data"]["images"] == {}
    done = shop.sophia("infra", "upgrade", "--image", f"prometheus={tag}")["data"]
    assert done["images"] == {"prometheus": {"before": "sophia-test/prometheus", "now": tag}}
    now = {"prometheus": tag, "alertmanager": "sophia-test/alertmanager"}
    assert images(shop) == now
    assert seen_at(shop, moment) == ["alertmanager", "prometheus"]

    wrong = "prometheus=sophia-test/alertmanager"
    error = shop.sophia("infra", "upgrade", "--image", wrong, "--timeout", "30", code=1)["error"]
    assert error["message"].endswith("; rolled back: images and data are those of before")
    assert images(shop) == now
    assert seen_at(shop, moment) == ["alertmanager", "prometheus"]
    assert shop.sophia("infra", "status", code=1)["data"]["drift"] == []


def test_a_restore_that_fails_puts_back_what_was_there(shop: Shop, tag: str) -> None:
    shop.sophia(*shop.up_words, "--image", f"prometheus={tag}")
    path = shop.folder / "shop.tar"
    shop.sophia("infra", "backup", str(path))
    shop.sophia(*shop.up_words)
    moment = scraped(shop)
    docker("tag", "sophia-test/alertmanager", tag)  # what the backup names cannot run any more
    words = ("infra", "restore", str(path), "--yes", shop.name, "--timeout", "20")
    error = shop.sophia(*words, code=1)["error"]
    assert error["message"].endswith("; the stack is as it was before")
    assert images(shop)["prometheus"] == "sophia-test/prometheus"
    assert seen_at(shop, moment) == ["alertmanager", "prometheus"]


def test_an_image_that_its_name_means_no_more_is_replaced(shop: Shop, tag: str) -> None:
    words = (*shop.up_words, "--image", f"prometheus={tag}")
    shop.sophia(*words)
    before = shop.containers()
    shop.sophia(*words)
    assert shop.containers() == before
    name = f"{shop.name}-prometheus-1"
    docker("commit", "--change", "LABEL another=1", name, tag)
    shop.sophia(*words)
    after = shop.containers()
    assert before.pop(name) != after.pop(name)
    assert after == before
