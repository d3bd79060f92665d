"""The secrets of a stack under a passphrase, for a backup that leaves this machine.

scrypt makes the key, AES-GCM seals: both of `cryptography`, which needs no program on the machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sophia_cli.errors import SophiaError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "SOPHIA_BACKUP_PASSPHRASE"
_MARK = b"sophia-sealed-1\n"
_SALT, _NONCE = 16, 12


def seal(secrets: Mapping[str, str], passphrase: str) -> bytes:
    """The secrets, opened by the passphrase alone. Raises SophiaError where the library is not there."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    sealed = _cipher(passphrase, salt).encrypt(nonce, json.dumps(dict(secrets)).encode(), _MARK)
    return _MARK + salt + nonce + sealed


def unseal(data: bytes, passphrase: str) -> dict[str, str]:
    """The secrets again. Raises SophiaError for another passphrase, or if a byte has changed."""
    from cryptography.exceptions import InvalidTag

    body = data.removeprefix(_MARK)
    salt, nonce, sealed = body[:_SALT], body[_SALT : _SALT + _NONCE], body[_SALT + _NONCE :]
    try:
        opened = _cipher(passphrase, salt).decrypt(nonce, sealed, _MARK)
    except (InvalidTag, ValueError):  # the latter for what is too short to be one
        raise SophiaError(
            "the passphrase does not open the secrets of this backup",
            f"set {VARIABLE} to the one it was made with, or leave them:  --without-secrets",
        ) from None
    return {str(name): str(value) for name, value in json.loads(opened).items()}


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    except ImportError as error:
        raise SophiaError(
            "secrets in a backup need the library cryptography", "pip install cryptography"
        ) from error
    key = Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())
    return AESGCM(key)
