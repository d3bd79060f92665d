"""Where a key comes from when no variable holds it: the keyring, or a file of this user only.

Keys stand under the name of the variable that they stand in for, such as `OPENROUTER_API_KEY`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.folders import own_folder
from sophia_cli.llm.secret import Secret

FILE, KEYRING = "file", "keyring"
NAME = "keys.json"
SERVICE = "sophia"  # what the keyring files our keys under
_OTHERS = 0o077


@dataclass(frozen=True)
class Keys:
    """The places that keys come from, the first that has one wins: environment, keyring, file.

    `problem` and `mend` say why a place could not be read: a key from another place still serves.
    """

    environ: Mapping[str, str]
    stored: Mapping[str, str] = field(default_factory=dict)
    uses_keyring: bool = False
    problem: str = ""
    mend: str = ""

    def find(self, variable: str) -> Secret | None:
        """The key of that name; None where no place has one. Raises ConfigError for a keyring that fails."""
        if value := self.environ.get(variable, "").strip():
            return Secret(value, variable)
        if self.uses_keyring and (value := read_keyring(variable)):
            return Secret(value, KEYRING)
        if value := self.stored.get(variable, "").strip():
            return Secret(value, NAME)
        return None


def open_keys(environ: Mapping[str, str], place: str = FILE) -> Keys:
    """The keys of this user. A file that may not be used is a problem of those who need it."""
    try:
        return Keys(environ, read_keys(environ), place == KEYRING)
    except ConfigError as error:
        return Keys(environ, {}, place == KEYRING, error.message, error.mend)


def key_file(environ: Mapping[str, str]) -> Path:
    """Where the file stands: in the XDG configuration folder. Raises ConfigError where there is none."""
    folder = own_folder(environ, "CONFIG")
    if folder is None:
        raise ConfigError("this user has no home for a file of keys", "export XDG_CONFIG_HOME=/...")
    return folder / NAME


def read_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """What the file holds, nothing where there is none.

    Raises ConfigError for a file that others may read, that belongs to somebody else, or that is no
    table of keys.
    """
    if own_folder(environ, "CONFIG") is None:
        return {}
    path = key_file(environ)
    try:
        with path.open("rb") as file:
            _check_owner(path, os.fstat(file.fileno()))
            data = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return _table(json.loads(data))
    except (ValueError, RecursionError):  # the error itself may quote a key
        raise ConfigError(
            f"{path} is not a table of keys", f"mend it by hand, or begin anew:  rm {path}"
        ) from None


def write_key(environ: Mapping[str, str], variable: str, value: str | None) -> Path:
    """Put a key into the file, or take it out with None. Raises ConfigError, or OSError for the disk."""
    path = Path(os.path.realpath(key_file(environ)))  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone_in(path.parent):
        keys = read_keys(environ)
        keys.pop(variable, None)
        if value is not None:
            keys[variable] = value
        _replace(path, json.dumps(keys, indent=2, sort_keys=True) + "\n")
    return path


def read_keyring(variable: str) -> str:
    """A key in the keyring, empty for none. Raises ConfigError when there is no keyring to ask."""
    with _keyring() as keyring:
        found: str | None = keyring.get_password(SERVICE, variable)
    return (found or "").strip()


def write_keyring(variable: str, value: str | None) -> None:
    """Put a key into the keyring, or take it out with None. Raises ConfigError."""
    if value is None and not read_keyring(variable):
        return
    with _keyring() as keyring:
        if value is None:
            keyring.delete_password(SERVICE, variable)
        else:
            keyring.set_password(SERVICE, variable, value)


@contextmanager
def _keyring() -> Iterator[Any]:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        raise ConfigError(
            'keys = "keyring" in [llm] needs the package keyring',
            'pip install "sophia-cli[keyring]"',
        ) from None
    try:
        yield keyring
    except keyring.errors.KeyringError as error:
        words = str(error).partition("\n")[0] or type(error).__name__
        raise ConfigError(
            f"the keyring cannot be used: {words}", 'unlock it, or set keys = "file" in [llm]'
        ) from None


def _check_owner(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is not a file", "move it away")
    if found.st_uid != os.geteuid():
        raise ConfigError(f"{path} belongs to another user", f'sudo chown "$(id -u)" {path}')
    if found.st_mode & _OTHERS:
        raise ConfigError(f"{path} is open to other users", f"chmod 600 {path}")


def _table(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise ValueError("not a table of strings")
    return found


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two that write at once would lose a key of one of them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
