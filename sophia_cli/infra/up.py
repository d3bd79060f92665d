"""Bring a stack up: look, start, wait, and tell the servers what they must know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from sophia_cli.checked import FAIL, Check
from sophia_cli.errors import SophiaError, UsageError
from sophia_cli.infra import attached, credentials, properties
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.compose import Compose
from sophia_cli.infra.containers import (
    PAUSED,
    READY,
    State,
    elsewhere,
    left_over,
    missing,
    outdated,
    states,
    tail,
)
from sophia_cli.infra.engine import Engine, connect
from sophia_cli.infra.images import bare, choose, read_lock, rerouted, through
from sophia_cli.infra.machine import look
from sophia_cli.infra.preflight import FILES_ASKED, check
from sophia_cli.infra.provide import provide, unheard
from sophia_cli.infra.quality import PHASES, wanted_of
from sophia_cli.infra.servers import ATTACHABLE, PROFILES, SERVERS, WITH_PORT, server
from sophia_cli.infra.settings import Settings, load_settings
from sophia_cli.infra.sonarqube import SonarQube
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.trouble import explain, not_pulled
from sophia_cli.process import Result, run

if TYPE_CHECKING:
    from docker import DockerClient

_PULLING = 3600.0  # seconds; SonarQube's image has a gigabyte
_STOPPING = 180.0  # seconds; SonarQube takes about ten
_LOOK = 0.5  # seconds between two looks at the containers


@dataclass(frozen=True)
class Asked:
    """What a person asked of `up`. What is empty or 0 is as the settings say, or as the stack had it before.

    `attached` are servers to use elsewhere, by their URL; `detached` those to be the stack's own again.
    """

    root: Path
    name: str = ""
    profiles: tuple[str, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    search_checks: bool = True
    patience: float = 0.0
    offline: bool = False
    detached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """How far one server is, for whoever waits."""

    server: str
    phase: str
    seconds: float


@dataclass(frozen=True)
class Standing:
    """A stack that is up: what was changed on its servers, and how long it took, in seconds.

    `left` is what differs there because somebody wants it so, `before` the stack as it was until now.
    """

    stack: Stack
    changed: tuple[str, ...]
    seconds: float
    left: tuple[str, ...] = ()
    before: Stack | None = None


class NotReady(SophiaError):
    """The machine is not fit; `checks` say why."""

    def __init__(self, checks: tuple[Check, ...]) -> None:
        failed = [one for one in checks if one.state == FAIL]
        super().__init__(failed[0].words, failed[0].mend)
        self.checks = checks


def bring_up(
    asked: Asked,
    environ: Mapping[str, str],
    tell: Callable[[Step], None],
    show: Callable[[Check], None],
) -> Standing:
    """Bring the stack up, and wait until all of it answers and is secured.

    `tell` hears how far each server is, `show` what was found on the machine. Raises NotReady before
    anything is started, SophiaError with the reason when a server does not come up.
    """
    began, left = monotonic(), list[str]()
    stack = settle(asked, environ)
    patience = asked.patience or load_settings(stack.root, environ).timeout
    with stacks.alone(stack.home):
        silent = look_at_attached(stack, environ, show)
        engine, client = connect(environ)
        with closing(client):
            stack = fit(stack, engine, client, show)
            compose = Compose(stack, engine)
            credentials.move(stack)
            before = stacks.load(stack.name, environ)
            stacks.save(stack)
            compose.prepare()
            if not asked.offline:
                fetch(stack, engine, client, tell)
            changed = stand(compose, client, patience, tell, silent, left.append)
    return Standing(stack, changed, monotonic() - began, tuple(left), before)


def stand(
    compose: Compose,
    client: DockerClient,
    patience: float,
    tell: Callable[[Step], None],
    but: Collection[str] = (),
    leave: Callable[[str], None] = unheard,
) -> tuple[str, ...]:
    """Start a stack that is prepared, wait for it and tell its servers, `but` some; gives what was changed.

    `leave` hears of what differs and stays. Raises SophiaError.
    """
    _start(compose, client, patience, tell)
    return tuple(provide(compose.stack, patience, but, leave))


def settle(asked: Asked, environ: Mapping[str, str]) -> Stack:
    """The stack that is wanted: what was asked for over the settings, and these over what it was before.

    Raises SophiaError, ConfigError.
    """
    root = asked.root.resolve()
    said = load_settings(root, environ)
    name = stacks.named_of(root, asked.name, environ)
    before = stacks.load(name, environ)
    if before and before.root != root:
        raise SophiaError(
            f"the stack `{name}` belongs to {before.root}", "sophia infra up --name ANOTHER"
        )
    for port_of in asked.ports:
        if port_of not in WITH_PORT:
            raise UsageError(f"`{port_of}` has no port", f"one of: {', '.join(WITH_PORT)}")
    places = _places(asked, before)
    ports = {one.name: one.port for one in SERVERS if one.port}
    images = _images(asked, said, before)
    if asked.offline:  # an image of an archive has no digest that could be asked for
        images = {name: bare(image) for name, image in images.items()}
    return Stack(
        name,
        root,
        stacks.home_of(name, environ),
        _servers(asked, said, before, places),
        {**ports, **(before.ports if before else {}), **said.ports, **asked.ports},
        images,
        places,
        before.open_files if before else FILES_ASKED,
        asked.search_checks and said.search_checks and (before is None or before.search_checks),
        said.registry,
        said.images,
    )


def _places(asked: Asked, before: Stack | None) -> dict[str, str]:
    """Where the servers are that run elsewhere: as before, but for those that are named now."""
    for name, url in asked.attached.items():
        if "@" in url:  # it is kept, shown and passed on
            mend = f"such as https://{name}.internal; a URL with a password is none"
            raise UsageError(f"what is given for {name} is no URL of a server", mend)
        if not url.startswith(("http://", "https://")):
            mend = f"such as https://{name}.internal"
            raise UsageError(f"`{url}` is no URL of a server", mend)
    for name in asked.detached:
        if name not in ATTACHABLE:
            known = ", ".join(ATTACHABLE)
            raise UsageError(f"`{name}` is never elsewhere", f"one of: {known}")
        if name in asked.attached:
            raise UsageError(f"{name} is to be elsewhere and here", "leave one of the two out")
    kept = before.attached if before else {}
    left = {name: url for name, url in kept.items() if name not in asked.detached}
    return {**left, **asked.attached}


def _images(asked: Asked, said: Settings, before: Stack | None) -> dict[str, str]:
    """Those of the lock, through the registry of the settings; those that were named go before them.

    What the settings name no more is the lock's again, and what came through another registry comes
    through that of now.
    """
    named = {**said.images, **asked.images}
    lock, fetched = locked_images(asked.root.resolve(), said, named)
    if before is None:
        return {**fetched, **named}
    kept = {
        name: rerouted(image, lock[name], before.registry, said.registry)
        for name, image in before.images.items()
    }
    own = {
        name: image
        for name, image in kept.items()
        if image not in (lock[name], fetched[name], before.mapped.get(name))
    }
    return {**fetched, **own, **named}


def locked_images(
    root: Path, said: Settings, named: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The images of the lock, and the same through the registry of the settings.

    Raises UsageError where one that is `named` is no image, SophiaError for a lock that is none.
    """
    pinned = read_lock(root)
    choose(pinned, named)
    lock = choose(pinned, {})
    return lock, {name: through(said.registry, image) for name, image in lock.items()}


