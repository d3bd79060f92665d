"""SonarQube's database: dumped, and put back beside the one there is, so that the two change places at once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import IO

from sophia_cli.errors import SophiaError
from sophia_cli.infra.compose import Compose, last_line
from sophia_cli.infra.login import ADMIN

SERVER = "postgresql"
_USER = _NAME = "sonarqube"
_COMING, _BEFORE = "sonarqube_coming", "sonarqube_before"
_LONG = 4 * 3600.0  # seconds, for a database of any size
_ROUNDS = 100_000  # of SonarQube's own hash


def dump(compose: Compose, into: IO[bytes]) -> None:
    """Write the database in PostgreSQL's own format. Raises SophiaError."""
    words = ("pg_dump", "--username", _USER, "--format", "custom", _NAME)
    _pour(compose, words, stdout=into)


def load(compose: Compose, source: IO[bytes], password: str) -> None:
    """Put a dump into a database of its own, with that password for SonarQube's administrator.

    The password of the dump's time may be known to nobody any more. Raises SophiaError.
    """
    _sql(compose, f"drop database if exists {_COMING}")
    _sql(compose, f"create database {_COMING}")
    words = ("--username", _USER, "--no-owner", "--exit-on-error", "--dbname", _COMING)
    _pour(compose, ("pg_restore", *words), stdin=source)
    salt = secrets.token_bytes(20)
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS, 64)
    _sql(
        compose,
        f"update users set hash_method = 'PBKDF2', reset_password = false, salt = '{_text(salt)}',"
        f" crypted_password = '{_ROUNDS}${_text(made)}' where login = '{ADMIN}'",
        _COMING,
    )


def swap(compose: Compose) -> None:
    """Let the database that was loaded be the one that is used; that one is kept. Raises SophiaError."""
    _sql(compose, f"drop database if exists {_BEFORE}")
    _rename(compose, (_NAME, _BEFORE), (_COMING, _NAME))


def swap_back(compose: Compose) -> None:
    """Undo `swap`. Raises SophiaError."""
    _rename(compose, (_NAME, _COMING), (_BEFORE, _NAME))
    _sql(compose, f"drop database {_COMING}")


def is_swapped(compose: Compose) -> bool:
    """Whether `swap` keeps one. Raises SophiaError."""
    with TemporaryFile() as answer:
        _sql(compose, f"select datname from pg_database where datname = '{_BEFORE}'", into=answer)
        answer.seek(0)
        return _BEFORE.encode() in answer.read()


def forget(compose: Compose) -> None:
    """Remove what `swap` kept. Raises SophiaError."""
    _sql(compose, f"drop database if exists {_BEFORE}")


def _rename(compose: Compose, *pairs: tuple[str, str]) -> None:
    names = ", ".join(f"'{name}'" for pair in pairs for name in pair)
    _sql(
        compose,
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname in ({names});"
        + "".join(f"alter database {one} rename to {other};" for one, other in pairs),
    )


def _sql(
    compose: Compose, text: str, database: str = "postgres", into: IO[bytes] | None = None
) -> None:
    """Run statements, several of them in one transaction; they are input, never an argument."""
    words = ["psql", "--username", _USER, "--dbname", database, "--quiet", "--no-psqlrc"]
    if text.count(";") > 1:
        words.append("--single-transaction")
    with TemporaryFile() as script:
        script.write(text.encode())
        script.seek(0)
        words += ["--set", "ON_ERROR_STOP=1", "--file", "-"]
        _pour(compose, words, stdin=script, stdout=into)


def _pour(
    compose: Compose,
    words: Sequence[str],
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> None:
    # Without a terminal, and as the user that the image runs its server as.
    done = compose.pour(
        "exec", "--no-TTY", SERVER, *words, timeout=_LONG, stdin=stdin, stdout=stdout
    )
    if done.code:
        raise SophiaError(
            f"{words[0]} failed: {last_line(done.stderr)}", "sophia infra logs postgresql"
        )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
