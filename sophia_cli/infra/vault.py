"""The secrets of a stack: made once, kept in files of mode 0600, shown only when asked for."""

from __future__ import annotations

import json
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.llm.secret import Secret

FOLDER = "secrets"
_LETTERS = "abcdefghijkmnopqrstuvwxyz"  # without those that are read for another
_DIGITS = "23456789"
_SIGNS = "_-"  # nothing that a shell, a URL, a properties file or Compose reads as more than itself


@dataclass(frozen=True)
class Vault:
    """The folder of a stack's secrets. A secret has a value and an age: how often it was made anew."""

    folder: Path

    def names(self) -> tuple[str, ...]:
        """What is kept here."""
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in self.folder.iterdir() if path.name[0] != "."))

    def get(self, name: str) -> Secret | None:
        """A secret's value; None where there is none. Raises SophiaError where others could read it."""
        found = self._read(name)
        return Secret(found[0], str(self.folder / name)) if found else None

    def age(self, name: str) -> int:
        """How often it was made anew; 0 where it is not there."""
        found = self._read(name)
        return found[1] if found else 0

    def make(self, name: str) -> Secret:
        """The secret of that name, made if it is not there."""
        return self.get(name) or self.keep(name, password())

    def keep(self, name: str, value: str) -> Secret:
        """Keep a value, in place of the one there was."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps({"value": value, "age": self.age(name) + 1})
        put(self.folder / name, text.encode() + b"\n", 0o600)
        return Secret(value, str(self.folder / name))

    def forget(self, name: str) -> None:
        """Remove it, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def _read(self, name: str) -> tuple[str, int] | None:
        path = self.folder / name
        try:
            with path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(path.stat().st_mode)
                if mode & 0o077:
                    raise SophiaError(
                        f"{path} can be read by others (mode {mode:04o})", f"chmod 600 {path}"
                    )
                found = json.load(file)
                return str(found["value"]), int(found["age"])
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SophiaError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise SophiaError(f"{path} is damaged", "sophia infra secrets rotate") from error


def password() -> str:
    """A new one of 32 characters that every server takes: both cases, a digit and a sign."""
    kinds = (_LETTERS.upper(), _LETTERS, _DIGITS, _SIGNS)
    some = [secrets.choice(kind) for kind in kinds]
    # It begins with a letter: a leading `-` would be an option to some programs.
    rest = [secrets.choice("".join(kinds)) for _ in range(27)] + some
    secrets.SystemRandom().shuffle(rest)
    return secrets.choice(_LETTERS) + "".join(rest)
