"""New images for a stack: with a backup before, the database's migration in between, and a way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from sophia_cli.errors import SophiaError
from sophia_cli.infra import archive
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.backup import counted, default_path, save, secrets_of
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.containers import READY, states, tail
from sophia_cli.infra.counts import Counts, must_be_same
from sophia_cli.infra.engine import connect
from sophia_cli.infra.images import repository, rerouted
from sophia_cli.infra.quality import PHASES
from sophia_cli.infra.restore import put_back
from sophia_cli.infra.settings import load_settings
from sophia_cli.infra.sonarqube import DOWN, MIGRATION_NEEDED, MIGRATION_RUNNING, UP, SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.status import version_of
from sophia_cli.infra.trouble import ended, explain
from sophia_cli.infra.up import Step, fetch, fit, locked_images, stand

if TYPE_CHECKING:
    from docker import DockerClient

_STARTING = 300.0  # seconds
_LOOK = 1.0

Tell = Callable[[Step], None]


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade changed: server -> (image before, image now); nothing where all are the wanted ones.

    `versions` are SonarQube's, `counts` what it holds as before, `backup` the way back.
    """

    stack: Stack
    images: Mapping[str, tuple[str, str]]
    versions: tuple[str, str] = ("", "")
    migrated: bool = False
    counts: Counts | None = None
    backup: Path | None = None
    seconds: float = 0.0


def wanted_images(
    stack: Stack, mapped: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Server -> (image now, image wanted) of those that should run another one.

    Wanted is what is `mapped` or in the settings, else what the lock says of that image; one of
    another name is somebody's own choice and stays. Raises SophiaError, UsageError, ConfigError.
    """
    said = load_settings(stack.root, environ)
    named = {**said.images, **mapped}
    pinned, lock = locked_images(stack.root, said, named)
    wanted = {}
    for one in stack.running:
        now = stack.images[one.name]
        kept = rerouted(now, pinned[one.name], stack.registry, said.registry)
        same = repository(kept) == repository(lock[one.name])
        wanted[one.name] = (now, named.get(one.name) or (lock[one.name] if same else now))
    return {name: pair for name, pair in wanted.items() if pair[0] != pair[1]}


def upgrade(
    stack: Stack,
    mapped: Mapping[str, str],
    environ: Mapping[str, str],
    patience: float,
    tell: Tell,
) -> Upgraded:
    """Bring the stack to the images of the lock, or those that are `mapped`; `patience` in seconds.

    Raises SophiaError, and then the images and the data are those of before, or the words say how
    it is.
    """
    began = monotonic()
    with stacks.alone(stack.home):
        changed = wanted_images(stack, mapped, environ)
        engine, client = connect(environ)
        with closing(client):
            waiting = _waits(stack)
            if not changed and not waiting:
                return Upgraded(stack, changed)
            images = {**stack.images, **{name: image for name, (_, image) in changed.items()}}
            said = load_settings(stack.root, environ)
            target = replace(stack, images=images, registry=said.registry, mapped=said.images)
            target = fit(target, engine, client, lambda check: None)
            compose = Compose(target, engine)
            fetch(target, engine, client, tell)
            if waiting:
                return _finish(compose, client, patience, tell, began)
            before = version_of(stack, "sonarqube") if "sonarqube" in stack.servers else ""
            tell(Step("all", "backup", 0.0))
            path = default_path(stack, "before-upgrade")
            saved = save(stack, path, engine, client, "", lambda what: None)
            try:
                migrated = _change(compose, client, patience, tell)
                if saved.counts:
                    must_be_same(saved.counts, counted(target))
            except (Exception, KeyboardInterrupt) as error:
                old = Compose(stack, engine)
                raise _rolled_back(path, old, client, patience, tell, error) from error
            now = version_of(target, "sonarqube") if "sonarqube" in stack.servers else ""
    seconds = monotonic() - began
    return Upgraded(target, changed, (before, now), migrated, saved.counts, path, seconds)


def _waits(stack: Stack) -> bool:
    """Whether SonarQube has a newer image already and waits for its database."""
    if "sonarqube" not in stack.servers:
        return False
    with SonarQube(stack.url("sonarqube")) as server:
        return server.state() == MIGRATION_NEEDED


def _change(compose: Compose, client: DockerClient, patience: float, tell: Tell) -> bool:
    """Start the new images and migrate; True where the database had to be. Raises SophiaError."""
    stack = compose.stack
    stacks.save(stack)
    compose.prepare()
    migrated = False
    if "sonarqube" in stack.servers:
        # Not `--wait`: it is not healthy as long as it waits for its database.
        compose.do("up", "--detach", "sonarqube", timeout=_STARTING)
        migrated = _migrate(stack, client, patience, tell)
    stand(compose, client, patience, tell, compose.stack.attached)
    return migrated


def _migrate(stack: Stack, client: DockerClient, patience: float, tell: Tell) -> bool:
    """Wait until SonarQube is UP, and start its database's migration when it asks for that."""
    began, asked, phase = monotonic(), False, ""
    with SonarQube(stack.url("sonarqube")) as server:
        while (state := server.state()) != UP:
            if PHASES.get(state, state) != phase:
                phase = PHASES.get(state, state)
                tell(Step("sonarqube", phase, monotonic() - began))
            if state == MIGRATION_NEEDED and not asked:
                server.migrate()
                asked = True
            _must_go_on(server, state, stack, client)
            if monotonic() - began > patience:
                raise SophiaError(
                    f"SonarQube is not ready after {patience:.0f} s: {phase}",
                    "sophia infra upgrade --timeout 3600",
                )
            sleep(_LOOK)
    return asked


def _must_go_on(server: SonarQube, state: str, stack: Stack, client: DockerClient) -> None:
    """Raises SophiaError where no waiting helps: a migration that failed, a server that ended."""
    if state in (MIGRATION_NEEDED, MIGRATION_RUNNING, DOWN):
        said, words = "", ""
        with suppress(SophiaError):  # it may be between two of its states, and answer nobody
            said, words = server.migration()
        if said == "MIGRATION_FAILED" or state == DOWN:
            told = f": {words}" if words else ""
            raise SophiaError(f"the migration of SonarQube's database failed{told}")
    found = [one for one in states(client, stack) if one.server in ("postgresql", "sonarqube")]
    for one in found:
        if one.phase in ("exited", "missing", "restarting"):
            logs = {one.server: tail(client, one)}
            raise explain("", [one], logs)
        if one.server == "postgresql" and one.phase != READY:
            raise SophiaError(f"PostgreSQL is {one.phase}", "sophia infra logs postgresql")


def _finish(
    compose: Compose, client: DockerClient, patience: float, tell: Tell, began: float
) -> Upgraded:
    """Only the migration was missing: the images are new already, and nobody knows those of before."""
    _change(compose, client, patience, tell)
    now = version_of(compose.stack, "sonarqube")
    counts, seconds = counted(compose.stack), monotonic() - began
    return Upgraded(compose.stack, {}, ("", now), True, counts, None, seconds)


def _rolled_back(
    path: Path,
    old: Compose,
    client: DockerClient,
    patience: float,
    tell: Tell,
    error: BaseException,
) -> SophiaError:
    """Old images and old data again; the error that says why, and how it is now."""
    tell(Step("all", "rolling back", 0.0))
    try:
        put_back(archive.read(path), old, client, secrets_of(old.stack), patience, tell)
    except SophiaError as again:
        now = f"the rollback failed too: {again.message}. The backup is whole"
        return ended(error, now, f"sophia infra restore {path}")
    now = "rolled back: images and data are those of before"
    return ended(error, now, "sophia infra logs sonarqube")
