"""Users of the stand-in, service accounts and their tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from grafana_state import Account, Asked, Refusal, held_to, now, page_of

_ACCOUNT: dict[str, type] = {"name*": str, "role": str, "isDisabled": bool}
_TOKEN: dict[str, type] = {"name*": str, "secondsToLive": int}
_PASSWORD: dict[str, type] = {"oldPassword*": str, "newPassword*": str, "confirmNew": str}


def user(asked: Asked) -> object:
    return {"login": "admin", "isGrafanaAdmin": asked.role == "Admin"}


def change_password(asked: Asked, body: Any) -> object:
    held = held_to(asked, _PASSWORD, body)
    if asked.by_token:
        raise Refusal(403, "Not allowed to change password")
    if held["oldPassword"] != asked.grafana.password:
        raise Refusal(401, "Invalid old password")
    if len(held["newPassword"]) < 4:
        raise Refusal(400, "New password is too short")
    asked.grafana.password = held["newPassword"]
    return {"message": "User password changed"}


def accounts(asked: Asked, query: str = "", page: str = "1", perpage: str = "1000") -> object:
    found = [
        {"id": number, "name": one.name, "role": one.role, "tokens": len(one.tokens)}
        for number, one in asked.grafana.accounts.items()
        if query.lower() in one.name.lower()
    ]
    shown = page_of(found, int(perpage), int(page))
    return {"totalCount": len(found), "serviceAccounts": shown, "page": int(page)}


def add_account(asked: Asked, body: Any) -> object:
    held, known = held_to(asked, _ACCOUNT, body), asked.grafana.accounts
    if held.get("role", "Viewer") not in ("Viewer", "Editor", "Admin"):
        raise Refusal(400, "invalid role specified")
    if any(one.name == held["name"] for one in known.values()):
        raise Refusal(400, "service account already exists")
    number = asked.grafana.next_id()
    known[number] = Account(held["name"], held.get("role", "Viewer"))
    return 201, {"id": number, "name": held["name"], "role": held.get("role", "Viewer")}


def _account(asked: Asked, number: str) -> Account:
    if not number.isdigit():
        raise Refusal(400, "Service Account ID is invalid")
    if int(number) not in asked.grafana.accounts:
        raise Refusal(404, "service account not found")
    return asked.grafana.accounts[int(number)]


def tokens(asked: Asked, number: str) -> object:
    return [
        {
            "id": one,
            "name": name,
            "expiration": expires.isoformat().replace("+00:00", "Z") if expires else None,
            "hasExpired": bool(expires and expires < now()),
        }
        for one, (name, _, expires) in _account(asked, number).tokens.items()
    ]


def add_token(asked: Asked, number: str, body: Any) -> object:
    account, held = _account(asked, number), held_to(asked, _TOKEN, body)
    # A name is taken by any token of the organisation.
    everyone = asked.grafana.accounts.values()
    if held["name"] in {name for one in everyone for name, _, _ in one.tokens.values()}:
        words = "service account token with given name already exists in the organization"
        raise Refusal(409, words)
    seconds = held.get("secondsToLive", 0)
    if seconds < 0:
        raise Refusal(400, "invalid SecondsToLive value")
    word = secrets.token_urlsafe(24).replace("-", "x").replace("_", "x")
    key = f"glsa_{word}_{secrets.token_hex(4)}"
    made = asked.grafana.next_id()
    expires = now() + timedelta(seconds=seconds) if seconds else None
    account.tokens[made] = (held["name"], key, expires)
    return {"id": made, "name": held["name"], "key": key}


def delete_token(asked: Asked, number: str, token: str) -> object:
    account = _account(asked, number)
    if not token.isdigit() or int(token) not in account.tokens:
        raise Refusal(404, "Failed to delete service account token")
    del account.tokens[int(token)]
    return {"message": "Service account token deleted"}
