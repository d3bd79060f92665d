"""Who asks a server."""

from __future__ import annotations

import base64
from dataclasses import dataclass

ADMIN = "admin"
FIRST_PASSWORD = "admin"  # what a new SonarQube has, and a new Grafana that is given no other
TOKEN_DAYS = 90  # how long a token of ours lives
RENEW_DAYS = 14  # one with less left is made anew


@dataclass(frozen=True)
class Login:
    """A user with a password, or a token; nobody when all are empty."""

    user: str = ""
    password: str = ""
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user:
            pair = f"{self.user}:{self.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}


NOBODY = Login()
