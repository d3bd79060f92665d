"""The HTTP library: httpx, or httpx2, its successor, which the vendors' newer clients bring.

They share their interface but not their types. httpx2 takes half the time with many calls at once,
so it is used where it is installed and nothing else is said.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sophia_cli.llm.config import HTTPX, HTTPX2
from sophia_cli.llm.errors import ConfigError


class Unanswered(Exception):
    """No response came, or no more of it. `error` is what the HTTP library raised."""

    def __init__(self, kind: str, message: str, error: Exception) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.error = error


@cache
def library(name: str) -> Any:
    """The module of that name, or the better one that is installed. Raises ConfigError."""
    if name == HTTPX2 or (name != HTTPX and find_spec(HTTPX2)):
        try:
            return import_module(HTTPX2)
        except ModuleNotFoundError as error:
            raise ConfigError(
                '[llm] http = "httpx2" needs the package httpx2', "pip install httpx2"
            ) from error
    return import_module(HTTPX)


def unanswered(http: Any, error: Exception) -> Unanswered:
    """What an error of the library means for the call."""
    name = type(error).__name__
    if isinstance(error, http.TimeoutException):
        return Unanswered("timeout", f"no answer in time ({name})", error)
    if isinstance(error, http.UnsupportedProtocol | http.InvalidURL):
        return Unanswered("invalid_request", str(error), error)
    return Unanswered("connection", str(error) or name, error)
