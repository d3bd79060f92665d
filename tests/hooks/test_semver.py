"""Ranges as npm reads them: what they take, compared with npm's own reader where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

from sophia_cli.hooks.update.semver import fits, version

VERSIONS = (
    "0.0.3", "0.2.3", "0.3.0", "1.0.0", "1.2.0", "1.2.3", "1.9.9", "2.0.0", "4.8.4", "6.0.3", "6.1.0",
    "6.1.0-beta", "8.57.0", "8.0.0-0", "9.0.0-rc.1", "9.39.1", "10.0.0-alpha.0", "10.15.0", "20.19.0",
)  # fmt: skip
RANGES = (
    "*", "", "x", "1", "1.2", "1.x", "1.2.x", "1.2.*", "v1.2.3", "=1.2.3", "^1.2.3", "^0.2.3", "^0.0.3",
    "^0.0", "^0.x", "^1", "~1.2.3", "~1.2", "~1", "~0.2.3", "~> 1.2", ">=4.8.4 <6.1.0", ">= 4.8.4 < 6.1.0",
    ">1", ">1.2", ">=1.2", "<2", "<=2", "<=1.2", "<1.2.3", "1.2.3 - 6", "1.2 - 2.0", "^8.57.0 || ^9.0.0",
    "^8.0.0-0 || ^9.0.0", "^3.0.0 || ^8.0.0-0||^10.0.0", ">=9.0.0-rc.0", "^10.0.0-alpha.0", "<6.1.0-zeta",
    "^20.19.0 || ^22.13.0 || >=24", ">=6.1.0-alpha <7", "^1.2.3 <1.9", "<0.0.0", ">*", "1.2.3+build",
)  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (">=4.8.4 <6.1.0", ("4.8.4", "6.0.3")),
        ("^8.57.0 || ^9.0.0", ("8.57.0", "9.39.1")),
        ("^0.2.3", ("0.2.3",)),
        ("1.2.3 - 1", ("1.2.3", "1.9.9")),
        ("^20.19.0 || ^22.13.0 || >=24", ("20.19.0",)),
        (">=9.0.0-rc.0 <10", ("9.0.0-rc.1", "9.39.1")),
    ],
)
def test_what_a_range_takes(wanted: str, taken: tuple[str, ...]) -> None:
    assert tuple(one for one in VERSIONS if fits(one, wanted)) == taken


@pytest.mark.parametrize(
    "wanted", ["latest", "workspace:*", "npm:other@1", "https://example.com/a.tgz", "a || b", ">>1"]
)
def test_what_is_no_range_excludes_nothing(wanted: str) -> None:
    assert all(fits(one, wanted) for one in VERSIONS)


@pytest.mark.parametrize("text", ["", "1", "1.2", "latest", "^1.2.3", "1.2.3.4", "1.2.x"])
def test_what_is_no_version(text: str) -> None:
    assert version(text) is None


def test_the_order_of_versions() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11",
             "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2.0.0"]  # fmt: skip
    found = [one for text in texts if (one := version(text))]
    assert sorted(reversed(found)) == found


def test_it_agrees_with_npm() -> None:
    """Every range with every version, as npm's own library judges them."""
    npm = shutil.which("npm")
    library = Path(npm).resolve().parents[1] / "node_modules" / "semver" if npm else None
    if library is None or not library.is_dir():
        pytest.skip("npm with its semver is not installed here")
    pairs = list(product(VERSIONS, RANGES))
    code = (
        f"const semver = require({json.dumps(str(library))});"
        "const pairs = JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(pairs.map(([one, range]) => semver.satisfies(one, range))))"
    )
    done = subprocess.run(
        ["node", "-e", code], input=json.dumps(pairs), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)
    wrong = [
        (one, wanted, real)
        for (one, wanted), real in zip(pairs, theirs, strict=True)
        if fits(one, wanted) is not real
    ]
    assert wrong == []
