"""The test-suite inside Debian 13, on its own Python 3.13, where a Docker engine runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGE = "sophia-test/python"
EXTRAS = "cli,fast,keyring,otel,snowflake"
# What the tests of tests/llm, tests/migrate and tests/commands import.
OTHERS = (
    "pytest",
    "pytest-asyncio",
    "hypothesis",
    "openai",
    "anthropic",
    "langchain-openai",
    "opentelemetry-sdk",
    "pre-commit",
)


def engine() -> str:
    """Why the test cannot run here; empty if it can."""
    try:
        done = subprocess.run(
            ["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "docker is not installed"
    if done.returncode and "No such image" not in done.stderr:
        return "no Docker engine answers"
    return (
        f"the image {IMAGE} is not there: tests/real/images.sh python makes it"
        if done.returncode
        else ""
    )


@pytest.mark.skipif(bool(engine()), reason=engine() or "-")
def test_passes_on_debian_13(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheels, ROOT], check=True)
    wheel = next(wheels.glob("sophia_cli-*.whl"))
    wanted = [f"sophia-cli[{EXTRAS}] @ file://{wheel}", *OTHERS]
    binary = ["--python-version", "3.13", "--only-binary=:all:", "--dest", wheels]
    subprocess.run([*pip, "download", *binary, *wanted], check=True)
    script = (
        "set -e; python3 -m venv /tmp/venv; "
        f"/tmp/venv/bin/pip install -q --no-index --find-links /wheels "
        f"'sophia-cli[{EXTRAS}]' {' '.join(OTHERS)}; "
        "mkdir /tmp/project; cp -r /src/tests /src/pyproject.toml /src/README.md /tmp/project; cd /tmp/project; "
        "/tmp/venv/bin/python -m pytest -q -p no:cacheprovider tests/llm tests/migrate tests/commands"
    )
    mounts = ["-v", f"{ROOT}:/src:ro", "-v", f"{wheels}:/wheels:ro"]
    command = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        *mounts,
        IMAGE,
        "/bin/sh",
        "-c",
        script,
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