def _servers(
    asked: Asked, said: Settings, before: Stack | None, places: Collection[str]
) -> tuple[str, ...]:
    """Those of the profiles, or of before with those that are elsewhere no more, but none that is."""
    profiles = asked.profiles or said.profiles
    if not profiles and before:
        wanted = {*before.servers, *_with_database(before.attached)}
    else:
        wanted = {one.name for one in SERVERS if one.profile in (profiles or PROFILES)}
    wanted -= _with_database(places)
    return tuple(one.name for one in SERVERS if one.name in wanted)


def _with_database(names: Collection[str]) -> set[str]:
    return {*names, *(["postgresql"] if "sonarqube" in names else [])}


def look_at_attached(
    stack: Stack, environ: Mapping[str, str], show: Callable[[Check], None]
) -> frozenset[str]:
    """The servers elsewhere that do not answer. Raises NotReady for one that will not be told of the project."""
    checks = attached.check(stack, environ)
    for one in checks:
        show(one)
    if any(one.state == FAIL for one in checks):
        raise NotReady(checks)
    return attached.silent(checks)


def fit(stack: Stack, engine: Engine, client: DockerClient, show: Callable[[Check], None]) -> Stack:
    """The stack as this machine can run it; `show` hears every check. Raises NotReady, SophiaError."""
    if folder := elsewhere(client, stack):
        raise SophiaError(
            f"a Compose project `{stack.name}` runs already, started in {folder}",
            "sophia infra up --name ANOTHER",
        )
    ports = tuple(stack.ports[one.name] for one in stack.running if one.port)
    machine = look(engine, client, ports)
    checks = check(stack, engine, machine)
    if stack.url("sonarqube"):
        checks += tuple(properties.check(stack.root, wanted_of(stack).project))
    for one in checks:
        show(one)
    if any(one.state == FAIL for one in checks):
        raise NotReady(checks)
    # More than the engine itself may have is refused by it.
    return replace(stack, open_files=min(FILES_ASKED, machine.open_files or FILES_ASKED))


