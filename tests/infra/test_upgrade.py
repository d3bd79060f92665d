"""Which servers an upgrade would give another image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sophia_cli.errors import UsageError
from sophia_cli.infra.images import read_lock
from sophia_cli.infra.up import Asked, settle
from sophia_cli.infra.upgrade import wanted_images


def test_older_images_of_the_same_name_and_nothing_else(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    stack = settle(Asked(tmp_path), environ)
    assert wanted_images(stack, {}, environ) == {}

    lock = read_lock(tmp_path)["sonarqube"].name
    old = {"sonarqube": "sonarqube:26.1.0.118079-community", "prometheus": "own/prometheus:1"}
    stack = replace(stack, images={**stack.images, **old})
    assert wanted_images(stack, {}, environ) == {"sonarqube": (old["sonarqube"], lock)}
    named = {"prometheus": "own/prometheus:2", "sonarqube": "own/sonarqube:3"}
    assert wanted_images(stack, named, environ) == {
        "sonarqube": (old["sonarqube"], "own/sonarqube:3"),
        "prometheus": ("own/prometheus:1", "own/prometheus:2"),
    }


def test_images_that_are_none(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    with pytest.raises(UsageError, match="there is no server `redis`"):
        wanted_images(settle(Asked(tmp_path), environ), {"redis": "redis:7"}, environ)
