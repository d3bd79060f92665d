"""`sophia.toml`: found upwards from a folder, read once, checked key by key.

Precedence, lowest first: default, `sophia.toml`, environment, argument of the call.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import ConfigError

NAME = "sophia.toml"
# Tables of other parts are theirs to check; a name outside this list is a spelling mistake.
TABLES = (
    "llm",
    "providers",
    "routes",
    "rules",
    "models",
    "data_classes",
    "prices",
    "limits",
    "budgets",
    "cache",
    "privacy",
    "metrics",
    "alerts",
    "migrate",
    "infra",
)
# A switch in the environment, as people write it.
_SWITCH = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


@dataclass(frozen=True)
class Key:
    """One setting: where it stands, its type, and what it is for (the README's table is made of these)."""

    path: str
    type: type
    default: Any
    doc: str
    env: str = ""
    minimum: float | None = None


@dataclass(frozen=True)
class ConfigFile:
    """The parsed file; empty when there is none."""

    path: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.path) if self.path else NAME

    def table(self, name: str, allowed: tuple[str, ...] | None = None) -> Mapping[str, Any]:
        """One top-level table, its keys checked against `allowed` where given."""
        table = self.tables.get(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{self.name}: [{name}] must be a table", f"write it as [{name}]")
        if allowed is not None:
            self.check_names(f"[{name}]", table, allowed)
        return table

    def check_names(self, where: str, table: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
        """Raise ConfigError for the first key that is not allowed there."""
        for key in table:
            if key not in allowed:
                raise ConfigError(
                    f"{self.name}: {where} has no key '{key}'", f"allowed: {', '.join(allowed)}"
                )

    def value(self, key: Key, environ: Mapping[str, str]) -> Any:
        """The value of a key: environment, else file, else its default."""
        table, _, name = key.path.partition(".")
        if key.env and environ.get(key.env, "").strip():
            return self._convert(key, environ[key.env].strip())
        found = self.table(table).get(name, key.default)
        return found if found is key.default else self._check(f"[{table}] {name}", key, found)

    def strings(self, where: str, found: Any) -> tuple[str, ...]:
        """A list of strings, as a tuple."""
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise ConfigError(
                f"{self.name}: {where} must be a list of strings", f'such as {where} = ["a", "b"]'
            )
        return tuple(found)

    def _check(self, where: str, key: Key, found: Any) -> Any:
        if key.type is tuple:
            return self.strings(where, found)
        kind = (int, float) if key.type is float else key.type
        if not isinstance(found, kind) or (isinstance(found, bool) and key.type is not bool):
            raise ConfigError(f"{self.name}: {where} must be {_words(key)}, not {found!r}")
        return self._in_range(f"{self.name}: {where}", key, key.type(found))

    def _convert(self, key: Key, text: str) -> Any:
        if key.type is tuple:
            return tuple(part for part in text.split(os.pathsep) if part)
        if key.type is bool:
            return self._truth(key, text)
        try:
            value = _SWITCH[text.lower()] if key.type is bool else key.type(text)
            return self._in_range(f"the environment: {key.env}", key, value)
        except (ValueError, KeyError):
            raise ConfigError(
                f"the environment: {key.env} must be {_words(key)}, not {text!r}"
            ) from None

    def _truth(self, key: Key, text: str) -> bool:
        if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            raise ConfigError(f"the environment: {key.env} must be {_words(key)}, not {text!r}")
        return text.lower() in ("1", "true", "yes", "on")

    def _in_range(self, where: str, key: Key, value: Any) -> Any:
        infinite = isinstance(value, float) and not math.isfinite(value)
        if infinite or (key.minimum is not None and value < key.minimum):
            raise ConfigError(f"{where} must be {_words(key)}, not {value!r}")
        return value


def find(start: Path) -> Path | None:
    """The nearest `sophia.toml` in `start` or a folder above it."""
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
    return None


def read(path: Path | None) -> ConfigFile:
    """Parse the file and check its table names. Raises ConfigError with file, line and what is allowed."""
    if path is None:
        return ConfigFile()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", "name another with SOPHIA_CONFIG"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    file = ConfigFile(path.resolve(), tables)
    file.check_names("the file", tables, TABLES)
    return file


def load(environ: Mapping[str, str], start: Path | None = None) -> ConfigFile:
    """The file that SOPHIA_CONFIG names, else the nearest one upwards from `start` (default: the working directory)."""
    named = environ.get("SOPHIA_CONFIG", "").strip()
    if not named:
        return read(find((start or Path.cwd()).absolute()))
    return read(path_of("the environment: SOPHIA_CONFIG", named))


def path_of(where: str, text: str) -> Path:
    """The path that a setting names, `~` written out. Raises ConfigError where it cannot be one."""
    try:
        if "\0" not in text:
            return Path(text).expanduser()
    except RuntimeError:  # nobody of that name has a home
        pass
    raise ConfigError(f"{where} must be a path, not {text!r}")


def _words(key: Key) -> str:
    words = {
        str: "a string",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        tuple: "a list of strings",
        dict: "a table",
    }
    text = words[key.type]
    return text if key.minimum is None else f"{text} of at least {key.minimum:g}"