def fetch(stack: Stack, engine: Engine, client: DockerClient, tell: Callable[[Step], None]) -> None:
    """Get the images that the engine has not, by their own names: no file of the stack need be there yet.

    Raises SophiaError.
    """
    for name, image in missing(client, stack):
        tell(Step(name, "pulling its image", 0.0))
        words = ["docker", "pull", "--quiet", image]
        done = run(words, env=engine.environ, timeout=_PULLING)
        if done.code:
            raise not_pulled(name, image, done.stderr)


def _start(
    compose: Compose, client: DockerClient, patience: float, tell: Callable[[Step], None]
) -> None:
    for name, image in missing(client, compose.stack):
        title = server(name).title
        mend = "sophia infra bundle --load FILE   (made where there is a network)"
        raise SophiaError(f"the engine has no {image} for {title}", mend)
    if left := left_over(client, compose.stack):
        for name in left:
            tell(Step(name, "stopping: it is not wanted here", 0.0))
        compose.do("rm", "--stop", "--force", *left, timeout=_STOPPING)
    # A backup that was killed while it read one leaves it so.
    if paused := [one.server for one in states(client, compose.stack) if one.phase == PAUSED]:
        compose.do("unpause", *paused, timeout=_STOPPING)
        compose.do("restart", *paused, timeout=_STOPPING)  # its health was lost meanwhile
    if _stands(compose, client):
        for one in compose.stack.running:
            tell(Step(one.name, READY, 0.0))
        return
    names = compose.stack.servers
    words = ("up", "--detach", "--wait", "--wait-timeout", str(int(patience)), *names)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(compose.run, *words, timeout=patience + 60)
        for step in _watch(running, compose.stack, client):
            tell(step)
        done = running.result()
    if done.code:
        raise _why(done, compose.stack, client)


def _stands(compose: Compose, client: DockerClient) -> bool:
    """Whether Compose would find nothing to do: it takes a second or two to find that out itself."""
    ready = all(one.phase == READY for one in states(client, compose.stack))
    return ready and not different(compose, client)


def different(compose: Compose, client: DockerClient) -> frozenset[str]:
    """The servers whose containers Compose would make anew: for their definition, or what their image is by now."""
    return frozenset((*outdated(client, compose.stack), *compose.changed(client)))


def _watch(running: Future[Result], stack: Stack, client: DockerClient) -> Iterator[Step]:
    """Steps as they are seen, each phase of a server once, until Compose has ended."""
    began, seen = monotonic(), dict[str, str]()
    url = stack.url("sonarqube")
    with SonarQube(url or "http://localhost") as sonarqube:
        while True:
            ended = running.done()
            for state in states(client, stack):
                phase = _phase(state, sonarqube)
                if seen.get(state.server) != phase:
                    seen[state.server] = phase
                    yield Step(state.server, phase, monotonic() - began)
            if ended:
                return
            try:
                running.result(_LOOK)
            except TimeoutError:
                continue


def _phase(state: State, sonarqube: SonarQube) -> str:
    if state.server != "sonarqube" or state.phase != "starting":
        return state.phase
    said = sonarqube.state()
    return PHASES.get(said, said.lower())


def _why(done: Result, stack: Stack, client: DockerClient) -> SophiaError:
    found = states(client, stack)
    logs = {one.server: tail(client, one) for one in found if one.phase != READY}
    return explain(done.stderr, found, logs)
