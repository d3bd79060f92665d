"""What SonarQube must know of a project: asked first, changed only where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from time import monotonic, sleep
from urllib.parse import urlsplit

from sophia_cli.client import Refused
from sophia_cli.errors import SophiaError
from sophia_cli.infra.change import Change
from sophia_cli.infra.login import RENEW_DAYS, TOKEN_DAYS
from sophia_cli.infra.settings import Settings, load_settings
from sophia_cli.infra.sonarqube import (
    DOWN,
    MIGRATION_NEEDED,
    MIGRATION_RUNNING,
    STARTING,
    UNREACHABLE,
    UP,
    SonarQube,
)
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.vault import Vault

TOKEN_SECRET = "sonarqube-token"
GATE = "sophia"
WEBHOOK = "sophia"
# What the server puts into every new gate.
_GIVEN = (
    "new_violations",
    "new_coverage",
    "new_duplicated_lines_density",
    "new_security_hotspots_reviewed",
)
PHASES = {
    UNREACHABLE: "starting",
    STARTING: "starting",
    MIGRATION_NEEDED: "database migration needed",
    MIGRATION_RUNNING: "database migration",
    "RESTARTING": "restarting",
    DOWN: "down",
    UP: "ready",
}


@dataclass(frozen=True)
class Wanted:
    """What a project's server should hold; `webhook` is a URL, or empty. `new_code` is (type, value).

    The gate is red when one of its `conditions` holds: metric, operator, threshold. `profiles` are
    those of its languages.
    """

    project: str
    name: str
    gate: str
    conditions: tuple[tuple[str, str, str], ...]
    new_code: tuple[str, str] = ("PREVIOUS_VERSION", "")
    webhook: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)
    token_days: int = TOKEN_DAYS


def wanted_of(stack: Stack) -> Wanted:
    """What the project of a stack should find there. Raises ConfigError."""
    said = load_settings(stack.root)
    project = said.project or stack.name.removeprefix("sophia-")
    # Conditions of its own are those of a gate of its own: another project may have others.
    usual = said.conditions == Settings().conditions
    gate = GATE if usual else f"{GATE} {project}"
    return Wanted(
        project,
        stack.root.name,
        gate,
        said.conditions,
        said.new_code,
        said.webhook,
        said.quality_profiles,
    )


def wait(server: SonarQube, patience: float) -> None:
    """Wait until it is UP; `patience` in seconds. Raises SophiaError for a state that waiting does not end."""
    until = monotonic() + patience
    while (state := server.state()) != UP:
        if state == MIGRATION_NEEDED:
            raise SophiaError(
                f"SonarQube at {server.url} waits for its database to be migrated",
                "sophia infra upgrade",
            )
        if state == DOWN or monotonic() > until:
            phase = PHASES.get(state, state)
            raise SophiaError(
                f"SonarQube at {server.url} is {phase}", "sophia infra logs sonarqube"
            )
        sleep(0.5)


def changes(server: SonarQube, wanted: Wanted, vault: Vault) -> Iterator[Change]:
    """What differs, one after the other.

    Whoever wants it made calls `make` before asking for the next; what cannot be seen before an
    earlier one is made is left out.
    """
    key = wanted.project
    if not server.has_project(key):
        yield Change(f"project `{key}`", lambda: server.create_project(key, wanted.name))
        if not server.has_project(key):
            return
    yield from _gate(server, wanted)
    if server.new_code(key) != wanted.new_code:
        words = " ".join(wanted.new_code).strip().lower().replace("_", " ")
        yield Change(f"new code: {words}", lambda: server.set_new_code(key, *wanted.new_code))
    for language, profile in wanted.profiles.items():
        yield from _profile(server, key, language, profile)
    if wanted.webhook:
        there = server.webhooks(key).get(WEBHOOK)
        if there is None or there[1] != wanted.webhook:
            yield Change("webhook", partial(_hook, server, wanted, there[0] if there else ""))
    yield from _token(server, wanted, vault)


def _gate(server: SonarQube, wanted: Wanted) -> Iterator[Change]:
    gate = wanted.gate
    if gate not in server.gates():
        yield Change(f"quality gate `{gate}`", lambda: server.create_gate(gate))
        if gate not in server.gates():
            return
    have = server.conditions(gate)
    for metric in _GIVEN:
        if metric in have and metric not in {one[0] for one in wanted.conditions}:
            remove = partial(server.delete_condition, have[metric][0])
            yield Change(f"no condition {metric}", remove)
    for condition in wanted.conditions:
        found = have.get(condition[0])
        if found is None:
            add = partial(server.add_condition, gate, *condition)
            yield Change(f"condition {' '.join(condition)}", add)
        elif found[1:] != condition[1:]:
            change = partial(server.change_condition, found[0], *condition)
            yield Change(f"condition {' '.join(condition)}", change)
    if server.gate_of(wanted.project) != gate:
        yield Change(f"gate of `{wanted.project}`", lambda: server.use_gate(wanted.project, gate))


def _profile(server: SonarQube, project: str, language: str, name: str) -> Iterator[Change]:
    """A profile that is not there is made as a copy of the language's first, for somebody to change."""
    try:
        known = server.profiles(language)
    except Refused as error:
        raise SophiaError(
            f"SonarQube at {server.url} knows no language `{language}`: {error.words}",
            'in sophia.toml: [infra] quality_profiles = { py = "NAME" }',
        ) from error
    if name not in known:
        copy = partial(server.copy_profile, next(iter(known.values())), name)
        yield Change(f"quality profile `{name}`", copy)
        if name not in server.profiles(language):
            return
    if name not in server.profiles(language, project):
        use = partial(server.use_profile, project, language, name)
        yield Change(f"quality profile of `{project}`: {name}", use)


def _hook(server: SonarQube, wanted: Wanted, key: str) -> None:
    try:
        if key:
            server.change_webhook(key, WEBHOOK, wanted.webhook)
        else:
            server.create_webhook(wanted.project, WEBHOOK, wanted.webhook)
    except Refused as error:
        raise SophiaError(
            f"SonarQube takes no webhook to {urlsplit(wanted.webhook).netloc}: {error.words}",
            "in sophia.toml, [infra] webhook: another machine's name, or this one's address in the network",
        ) from error


def _token(server: SonarQube, wanted: Wanted, vault: Vault) -> Iterator[Change]:
    """A token is shown once: one whose value is lost is revoked and made anew, as is one about to expire."""
    there, kept = server.tokens().get(token_name(wanted)), vault.get(TOKEN_SECRET)
    if there and kept and _days_left(str(there.get("expirationDate", ""))) > RENEW_DAYS:
        return
    expires = date.today() + timedelta(days=wanted.token_days)
    yield Change(
        f"analysis token until {expires.isoformat()}",
        lambda: renew_token(server, wanted, vault, is_there=bool(there)),
    )


def token_name(wanted: Wanted) -> str:
    """What the project's token is called, among those of whoever logs in."""
    return f"sophia {wanted.project}"


def renew_token(server: SonarQube, wanted: Wanted, vault: Vault, *, is_there: bool) -> None:
    """Make the project's token anew; the one before ends."""
    name = token_name(wanted)
    if is_there:
        server.revoke_token(name)
    expires = date.today() + timedelta(days=wanted.token_days)
    vault.keep(TOKEN_SECRET, server.create_token(name, wanted.project, expires))


def _days_left(text: str) -> int:
    try:
        return (date.fromisoformat(text[:10]) - date.today()).days
    except ValueError:
        return 0
