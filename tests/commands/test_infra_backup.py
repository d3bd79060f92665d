"""`sophia infra backup`, `restore`, `upgrade` and `down --volumes`, as far as no Docker is needed to answer."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from shell import COMMAND, Said, sophia, surroundings

from sophia_cli.infra import stack as stacks
from sophia_cli.infra.archive import About, writing
from sophia_cli.infra.backup import SECRETS, settings_of
from sophia_cli.infra.before import find, forget, keep
from sophia_cli.infra.sealed import seal
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.up import Asked, settle


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def infra(folder: Path, *words: str, stdin: str = "", **environ: str) -> Said:
    state = {"XDG_STATE_HOME": str(folder / "state"), "DOCKER_HOST": "unix:///nowhere/no.sock"}
    return sophia("infra", *words, cwd=folder, stdin=stdin, **{**state, **environ})


def stack_in(folder: Path) -> Stack:
    stack = settle(Asked(folder), {"XDG_STATE_HOME": str(folder / "state")})
    stacks.save(stack)
    return stack


def backup_in(folder: Path, *parts: str, secrets: str = "") -> Path:
    stack = settle(Asked(folder), {"XDG_STATE_HOME": str(folder / "state")})
    with writing(folder / "shop.tar") as writer:
        for name in parts:
            writer.put(name, b"")
        if secrets:
            writer.put(SECRETS, seal({"grafana": "x"}, secrets))
        writer.about(About(stack.name, "2026-11-27T09:00:00+00:00", "0", settings_of(stack), {}))
    return folder / "shop.tar"


@pytest.mark.parametrize("words", [("backup",), ("upgrade",)], ids=" ".join)
def test_without_a_stack(shop: Path, words: tuple[str, ...]) -> None:
    said = infra(shop, *words)
    assert (said.code, said.out) == (1, "")
    assert said.err == "sophia: there is no stack `sophia-shop`\n        sophia infra up\n"


def test_secrets_need_a_passphrase(shop: Path) -> None:
    stack_in(shop)
    said = infra(shop, "backup", "--secrets")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "sophia: secrets need a passphrase, and there is nobody to ask\n"
        "        set SOPHIA_BACKUP_PASSPHRASE\n"
    )


@pytest.mark.parametrize("words", [("backup",), ("upgrade",)], ids=" ".join)
def test_without_an_engine(shop: Path, words: tuple[str, ...]) -> None:
    home = stack_in(shop).home
    before = sorted(home.rglob("*"))
    said = infra(shop, *words, "--json")
    assert said.code == 1
    assert said.json["error"]["message"] == "no Docker engine answers at unix:///nowhere/no.sock"
    assert [path for path in sorted(home.rglob("*")) if path not in before] == [home / "lock"]


def test_a_restore_asks_for_the_name(shop: Path) -> None:
    path = backup_in(shop)
    said = infra(shop, "restore", str(path))
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "sophia: the data of the stack `sophia-shop` is replaced by that of"
        " 2026-11-27T09:00:00+00:00, and there is nobody to ask\n"
        "        add --yes sophia-shop\n"
    )
    said = infra(shop, "restore", str(path), "--yes", "shop")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "sophia: the backup is of `sophia-shop`, not of `shop`",
    )
    assert not (shop / "state").exists()


def test_a_backup_of_another_stack(shop: Path) -> None:
    path = backup_in(shop)
    said = infra(shop, "restore", str(path), "--name", "other", "--yes", "other")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"sophia: {path} is of the stack `sophia-shop`, not of `other`\n"
        f"        sophia infra restore {path} --name sophia-shop\n"
    )


def test_no_backup_at_all(shop: Path) -> None:
    said = infra(shop, "restore", "none.tar", "--yes", "sophia-shop")
    assert (said.code, said.err.splitlines()[0]) == (
        1,
        f"sophia: there is no file {shop / 'none.tar'}",
    )


def test_a_wrong_passphrase_is_refused_before_anything_is_touched(shop: Path) -> None:
    path = backup_in(shop, secrets="right")
    words = ("restore", str(path), "--yes", "sophia-shop")
    said = infra(shop, *words, SOPHIA_BACKUP_PASSPHRASE="wrong")
    assert said.err == (
        "sophia: the passphrase does not open the secrets of this backup\n"
        "        set SOPHIA_BACKUP_PASSPHRASE to the one it was made with, or leave them:"
        "  --without-secrets\n"
    )
    for more in ({"SOPHIA_BACKUP_PASSPHRASE": "right"}, {}):
        option = () if more else ("--without-secrets",)
        said = infra(shop, *words, *option, **more)
        assert said.err.splitlines()[0] == (
            "sophia: no Docker engine answers at unix:///nowhere/no.sock"
        )


def test_grafanas_data_without_its_password(shop: Path) -> None:
    path = backup_in(shop, "grafana.tar")
    words = ("restore", str(path), "--yes", "sophia-shop")
    said = infra(shop, *words)
    assert (said.code, said.err) == (
        1,
        "sophia: Grafana's password is neither in the backup nor kept here\n"
        f"        sophia infra restore {path} --without-grafana   (`up` brings the boards)\n",
    )
    said = infra(shop, *words, "--without-grafana")
    assert said.err.startswith("sophia: no Docker engine answers")


@pytest.mark.parametrize("words", [(), ("shop.tar", "--undo")], ids=["neither", "both"])
def test_a_restore_is_of_a_backup_or_back(shop: Path, words: tuple[str, ...]) -> None:
    said = infra(shop, "restore", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err == ("sophia: name a backup, or --undo\n        sophia infra restore FILE\n")


def test_there_is_nothing_to_go_back_to(shop: Path) -> None:
    said = infra(shop, "restore", "--undo")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: no restore of the stack `sophia-shop` was cut off\n"
        "        sophia infra status\n"
    )


def test_a_restore_that_was_cut_off_is_said_by_whoever_would_change_the_stack(shop: Path) -> None:
    stack = stack_in(shop)
    path = shop / "shop.tar"
    before = keep(stack.home, path, stack, {"grafana": "of before"}, ran=True)
    assert find(stack.home) == before
    assert before.vault.names() == ("grafana",)
    assert {path.stat().st_mode & 0o077 for path in before.folder.rglob("grafana")} == {0}
    for words in (("up",), ("backup",), ("upgrade",), ("secrets", "set", "grafana")):
        said = infra(shop, *words, stdin="x\n")
        assert (said.code, said.out) == (1, "")
        assert said.err == (
            "sophia: a restore of the stack `sophia-shop` was cut off\n"
            f"        begin it again:  sophia infra restore {path}\n"
            "        or put back what was before:  sophia infra restore --undo --name sophia-shop\n"
        )
    said = infra(shop, "doctor", PATH=str(shop))
    assert "  restore       fail: a restore of the stack `sophia-shop` was cut off\n" in said.out
    said = infra(shop, "restore", "--undo")  # it needs an engine for what it does
    assert said.err.startswith("sophia: no Docker engine answers")
    forget(before)
    assert find(stack.home) is None
    assert infra(shop, "up").err.startswith("sophia: no Docker engine answers")


def test_one_that_was_cut_off_before_it_changed_anything(shop: Path) -> None:
    """Whoever is killed while it is written down has changed nothing yet."""
    stack = stack_in(shop)
    before = keep(stack.home, shop / "shop.tar", stack, {"grafana": "x"}, ran=False)
    (before.folder / "before.json").unlink()
    assert find(stack.home) is None
    again = keep(stack.home, shop / "shop.tar", None, {}, ran=False)
    assert (again.stack, again.vault.names(), again.kept) == (None, (), ())


def test_removing_data_asks_for_the_name_and_names_the_backup(shop: Path) -> None:
    stack_in(shop)
    said = infra(shop, "down", "--volumes")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "sophia: all data of the stack `sophia-shop` is removed: projects, analyses, metrics,"
        " and there is nobody to ask\n"
        "        sophia infra backup --secrets\n"
        "        then, here:  add --yes\n"
    )


@pytest.mark.parametrize(
    ("typed", "code", "last"),
    [
        ("n\nshop\n", 2, "sophia: that is not its name: nothing was changed"),
        ("\n", 1, "sophia: no Docker engine answers at unix:///nowhere/no.sock"),
        ("n\nsophia-shop\n", 1, "sophia: no Docker engine answers at unix:///nowhere/no.sock"),
    ],
    ids=["wrong name", "backup first", "the name"],
)
def test_a_terminal_is_asked_for_a_backup_and_the_name(
    shop: Path, typed: str, code: int, last: str
) -> None:
    stack_in(shop)
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    done = subprocess.run(
        [*COMMAND, "infra", "down", "--volumes"],
        cwd=shop, stdin=theirs, capture_output=True, text=True, check=False,
        env=surroundings(XDG_STATE_HOME=str(shop / "state"), DOCKER_HOST="unix:///nowhere/no.sock"),
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    lines = done.stderr.splitlines()
    assert (done.returncode, lines[0]) == (code, "Make a backup first? [Y/n]")
    assert lines[-2] == last
