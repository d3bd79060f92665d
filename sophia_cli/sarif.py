"""SARIF 2.1.0, as code scanning reads it: what is the same whatever was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sophia_cli import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"


def make_log(
    command: str,
    category: str,
    *,
    rules: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    notes: Sequence[dict[str, Any]],
) -> str:
    """One run of a command of `sophia`; `notes` are what went past it."""
    run = {
        "tool": {
            "driver": {
                "name": "sophia",
                "fullName": f"sophia {command}",
                "semanticVersion": _semantic(__version__),
                "version": __version__,
                "rules": rules,
            }
        },
        "automationDetails": {"id": category},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The folder that was looked at."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": results,
    }
    return json.dumps({"version": "2.1.0", "$schema": SCHEMA, "runs": [run]}, indent=1) + "\n"


def location_of(path: str, line: int = 1, column: int = 1) -> dict[str, Any]:
    """A place in a file, both counted from 1."""
    uri = quote(path.encode("utf-8", "surrogateescape"))
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": _BASE},
            "region": {"startLine": max(line, 1), "startColumn": max(column, 1)},
        }
    }


def _semantic(version: str) -> str:
    parts = version.split(".")
    return ".".join((*parts, "0", "0")[:3]) if all(part.isdigit() for part in parts) else "0.0.0"
