"""Everything that could be wrong with the hooks of a clone; nothing is changed and no network is used."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

from sophia_cli.checked import FAIL, OK, Check
from sophia_cli.errors import SophiaError
from sophia_cli.hooks import clone as clones
from sophia_cli.hooks.config import NAME, Config, read_config
from sophia_cli.hooks.detect import detect
from sophia_cli.hooks.status.arguments import arguments
from sophia_cli.hooks.status.demands import demands
from sophia_cli.hooks.status.drift import drift
from sophia_cli.hooks.status.environments import environments
from sophia_cli.hooks.status.installed import installed
from sophia_cli.hooks.status.patterns import patterns
from sophia_cli.hooks.status.repositories import repositories


def examine(root: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """Look at the configuration, the clone and the environments. Raises SophiaError where no clone is."""
    clone = clones.look(root)
    config = yield from _configuration(clone.root)
    yield from installed(clone, config, environ)
    if config is None:
        return
    project = detect(clone.root)
    looks = (
        patterns(config, clone.root),
        arguments(config),
        demands(config, project, clone, environ),
        repositories(config, project),
        drift(config, clone.root),
        environments(environ),
    )
    for checks in looks:
        yield from checks


def _configuration(root: Path) -> Generator[Check, None, Config | None]:
    """The configuration; None where there is none to read."""
    try:
        config = read_config((root / NAME).read_bytes())
    except FileNotFoundError:
        yield Check("config", FAIL, f"there is no {NAME}", "sophia hooks install")
        return None
    except OSError as error:
        yield Check("config", FAIL, f"{NAME} cannot be read: {error.strerror}", "free it")
        return None
    except SophiaError as error:
        yield Check("config", FAIL, error.message, "pre-commit validate-config")
        return None
    hooks = len(list(config.hooks))
    yield Check("config", OK, f"{hooks} hook{'' if hooks == 1 else 's'} in {NAME}")
    return config
