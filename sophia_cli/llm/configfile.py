"""`sophia.toml`: found upwards from a folder, read once, checked key by key.

Precedence, lowest first: default, `sophia.toml`, environment, argument of the call.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.tomllines import Keys, read_lines, where_of

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
    "hooks",
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
    text: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return str(self.path) if self.path else NAME

    def at(self, *keys: str | int) -> str:
        """The file with the line of a key, or of the nearest table around it."""
        return where_of(self.name, self._lines, keys)

    @cached_property
    def _lines(self) -> dict[Keys, int]:
        return read_lines(self.text)

    def table(self, name: str, allowed: tuple[str, ...] | None = None) -> Mapping[str, Any]:
        """One top-level table, its keys checked against `allowed` where given."""
        table = self.tables.get(name, {})
        if not isinstance(table, dict):
            words = f"{self.at(name)}: [{name}] must be a table"
            raise ConfigError(words, f"write it as [{name}]")
        if allowed is not None:
            self.check_names(f"[{name}]", table, allowed, name)
        return table

    def check_names(
        self, where: str, table: Mapping[str, Any], allowed: tuple[str, ...], *keys: str | int
    ) -> None:
        """Raise ConfigError for the first key that is not allowed in the table to which `keys` lead."""
        for key in table:
            if key not in allowed:
                words = f"{self.at(*keys, key)}: {where} has no key '{key}'"
                raise ConfigError(words, f"allowed: {', '.join(allowed)}")

    def value(self, key: Key, environ: Mapping[str, str]) -> Any:
        """The value of a key: environment, else file, else its default."""
        table, _, name = key.path.partition(".")
        if key.env and environ.get(key.env, "").strip():
            return self._convert(key, environ[key.env].strip())
        found = self.table(table).get(name, key.default)
        return found if found is key.default else self._check(table, name, key, found)

    def strings(self, where: str, found: Any, *keys: str | int) -> tuple[str, ...]:
        """A list of strings, to which `keys` lead, as a tuple."""
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            words = f"{self.at(*keys)}: {where} must be a list of strings"
            raise ConfigError(words, f'such as {where} = ["a", "b"]')
        return tuple(found)

    def _check(self, table: str, name: str, key: Key, found: Any) -> Any:
        if key.type is tuple:
            return self.strings(f"[{table}] {name}", found, table, name)
        kind = (int, float) if key.type is float else key.type
        right = isinstance(found, kind) and (not isinstance(found, bool) or key.type is bool)
        if not right or not _in_range(key, key.type(found)):
            words = f"must be {_words(key)}, not {found!r}"
            raise ConfigError(f"{self.at(table, name)}: [{table}] {name} {words}")
        return key.type(found)

    def _convert(self, key: Key, text: str) -> Any:
        if key.type is tuple:
            return tuple(part for part in text.split(os.pathsep) if part)
        if key.type is bool:
            return self._truth(key, text)
        try:
            value = _SWITCH[text.lower()] if key.type is bool else key.type(text)
        except (ValueError, KeyError):
            raise ConfigError(
                f"the environment: {key.env} must be {_words(key)}, not {text!r}"
            ) from None
        if not _in_range(key, value):
            raise ConfigError(f"the environment: {key.env} must be {_words(key)}, not {value!r}")
        return value

    def _truth(self, key: Key, text: str) -> bool:
        if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
            raise ConfigError(f"the environment: {key.env} must be {_words(key)}, not {text!r}")
        return text.lower() in ("1", "true", "yes", "on")


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
    import tomllib  # where there is no file, nothing waits for it

    try:
        text = path.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", "name another with SOPHIA_CONFIG"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    file = ConfigFile(path.resolve(), tables, text)
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


def _in_range(key: Key, value: Any) -> bool:
    infinite = isinstance(value, float) and not math.isfinite(value)
    return not infinite and (key.minimum is None or value >= key.minimum)


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
