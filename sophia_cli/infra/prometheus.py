"""Prometheus' HTTP API, as far as a stack asks it."""

from __future__ import annotations

from typing import Any

from sophia_cli.client import Client
from sophia_cli.errors import SophiaError

_RECEIVER = "web.enable-remote-write-receiver"
_BEFORE = "remote-write-receiver"  # among the features of 2.25 to 2.32
MEND = f"start it with --{_RECEIVER}   (from 2.33 on)"


class Prometheus(Client):
    """One server; every method asks it once. Raises SophiaError where it cannot be reached."""

    title = "Prometheus"

    def is_ready(self) -> bool:
        """Whether it answers and is ready."""
        try:
            return self._request("GET", "/-/ready", timeout=5.0).is_success
        except SophiaError:
            return False

    def version(self) -> str:
        """Such as `3.5.0`; empty for a server of another kind, which does not say."""
        return str(self._found("/api/v1/status/buildinfo").get("version", ""))

    def takes_writes(self) -> bool:
        """Whether others may write to it; so believed of a server of another kind, which does not say."""
        flags = self._found("/api/v1/status/flags")
        features = str(flags.get("enable-feature", "")).split(",")
        return not flags or flags.get(_RECEIVER) == "true" or _BEFORE in features

    def _found(self, path: str) -> dict[str, Any]:
        answer = self._request("GET", path)
        try:
            found = answer.json()["data"]
        except (ValueError, LookupError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}
