"""What `[infra]` of `sophia.toml` says of a project's servers."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sophia_cli.infra.servers import NAMES, PROFILES, WITH_PORT
from sophia_cli.llm.configfile import ConfigFile, Key, load
from sophia_cli.llm.errors import ConfigError

CONDITIONS = (
    "new_violations > 0",
    "new_coverage < 80",
    "new_duplicated_lines_density > 3",
    "new_security_hotspots_reviewed < 100",
)
LAST_VERSION = "previous version"
KEYS = (
    Key("infra.name", str, "", "name of the stack (default: `sophia-` and the folder's name)"),
    Key("infra.profiles", tuple, PROFILES, "which servers `up` starts"),
    Key("infra.ports", dict, (), "ports by server, such as `{ sonarqube = 9001 }`"),
    Key("infra.images", dict, (), "images by server, in place of the lock's"),
    Key("infra.registry", str, "", "registry through which the lock's images are fetched"),
    Key(
        "infra.search_checks",
        bool,
        True,
        "whether SonarQube's search engine refuses a machine whose limits are too low",
    ),
    Key("infra.timeout", float, 600.0, "seconds until the servers must answer", minimum=1),
    Key("infra.scan_timeout", float, 1800.0, "seconds for an analysis", minimum=1),
    Key(
        "infra.project",
        str,
        "",
        "key of the project on SonarQube (default: the stack's name without `sophia-`)",
    ),
    Key("infra.conditions", tuple, CONDITIONS, "what makes the quality gate red"),
    Key(
        "infra.new_code",
        str,
        LAST_VERSION,
        "what is new code: that since the `previous version`, or of so many days (`30 days`)",
    ),
    Key(
        "infra.quality_profiles",
        dict,
        (),
        'quality profiles by language, such as `{ py = "Company way" }`',
    ),
    Key("infra.webhook", str, "", "URL that SonarQube tells of each analysis"),
)
_CONDITION = re.compile(r"([a-z_]+) *([<>]) *(\d+(?:\.\d+)?)")
_OPERATORS = {">": "GT", "<": "LT"}
_DAYS = re.compile(r"([1-9]\d?) days?")
_PROJECT = re.compile(r"[A-Za-z0-9_.:-]*[A-Za-z_.:-][A-Za-z0-9_.:-]*")  # not of digits alone
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d+)?(/[a-z0-9._-]+)*")


def _parts(condition: str) -> tuple[str, str, str]:
    found = _CONDITION.fullmatch(condition.strip())
    if not found:
        raise ValueError(condition)
    return found[1], _OPERATORS[found[2]], found[3]


@dataclass(frozen=True)
class Settings:
    """The settings, checked. `conditions` are (metric, operator, threshold) as SonarQube names them.

    `profiles` is None where the file does not say: a stack then keeps those that it has.
    """

    name: str = ""
    profiles: tuple[str, ...] | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    registry: str = ""
    search_checks: bool = True
    timeout: float = 600.0
    scan_timeout: float = 1800.0
    project: str = ""
    conditions: tuple[tuple[str, str, str], ...] = tuple(map(_parts, CONDITIONS))
    quality_profiles: Mapping[str, str] = field(default_factory=dict)
    new_code: tuple[str, str] = ("PREVIOUS_VERSION", "")
    webhook: str = ""


def load_settings(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the nearest `sophia.toml` upwards from `root`. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    file = load(environ, root)
    table = file.table("infra", tuple(key.path.partition(".")[2] for key in KEYS))
    said = {key.path.partition(".")[2]: file.value(key, environ) for key in KEYS}
    _choice(file, "profiles", said["profiles"], PROFILES)
    _choice(file, "ports", dict(said["ports"]), WITH_PORT)
    _choice(file, "images", dict(said["images"]), NAMES)
    for name, pattern, words in (
        ("project", _PROJECT, "letters, digits and _ . : -, and not digits alone"),
        ("registry", _REGISTRY, "such as registry.internal:5000"),
    ):
        if said[name] and not pattern.fullmatch(said[name]):
            raise _wrong(file, name, said[name], words)
    if said["webhook"] and not said["webhook"].startswith(("http://", "https://")):
        raise _wrong(file, "webhook", said["webhook"], "such as https://chat.internal/hook")
    return Settings(
        **{
            **said,
            "profiles": said["profiles"] if "profiles" in table else None,
            "ports": {name: _port(file, port) for name, port in dict(said["ports"]).items()},
            **{key: _strings(file, key, dict(said[key])) for key in ("images", "quality_profiles")},
            "conditions": tuple(_condition(file, text) for text in said["conditions"]),
            "new_code": _new_code(file, said["new_code"]),
        }
    )


def _wrong(file: ConfigFile, key: str, found: object, mend: str) -> ConfigError:
    return ConfigError(f"{file.at('infra', key)}: [infra] {key} cannot be {found!r}", mend)


def _choice(file: ConfigFile, key: str, found: Iterable[str], known: tuple[str, ...]) -> None:
    for one in found:
        if one not in known:
            near = difflib.get_close_matches(one, known, 1)
            guess = f"did you mean {near[0]}? " if near else ""
            raise _wrong(file, key, one, f"{guess}one of: {', '.join(known)}")


def _port(file: ConfigFile, port: object) -> int:
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65_535:
        raise _wrong(file, "ports", port, "a number from 1 to 65535")
    return port


def _strings(file: ConfigFile, key: str, table: Mapping[str, object]) -> dict[str, str]:
    for found in table.values():
        if not isinstance(found, str) or not found:
            raise _wrong(file, key, found, f'such as {key} = {{ {next(iter(table))} = "NAME" }}')
    return {name: str(found) for name, found in table.items()}


def _condition(file: ConfigFile, text: str) -> tuple[str, str, str]:
    try:
        return _parts(text)
    except ValueError:
        raise _wrong(file, "conditions", text, f'such as "{CONDITIONS[1]}"') from None


def _new_code(file: ConfigFile, text: str) -> tuple[str, str]:
    if text == LAST_VERSION:
        return "PREVIOUS_VERSION", ""
    days = _DAYS.fullmatch(text)
    if not days or int(days[1]) > 90:  # SonarQube takes no more
        raise _wrong(file, "new_code", text, f'"{LAST_VERSION}", or from "1 day" to "90 days"')
    return "NUMBER_OF_DAYS", days[1]
