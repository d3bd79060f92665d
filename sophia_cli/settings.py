"""Settings of the command line; those of the service are in `sophia_cli.llm.config`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sophia_cli.llm.configfile import Key, load

KEYS = (
    Key(
        "migrate.packs",
        tuple,
        (),
        "rule packs for home-made wrapper services, names or paths beside `sophia.toml`",
        "SOPHIA_MIGRATE_PACKS",
    ),
    Key("migrate.exclude", tuple, (), "glob patterns of paths that are never looked at"),
    Key(
        "migrate.include",
        tuple,
        (),
        "glob patterns of tests, archives or generated files that may be edited after all",
    ),
)

# Variables of the command line alone.
VARIABLES = (
    ("OLLAMA_HOST", "where `sophia llm ask` looks for a local server (default: 127.0.0.1:11434)"),
    ("DOCKER_HOST", "the engine of `sophia infra` (default: that of the docker context)"),
    ("SOPHIA_SONARQUBE_TOKEN", "token of an administrator of the SonarQube of `--sonar-url`"),
    ("SOPHIA_GRAFANA_TOKEN", "the same of `--grafana-url`: a service account's, of role Admin"),
    ("SOPHIA_BACKUP_PASSPHRASE", "opens and closes the secrets in a backup of `sophia infra`"),
    ("SKIP", "tools that the hook leaves out, as `bandit,eslint` (pre-commit's own variable)"),
    ("PRE_COMMIT_FROM_REF", "set by pre-commit: the hook judges what was committed since then"),
    ("PRE_COMMIT_TO_REF", "set by pre-commit: the last commit that the hook judges then"),
    (
        "PRE_COMMIT_HOME",
        "where pre-commit keeps its environments, which `sophia hooks status` looks at",
    ),
    ("PIP_CONFIG_FILE", "pip's own: it and `PIP_INDEX_URL` say where `sophia hooks update` asks"),
    ("XDG_CONFIG_DIRS", "where pip's files for everybody lie, of which the same holds"),
    ("NO_COLOR", "no colour, also on a terminal"),
)


@dataclass(frozen=True)
class Settings:
    """What `sophia.toml` and the environment say, for one root folder.

    `beside` is the folder of that file; the root where there is none.
    """

    root: Path
    beside: Path
    packs: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


def load_settings(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the nearest `sophia.toml` upwards from `root`. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    file = load(environ, root)
    file.table("migrate", tuple(key.path.partition(".")[2] for key in KEYS))
    packs, exclude, include = (file.value(key, environ) for key in KEYS)
    beside = file.path.parent if file.path else root
    return Settings(root, beside, tuple(beside / pack for pack in packs), exclude, include)
