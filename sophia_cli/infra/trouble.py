"""Why a stack did not come up: read from its containers and their logs, since exit codes say little.

SonarQube ends with exit code 0 when its search engine refuses the machine or its database does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sophia_cli.errors import Interrupted, SophiaError
from sophia_cli.infra.containers import READY, State
from sophia_cli.infra.servers import server


@dataclass(frozen=True)
class _Known:
    """A line of a log that names a cause: what it means, and what mends it."""

    pattern: re.Pattern[str]
    words: str
    mend: str


_KNOWN = (
    _Known(
        re.compile(r"vm\.max_map_count \[(\d+)\] is too low"),
        "vm.max_map_count is {0}, too low for its search engine",
        "sudo sysctl -w vm.max_map_count=524288",
    ),
    _Known(
        re.compile(r"max file descriptors \[(\d+)\].*too low"),
        "its search engine may open {0} files only, it needs 65535",
        "raise the engine's limit, or:  sophia infra up --no-search-checks",
    ),
    _Known(
        re.compile(r"Database charset is (\S+)\. It must support UTF8"),
        "its database is {0}, it must be UTF-8",
        "make the database anew with encoding UTF8",
    ),
    _Known(
        re.compile(r"password authentication failed for user"),
        "PostgreSQL refuses its password: the data is of another stack's secrets",
        "bring the secrets back, or begin anew:  sophia infra down --volumes",
    ),
    _Known(
        re.compile(r"No space left on device"),
        "the engine's disk is full",
        "docker system prune",
    ),
    _Known(
        re.compile(r"database version.*(downgrade|too recent)|Database was upgraded to a more recent version"),
        "its database is of a newer version",
        "sophia infra restore",
    ),
)  # fmt: skip
_PORT = re.compile(r"port is already allocated|address already in use")


def explain(said: str, states: Iterable[State], logs: Mapping[str, str]) -> SophiaError:
    """The error of a `docker compose up` that failed, having `said` that on stderr.

    `logs` has the end of the log of each server that is not ready.
    """
    for state in states:
        if state.phase == READY or state.server not in logs:
            continue
        known = _find(logs[state.server])
        title = server(state.server).title
        if known:
            return SophiaError(f"{title} did not start: {known[0]}", known[1])
    return _unknown(said, states)


def not_pulled(name: str, image: str, said: str) -> SophiaError:
    """The error of an image that the engine could not fetch."""
    return SophiaError(
        f"the image {image} of {server(name).title} is not here, and cannot be fetched: {_telling_line(said)}",
        f"check its name and the network, or name your own:  sophia infra up --image {name}=IMAGE",
    )


def ended(error: BaseException, now: str, mend: str = "") -> SophiaError:
    """The error that ended something, with how the stack is `now`; what was interrupted stays so."""
    why = error.message if isinstance(error, SophiaError) else str(error) or "it was interrupted"
    kind = Interrupted if isinstance(error, KeyboardInterrupt) else SophiaError
    return kind(f"{why}; {now}", mend)


def known_cause(log: str) -> str:
    """What a server's log names as the cause, in words; empty where it names none that is known."""
    known = _find(log)
    return known[0] if known else ""


def _unknown(said: str, states: Iterable[State]) -> SophiaError:
    line = _telling_line(said)
    if _PORT.search(said):
        return SophiaError(f"a port is taken: {line}", "sophia infra up --port SERVER=PORT")
    for state in states:
        words = {
            "exited": f"ended with exit code {state.exit_code}",
            "restarting": "ends again and again",
            "unhealthy": "runs, but is not healthy",
        }.get(state.phase)
        if words:
            title = server(state.server).title
            return SophiaError(f"{title} {words}", f"sophia infra logs {state.server}")
    for state in states:
        if state.phase == "starting" and "not healthy after" in said:
            title = server(state.server).title
            return SophiaError(
                f"{title} is not ready yet: {line}", "sophia infra up --timeout 1800"
            )
    return SophiaError(f"docker compose failed: {line}", "sophia infra doctor")


def _find(log: str) -> tuple[str, str] | None:
    for known in _KNOWN:
        found = known.pattern.search(log)
        if found:
            return known.words.format(*found.groups()), known.mend
    return None


def _telling_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line or "unhealthy" in line or "exited" in line]
    return (telling or lines or ["it says nothing"])[-1]
