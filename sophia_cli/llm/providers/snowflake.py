"""Signing in to Snowflake: programmatic access token, OAuth token, or a key pair's own JWT."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.providers.base import Provider

PAT, JWT, OAUTH = "PROGRAMMATIC_ACCESS_TOKEN", "KEYPAIR_JWT", "OAUTH"
TOKEN_TYPES = (PAT, JWT, OAUTH)
LIFETIME = 3600  # seconds; Snowflake refuses more
_RENEW_BEFORE = 300

_signed: dict[tuple[str, str, str], tuple[str, float]] = {}
_lock = threading.Lock()


def token_of(provider: Provider) -> tuple[str, str]:
    """The token for a request and its type for `X-Snowflake-Authorization-Token-Type`.

    Raises ConfigError when a key pair cannot be read or the `snowflake` extra is missing.
    """
    path = provider.options.get("private_key_path")
    if not path:
        value = provider.secret.value if provider.secret else ""
        return value, str(provider.options.get("token_type", PAT))
    identity = (str(path), str(provider.options["account"]), str(provider.options["user"]))
    with _lock:
        token, expires = _signed.get(identity, ("", 0.0))
        if time.time() > expires - _RENEW_BEFORE:
            token, expires = sign(*identity), time.time() + LIFETIME
            _signed[identity] = (token, expires)
    return token, JWT


def sign(path: str, account: str, user: str) -> str:
    """A JWT for a key-pair user, valid for an hour (Snowflake: key-pair authentication)."""
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ModuleNotFoundError as error:
        raise ConfigError(
            "signing in to Snowflake with a key pair needs the package cryptography",
            'pip install "sophia-cli[snowflake]"',
        ) from error
    try:
        key = serialization.load_pem_private_key(
            Path(path).expanduser().read_bytes(), password=None
        )
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"the Snowflake private key {path} cannot be read: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError(f"the Snowflake private key {path} is not an RSA key")
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    fingerprint = base64.b64encode(hashlib.sha256(public).digest()).decode()
    subject = f"{account.split('.')[0].upper()}.{user.upper()}"
    now = int(time.time())
    claims = {
        "iss": f"{subject}.SHA256:{fingerprint}",
        "sub": subject,
        "iat": now,
        "exp": now + LIFETIME,
    }
    signed = f"{_encode({'alg': 'RS256', 'typ': 'JWT'})}.{_encode(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64(signature)}"


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
