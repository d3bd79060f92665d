"""What a repository is made of, as far as its hooks depend on it. Nothing is run but git."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sophia_cli.hooks.unparsed import KINDS, unparsed
from sophia_cli.migrate.git import listed

_PYTHON = (".py", ".pyi")
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_FOREIGN = ("node_modules", "vendor", "third_party", "external", "dist", "build")
_FLAT = tuple(f"eslint.config.{suffix}" for suffix in ("js", "mjs", "cjs", "ts", "mts", "cts"))
_OLD = (".eslintrc", *(f".eslintrc.{suffix}" for suffix in ("js", "cjs", "json", "yml", "yaml")))
_OWN_FILES = {"ruff": ("ruff.toml", ".ruff.toml"), "bandit": (".bandit", "bandit.yaml")}
_VERSION = re.compile(r"(?:py|>=\s*|~=\s*|\^)(3)\.?(\d+)")


@dataclass(frozen=True)
class Project:
    """A repository's files and configurations; paths are relative to its root.

    `python` and `scripts` count files that are not somebody else's, `broken` are files of data that
    do not parse. `configured` says in which file
    a tool is configured at the top, `needs` the Python that the code asks for, `columns` the line
    lengths by tool. `flat` are ESLint configurations of the kind that ESLint reads today, `old` the
    other kind; `eslint` is the version range of the project's own ESLint, empty where it has none.
    """

    root: Path
    python: int = 0
    scripts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    configured: Mapping[str, str] | None = None
    needs: tuple[int, int] | None = None
    columns: Mapping[str, int] | None = None
    flat: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    eslint: str = ""
    has_baseline: bool = False
    has_secrets_baseline: bool = False
    has_sonar_properties: bool = False

    @property
    def languages(self) -> list[str]:
        """For people: `Python 3.11 (667 files)`, `JavaScript (85 files)`."""
        version = f" {self.needs[0]}.{self.needs[1]}" if self.needs else ""
        python = [f"Python{version} ({_files(self.python)})"] if self.python else []
        typed = any(path.endswith((".ts", ".tsx", ".mts", ".cts")) for path in self.scripts)
        name = "TypeScript" if typed else "JavaScript"
        return python + ([f"{name} ({_files(len(self.scripts))})"] if self.scripts else [])

    @property
    def unconfigured(self) -> tuple[str, ...]:
        """The scripts for which ESLint finds no configuration: none beside them, none above."""
        folders = {str(PurePosixPath(path).parent) for path in self.flat}
        return tuple(path for path in self.scripts if folders.isdisjoint(_above(path)))


def _above(path: str) -> set[str]:
    return {str(folder) for folder in PurePosixPath(path).parents}


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"


def detect(root: Path) -> Project:
    """Look at a repository by its files' names, its manifests and its configurations."""
    paths = listed(root) or []
    foreign = sorted({part for path in paths for part in path.split("/")[:-1] if part in _FOREIGN})
    own = [path for path in paths if not set(path.split("/")[:-1]) & set(foreign)]
    pyproject = _toml(root / "pyproject.toml")
    charts = _folders_of(own, ("Chart.yaml",))
    rendered = tuple(f"{folder}/templates/" for folder in charts)
    return Project(
        root,
        python=sum(path.endswith(_PYTHON) for path in own),
        scripts=tuple(path for path in own if path.endswith(_SCRIPTS)),
        data=tuple(
            kind for kind, ends in KINDS.items() if any(path.endswith(ends) for path in own)
        ),
        foreign=tuple(foreign),
        charts=charts,
        broken=unparsed(root, [path for path in own if not path.startswith(rendered)]),
        packages=_folders_of(own, ("pyproject.toml", "package.json")),
        configured=_configured(root, pyproject),
        needs=_needs(root, pyproject),
        columns=_columns(root, pyproject),
        flat=tuple(path for path in own if PurePosixPath(path).name in _FLAT),
        old=tuple(path for path in own if PurePosixPath(path).name in _OLD),
        eslint=_eslint(root, own),
        has_baseline="llm-baseline.json" in paths,
        has_secrets_baseline=".secrets.baseline" in paths,
        has_sonar_properties="sonar-project.properties" in paths,
    )


def _folders_of(paths: list[str], names: tuple[str, ...]) -> tuple[str, ...]:
    found = {PurePosixPath(path).parent for path in paths if PurePosixPath(path).name in names}
    return tuple(sorted(str(folder) for folder in found if str(folder) != "."))


def _toml(path: Path) -> dict[str, Any]:
    """A TOML file; empty where it is not there or cannot be read, which its own tools will say."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _configured(root: Path, pyproject: Mapping[str, Any]) -> dict[str, str]:
    found = {
        tool: name
        for tool, names in _OWN_FILES.items()
        for name in names
        if (root / name).is_file()
    }
    tables = pyproject.get("tool", {})
    return found | {
        tool: "pyproject.toml" for tool in ("ruff", "black", "bandit") if tool in tables
    }


def _ruff(root: Path, pyproject: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in _OWN_FILES["ruff"]:
        if found := _toml(root / name):
            return found
    table: Mapping[str, Any] = pyproject.get("tool", {}).get("ruff", {})
    return table


def _needs(root: Path, pyproject: Mapping[str, Any]) -> tuple[int, int] | None:
    """The oldest Python that the code must run on: what reads that reads all of it."""
    black = pyproject.get("tool", {}).get("black", {}).get("target-version", [])
    said = (
        pyproject.get("project", {}).get("requires-python", ""),
        _ruff(root, pyproject).get("target-version", ""),
        min(black, key=_number, default="") if isinstance(black, list) else "",
        pyproject.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python", ""),
    )
    versions = [_number(text) for text in said if isinstance(text, str) and _number(text)[1]]
    return versions[0] if versions else None


def _number(text: str) -> tuple[int, int]:
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2])) if match else (3, 0)


def _columns(root: Path, pyproject: Mapping[str, Any]) -> dict[str, int]:
    black = pyproject.get("tool", {}).get("black", {}).get("line-length")
    said = {"black": black, "ruff": _ruff(root, pyproject).get("line-length")}
    return {tool: size for tool, size in said.items() if isinstance(size, int)}


def _eslint(root: Path, paths: list[str]) -> str:
    """The version range under which some package.json asks for ESLint."""
    for path in paths:
        if PurePosixPath(path).name != "package.json":
            continue
        try:
            data = json.loads((root / path).read_text(encoding="utf-8"))
            for table in ("devDependencies", "dependencies"):
                if version := data.get(table, {}).get("eslint"):
                    return str(version)
        except (OSError, ValueError, AttributeError):
            continue
    return ""
