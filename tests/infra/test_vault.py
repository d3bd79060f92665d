"""Secrets of a stack: kept in files that nobody else reads, and never shown by accident."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra.logs import redact
from sophia_cli.infra.vault import Vault, password


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    assert (vault.names(), vault.get("grafana"), vault.age("grafana")) == ((), None, 0)
    made = vault.make("grafana")
    assert vault.make("grafana") == made == vault.get("grafana")
    assert (vault.names(), vault.age("grafana")) == (("grafana",), 1)
    again = vault.keep("grafana", password())
    assert again.value != made.value and vault.age("grafana") == 2
    vault.forget("grafana")
    assert vault.names() == ()


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    vault.make("grafana")
    path = tmp_path / "secrets" / "grafana"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o640)
    with pytest.raises(SophiaError) as caught:
        vault.get("grafana")
    assert caught.value.message == f"{path} can be read by others (mode 0640)"
    assert caught.value.mend == f"chmod 600 {path}"


@pytest.mark.parametrize("text", ["", "{}", "secret", '{"value": "x", "age": "old"}'])
def test_a_damaged_one_is_not_replaced_in_silence(tmp_path: Path, text: str) -> None:
    vault = Vault(tmp_path)
    (tmp_path / "grafana").write_text(text)
    (tmp_path / "grafana").chmod(0o600)
    with pytest.raises(SophiaError, match="is damaged"):
        vault.make("grafana")
    assert (tmp_path / "grafana").read_text() == text


def test_passwords_are_such_as_every_server_takes() -> None:
    made = {password() for _ in range(200)}
    assert len(made) == 200
    for one in made:
        assert re.fullmatch(r"[a-z][A-Za-z0-9_-]{31}", one)
        assert all(re.search(kind, one) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[_-]"))


def test_logs_are_shown_without_them(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    kept = vault.make("postgresql")
    token = "sqp_" + "0123456789abcdef" * 2 + "01234567"
    text = f"password={kept.value} token={token} glsa_abcdefghijkl nothing=else squadron"
    assert redact(text, vault) == (
        "password=[postgresql] token=sqp_01234567... glsa_abcd... nothing=else squadron"
    )
