"""Who asks a server."""

from __future__ import annotations

import base64
from dataclasses import dataclass

ADMIN = "admin"
FIRST_PASSWORD = "admin"  # what a new SonarQube has, and a new Grafana that is given no other


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
