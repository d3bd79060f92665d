"""What Grafana must know of a stack: asked first, changed only where it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic, sleep
from typing import Any

from sophia_cli.dashboards.bring import FOLDER, SAME, bring, standing, way_out, why_left
from sophia_cli.dashboards.content import holds
from sophia_cli.dashboards.sources import SOURCE
from sophia_cli.errors import SophiaError
from sophia_cli.infra.change import Change
from sophia_cli.infra.grafana import READY, STARTING, Grafana
from sophia_cli.infra.login import RENEW_DAYS, TOKEN_DAYS
from sophia_cli.infra.vault import Vault

TOKEN_SECRET = "grafana-token"
SOURCE_NAME = "Prometheus (sophia)"  # for whoever looks; it may be given another
FOLDER_TITLE = "sophia"
ROLE = "Editor"  # may save boards, and is no administrator


@dataclass(frozen=True)
class Wanted:
    """What a stack's Grafana should hold. `prometheus` is the URL by which it reaches that server.

    It is empty where there is none to show. `boards` are dashboards by their file's name; `account` is
    the service account of the stack, empty where it works with a token that it was given. A data source
    of a server that is not the stack's `own` is not turned to another address: somebody may use it.
    """

    account: str
    prometheus: str
    boards: Mapping[str, Mapping[str, Any]]
    own: bool = True


def wait(server: Grafana, patience: float) -> None:
    """Wait until it answers; `patience` in seconds. Raises SophiaError when it does not."""
    until = monotonic() + patience
    while (state := server.state()) != READY:
        if monotonic() > until:
            words = "is starting" if state == STARTING else "does not answer"
            raise SophiaError(f"Grafana at {server.url} {words}", "sophia infra logs grafana")
        sleep(0.5)


def changes(server: Grafana, wanted: Wanted, vault: Vault) -> Iterator[Change]:
    """What differs, one after the other.

    Whoever wants it made calls `make` before asking for the next; what cannot be seen before an
    earlier one is made is left out.
    """
    if wanted.prometheus:
        yield from _source(server, wanted)
    if server.folder(FOLDER) is None:
        yield Change(f"folder `{FOLDER}`", lambda: server.create_folder(FOLDER, FOLDER_TITLE))
        if server.folder(FOLDER) is None:
            return
    for board in wanted.boards.values():
        yield from _board(server, board)
    if wanted.account:
        yield from _token(server, wanted, vault)


def _source(server: Grafana, wanted: Wanted) -> Iterator[Change]:
    source: dict[str, Any] = {
        "type": "prometheus",
        "access": "proxy",
        "url": wanted.prometheus,
        "jsonData": {"httpMethod": "POST", "timeInterval": "15s"},
    }
    there = server.data_source(SOURCE)
    if there is None:
        body = {"uid": SOURCE, "name": SOURCE_NAME, **source}
        yield Change(f"data source `{SOURCE}`", lambda: server.create_data_source(body))
    elif not holds(there, source):
        if there.get("readOnly"):
            raise SophiaError(
                f"the data source `{SOURCE}` of Grafana at {server.url} comes from a file there and differs",
                f"in that file: url: {wanted.prometheus}",
            )
        if not wanted.own and there["url"] != wanted.prometheus:
            raise SophiaError(
                f"Grafana at {server.url} has a data source `{SOURCE}` for {there['url']}",
                f"use that:  --prometheus-url {there['url']}   (or remove it there)",
            )
        # What somebody has added, such as credentials, stays.
        settings = {**there.get("jsonData", {}), **source["jsonData"]}
        body = {**_writable(there), **source, "jsonData": settings}
        yield Change(f"data source `{SOURCE}`", lambda: server.update_data_source(SOURCE, body))


def _writable(there: Mapping[str, Any]) -> dict[str, Any]:
    """What may be sent back of a data source; its secrets stay without being sent."""
    names = (
        "name", "isDefault", "basicAuth", "basicAuthUser", "withCredentials", "user", "version"
    )  # fmt: skip
    return {name: there[name] for name in names if name in there}


def _board(server: Grafana, board: Mapping[str, Any]) -> Iterator[Change]:
    """As `sophia dashboards import` has it: what a hand changed there stays, and where it lies."""
    found = standing(server, board, "")
    name = f"board `{found.uid}`"
    if left := why_left(found):
        yield Change(f"{name} {left}; {way_out(found)}", None)
    elif found.state != SAME:
        yield Change(name, partial(bring, server, found, "sophia infra up"))


def _token(server: Grafana, wanted: Wanted, vault: Vault) -> Iterator[Change]:
    """A token is shown once: one whose value is lost is made anew, as is one about to expire."""
    account = server.account(wanted.account)
    there = server.tokens(account).get(wanted.account) if account is not None else None
    if there and vault.get(TOKEN_SECRET) and _lasts(there[1]):
        return
    until = (datetime.now(UTC) + timedelta(days=TOKEN_DAYS)).date()
    yield Change(
        f"Grafana's token until {until.isoformat()}",
        lambda: renew_token(server, wanted.account, vault),
    )


def renew_token(server: Grafana, name: str, vault: Vault) -> None:
    """Make the token of that service account anew, and the account where it lacks; the one before ends."""
    account = server.account(name)
    if account is None:
        account = server.create_account(name, ROLE)
    before = server.tokens(account).get(name)
    if before:
        server.delete_token(account, before[0])
    seconds = int(timedelta(days=TOKEN_DAYS).total_seconds())
    vault.keep(TOKEN_SECRET, server.create_token(account, name, seconds))


def _lasts(expires: datetime | None) -> bool:
    return expires is None or expires - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
