"""Servers that exist already: whether they answer, whom they let in, and what they can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from sophia_cli.checked import FAIL, OK, WARN, Check
from sophia_cli.errors import SophiaError
from sophia_cli.infra import credentials
from sophia_cli.infra.grafana import READY, UNREACHABLE, Grafana
from sophia_cli.infra.login import Login
from sophia_cli.infra.prometheus import MEND as PROMETHEUS_MEND
from sophia_cli.infra.prometheus import Prometheus
from sophia_cli.infra.quality import PHASES
from sophia_cli.infra.servers import NAMES, server
from sophia_cli.infra.sonarqube import UNREACHABLE as NO_ANSWER
from sophia_cli.infra.sonarqube import UP, SonarQube
from sophia_cli.infra.stack import Stack

WRITES = "remote write"


def check(stack: Stack, environ: Mapping[str, str]) -> tuple[Check, ...]:
    """Judge the servers of the stack that run elsewhere, before anything is started beside them.

    One that does not answer keeps the others from nothing: it is told of the project the next time.
    """
    return (
        *_reach(stack),
        *(one for name in stack.attached for one in _check(stack, name, environ)),
    )


def silent(checks: tuple[Check, ...]) -> frozenset[str]:
    """The servers of those checks that did not answer."""
    return frozenset(one.name for one in checks if one.state == WARN and one.name in NAMES)


def takes_totals(stack: Stack, checks: Iterable[Check]) -> bool:
    """Whether processes may write their ledger's totals to the stack's Prometheus, wherever that runs."""
    if "prometheus" not in stack.attached:
        return "prometheus" in stack.servers
    return all(one.state == OK for one in checks if one.name in ("prometheus", WRITES))


def state_of(stack: Stack, name: str) -> str:
    """`ready`, `unreachable`, or in words what it does until then."""
    url = stack.url(name)
    if name == "grafana":
        with Grafana(url) as asked:
            return asked.state()
    if name == "sonarqube":
        with SonarQube(url) as sonar:
            said = sonar.state()
        if said == UP:
            return READY
        return UNREACHABLE if said == NO_ANSWER else PHASES.get(said, said.lower())
    with Prometheus(url) as prometheus:
        return READY if prometheus.is_ready() else UNREACHABLE


def takes(stack: Stack, name: str, login: Login) -> bool:
    """Whether a server lets somebody in. Raises SophiaError when it cannot be asked."""
    if name == "grafana":
        with Grafana(stack.url(name)) as asked:
            return asked.takes(login)
    with SonarQube(stack.url(name)) as sonar:
        return sonar.takes(login)


def _check(stack: Stack, name: str, environ: Mapping[str, str]) -> Iterator[Check]:
    url, state = stack.url(name), state_of(stack, name)
    if state == UNREACHABLE:
        yield Check(
            name, WARN, f"{url} does not answer: it is told nothing", "once it answers:  sophia infra up"
        )  # fmt: skip
    elif state != READY:  # one that starts is waited for
        yield Check(name, OK, f"{url} is {state}")
    elif name in credentials.VARIABLES:
        yield _let_in(stack, name, environ)
    else:
        yield from _takes_writes(url)


def _let_in(stack: Stack, name: str, environ: Mapping[str, str]) -> Check:
    try:
        login = credentials.need(stack, name, environ)
        if not takes(stack, name, login):
            return Check(
                name,
                FAIL,
                f"{server(name).title} at {stack.url(name)} does not take the credentials that it was given",
                f"give the right ones:  sophia infra secrets set {name}",
            )
    except SophiaError as error:
        return Check(name, FAIL, error.message, error.mend)
    return Check(name, OK, f"{stack.url(name)} is ready")


def _takes_writes(url: str) -> Iterator[Check]:
    try:
        with Prometheus(url) as asked:
            version, takes = asked.version(), asked.takes_writes()
    except SophiaError as error:
        yield Check("prometheus", FAIL, error.message, error.mend)
        return
    yield Check(
        "prometheus", OK, f"{url} is ready, version {version}" if version else f"{url} is ready"
    )
    if not takes:
        words = f"{url} takes no remote writes: the totals of LLM calls cannot be written to it"
        yield Check(WRITES, WARN, words, PROMETHEUS_MEND)


def _reach(stack: Stack) -> Iterator[Check]:
    """Whether Grafana can reach Prometheus: one in a container, or elsewhere, has another loopback."""
    apart = ("grafana" in stack.attached) != ("prometheus" in stack.attached)
    ends = [stack.url(name) for name in ("grafana", "prometheus")]
    if not (apart and all(ends) and _is_loopback(ends[1])):
        return
    if "prometheus" in stack.attached:
        words = f"Grafana runs in a container and cannot reach {ends[1]}"
        yield Check("prometheus", FAIL, words, "--prometheus-url with its address in the network")
    elif not _is_loopback(ends[0]):
        words = f"Grafana at {ends[0]} cannot reach a Prometheus that listens on this machine alone"
        yield Check("prometheus", FAIL, words, "--prometheus-url with one that it can reach")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
