"""The secrets of a backup: opened by their passphrase, and by nothing else."""

from __future__ import annotations

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra.sealed import seal, unseal

SECRETS = {"sonarqube": "abcdefghijkmnopq", "grafana": "ABCDEFGHIJKMNOPQ"}


def test_the_passphrase_opens_them() -> None:
    sealed = seal(SECRETS, "correct horse")
    assert not any(value.encode() in sealed for value in SECRETS.values())
    assert unseal(sealed, "correct horse") == SECRETS
    assert seal(SECRETS, "correct horse") != sealed


def test_nothing_else_does() -> None:
    sealed = seal(SECRETS, "correct horse")
    for data, passphrase in (
        (sealed, "correct horse "),
        (sealed[:-1], "correct horse"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), "correct horse"),
        (b"", "correct horse"),
        (b"no seal at all", "correct horse"),
    ):
        with pytest.raises(SophiaError, match="does not open the secrets of this backup"):
            unseal(data, passphrase)
