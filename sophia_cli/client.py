"""A server that is asked over HTTP: opened, closed and heard in one way, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sophia_cli.errors import SophiaError
from sophia_cli.http import httpx

PATIENCE = 30.0  # seconds for an answer


class Refused(SophiaError):
    """A server answered with an error; `status` is its HTTP code, `words` what it says."""

    def __init__(self, title: str, path: str, status: int, words: str) -> None:
        told = f": {words}" if words else ""
        mend = "sophia infra status" if status != 403 else "log in as an administrator"
        super().__init__(f"{title} answered {status} to {path}{told}", mend)
        self.status = status
        self.words = words


class Client:
    """One server, open until its block ends; `title` is what it is called, `patience` in seconds."""

    title: ClassVar[str]

    def __init__(
        self, url: str, headers: Mapping[str, str] | None = None, patience: float = PATIENCE
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, whatever it is. Raises SophiaError where the server cannot be reached."""
        try:
            return self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _refused(self, path: str, status: int, words: str) -> Refused:
        return Refused(self.title, path, status, words)

    def _unreachable(self, error: Exception) -> SophiaError:
        words = f"{self.title} at {self.url} cannot be reached: {error}"
        return SophiaError(words, "sophia infra status")
