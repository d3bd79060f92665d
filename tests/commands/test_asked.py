"""The commands that are proposed look at what the one that was typed looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.commands.migrate.asked import Asked, Class

ALL = Asked(
    Path("shop"),
    kind=Class.REVIEW,
    include=["tests/*"],
    exclude=["old"],
    pack=[Path("a pack.toml"), Path("two")],
    allow_dirty=True,
    only=["*.py"],
    changed_since="main",
    batch="agents",
    verify="pytest -q",
    timeout=60.0,
)
SELECTING = (
    "--root shop --include 'tests/*' --exclude old --pack \"a pack.toml\" --pack two"
    " --only '*.py' --changed-since main --batch agents"
)
PROPOSED: list[tuple[tuple[str, ...], str]] = [
    ((), f"sophia migrate {SELECTING}"),
    (("show", "safe"), f"sophia migrate show safe {SELECTING}"),
    (("--json",), f"sophia migrate --json {SELECTING}"),
    (("scan", "--files"), "sophia migrate scan --files --root shop --exclude old"
     ' --pack "a pack.toml" --pack two'),
    (("cleanup", "--apply"), "sophia migrate cleanup --apply --root shop --exclude old"
     ' --pack "a pack.toml" --pack two'),
    (("report",), "sophia migrate report --root shop --include 'tests/*' --exclude old"
     ' --pack "a pack.toml" --pack two'),
    (("show", "run:7c1e"), "sophia migrate show run:7c1e --root shop"),
    (("rollback", "7c1e", "7c1d"), "sophia migrate rollback 7c1e 7c1d --root shop"),
    (("resume",), "sophia migrate resume --root shop"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), PROPOSED)
def test_with_all_that_the_command_takes(words: tuple[str, ...], line: str) -> None:
    assert ALL.command(*words) == line
    assert Asked(None).command(*words) == " ".join(["sophia migrate", *words])


def test_of_shims() -> None:
    shims = Asked(None, shim=True, pack=[Path("p")])
    assert shims.command("show", "safe") == "sophia migrate show safe --shim --pack p"
    assert shims.again() == "sophia migrate --apply --shim --pack p"
    assert shims.command("check") == "sophia migrate check --pack p"


def test_the_same_of_another_batch() -> None:
    others = SELECTING.replace("--batch agents", "--batch shared")
    assert ALL.again("shared") == (
        f"sophia migrate --apply --class review --allow-dirty {others}"
        ' --verify "pytest -q" --verify-timeout 60'
    )
    assert Asked(None).again() == "sophia migrate --apply"
