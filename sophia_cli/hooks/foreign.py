"""Hooks that somebody else wrote, and which of our tools each of them runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from sophia_cli.hooks.config import Config, is_own
from sophia_cli.hooks.render import Entry
from sophia_cli.hooks.splice import Place

# A formatter beside Black undoes what Black did.
FORMATTERS = ("ruff-format",)
_BY_ID = {
    "ruff": "ruff",
    "ruff-check": "ruff",
    "ruff-lint": "ruff",
    "ruff-format": "ruff-format",
    "black": "black",
    "black-jupyter": "black",
    "bandit": "bandit",
    "eslint": "eslint",
    "sophia-migrate-check": "sophia-migrate-check",
    "detect-secrets": "sophia-secrets",
    "check-added-large-files": "sophia-large-files",
    "detect-private-key": "sophia-private-key",
    "check-yaml": "sophia-yaml",
    "check-toml": "sophia-toml",
    "check-json": "sophia-json",
}
_STARTERS = ("npx", "run", "exec", "python", "python3", "node", "-m", "env", "--no-install", "--")
_RUNNERS = ("uv", "uvx", "poetry", "pdm", "hatch", "pipenv", "pnpm", "yarn", "npm", "bunx", "pipx")


@dataclass(frozen=True)
class Foreign:
    """A hook of somebody else's that does what one of ours would: `does` is our name of that."""

    does: str
    id: str
    place: Place


def foreign_hooks(config: Config) -> Iterator[Foreign]:
    """The hooks that do what one of ours would."""
    for number, repo in enumerate(config.repos):
        for place, hook in enumerate(repo.get("hooks") or []):
            does = "" if is_own(repo, hook) else tool_of(repo, hook)
            if does:
                yield Foreign(does, str(hook["id"]), (number, place))


def tool_of(repo: Entry, hook: Entry) -> str:
    """Our name of what a hook does, empty where none of ours does it."""
    if repo.get("repo") != "local":
        return _BY_ID.get(str(hook["id"]), "")
    try:
        words = shlex.split(str(hook.get("entry", "")))
    except ValueError:
        return ""
    rest = [word for word in words if word not in (*_STARTERS, *_RUNNERS)]
    name = re.sub(r"@[\w.^~-]+$", "", rest[0].rpartition("/")[2]) if rest else ""
    if name == "ruff" and "format" in rest[1:2]:
        return "ruff-format"
    return _BY_ID.get(name, "")
