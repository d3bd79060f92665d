"""Releases of npm packages, asked for by npm itself: its registry, scopes, log-in and proxies are the user's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.update import semver
from sophia_cli.hooks.update.pypi import moment
from sophia_cli.hooks.update.release import Release
from sophia_cli.process import ProgramNotFound, run

_TIMEOUT = 120.0
# With one field alone npm would give its values bare.
_FIELDS = ("name", "version", "peerDependencies", "engines", "deprecated")


def releases(name: str, root: Path) -> tuple[Release, ...]:
    """All versions of a package up to the one that is tagged `latest`, oldest first.

    `root` is where npm looks for its settings. Raises SophiaError where npm is missing or finds nothing.
    """
    told = _view(name, ("time", "dist-tags"), root)
    times = told.get("time", {}) if isinstance(told, dict) else {}
    latest = semver.version(str(told.get("dist-tags", {}).get("latest", "")))
    rows = _view(f"{name}@>=0.0.0", _FIELDS, root)
    found = []
    for row in rows if isinstance(rows, list) else [rows]:
        key = semver.version(str(row.get("version", ""))) if isinstance(row, dict) else None
        if key and (latest is None or key <= latest):
            found.append(_release(row, key, times))
    return tuple(sorted(found, key=lambda one: one.key))


def node(environ: Mapping[str, str]) -> str:
    """The version of the Node that is installed; empty where there is none."""
    with suppress(ProgramNotFound):
        said = run(["node", "--version"], env=environ, timeout=_TIMEOUT)
        if said.code == 0:
            return said.stdout.strip().removeprefix("v")
    return ""


def _release(row: Mapping[str, Any], key: semver.Version, times: Mapping[str, Any]) -> Release:
    engines, peers = row.get("engines"), row.get("peerDependencies")
    withdrawn = row.get("deprecated")
    return Release(
        row["version"],
        key,
        moment(times.get(row["version"])),
        bool(key.early),
        f"deprecated: {withdrawn}" if withdrawn else "",
        node=str(engines.get("node", "")) if isinstance(engines, dict) else "",
        peers={str(name): str(words) for name, words in (peers or {}).items()},
    )


def _view(what: str, fields: tuple[str, ...], root: Path) -> Any:
    said = run(["npm", "view", what, *fields, "--json"], cwd=root, timeout=_TIMEOUT, env=_quiet())
    data: Any = None
    with suppress(ValueError):
        data = json.loads(said.stdout)
    if said.code == 0 and isinstance(data, dict | list):
        return data
    error = data.get("error") if isinstance(data, dict) else None
    words = error.get("summary") if isinstance(error, dict) else _line(said.stderr)
    name = what.removesuffix("@>=0.0.0")
    raise SophiaError(
        f"npm finds no {name}: {words or 'it says nothing'}", "npm config get registry"
    )


def _quiet() -> dict[str, str]:
    """No notices of newer versions of npm itself, which would be one more request."""
    return {**os.environ, "npm_config_update_notifier": "false", "npm_config_loglevel": "error"}


def _line(text: str) -> str:
    """The first line that tells something: npm begins each with `npm error`."""
    lines = (line.removeprefix("npm error").strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("code ")), "")
