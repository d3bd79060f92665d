"""What `[hooks]` of `sophia.toml` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.llm.configfile import Key, load

KEYS = (
    Key(
        "hooks.cooldown_days",
        int,
        7,
        "days for which a release must have been out before `sophia hooks update` takes it",
        minimum=0,
    ),
)


@dataclass(frozen=True)
class Settings:
    """The settings, checked."""

    cooldown_days: int = 7


def load_settings(root: Path, environ: Mapping[str, str]) -> Settings:
    """Read the nearest `sophia.toml` upwards from `root`. Raises ConfigError."""
    file = load(environ, root)
    file.table("hooks", tuple(key.path.partition(".")[2] for key in KEYS))
    return Settings(*(file.value(key, environ) for key in KEYS))
