"""Labels for calls that a vendor's own client makes: a context manager, or headers on the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sophia_cli.llm.call import Labels
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.tasks import parse_task

_current: ContextVar[Labels | None] = ContextVar("sophia_labels", default=None)
# Header -> field. They are read and taken off; no provider sees them.
HEADERS = {
    "x-sophia-task": "task",
    "x-sophia-data-class": "data_class",
    "x-sophia-service": "service",
    "x-sophia-user": "user",
    "x-sophia-session": "session",
    "x-sophia-team": "team",
}


@contextmanager
def labels(
    *,
    task_type: str = "",
    data_class: str = "",
    service: str = "",
    user: str = "",
    session: str = "",
    team: str = "",
) -> Iterator[None]:
    """Label every call made inside the block, in this thread or task. Inner blocks add to outer ones."""
    given: dict[str, Any] = {
        "task": task_of(task_type),
        "data_class": str(data_class),
        "service": str(service),
        "user": str(user),
        "session": str(session),
        "team": str(team),
    }
    token = _current.set(
        replace(current_labels(), **{name: value for name, value in given.items() if value})
    )
    try:
        yield
    finally:
        _current.reset(token)


def current_labels(service: str = "") -> Labels:
    """The labels of the surrounding blocks; `service` stands in where none is named."""
    found = _current.get()
    if found is None:
        return _unlabelled(service)
    return found if found.service else replace(found, service=service)


@lru_cache(maxsize=16)
def _unlabelled(service: str) -> Labels:
    return Labels(service=service)


def labels_from(headers: Mapping[str, str], service: str) -> Labels:
    """The surrounding labels, with what the request's own headers say on top."""
    given: dict[str, Any] = {
        field: headers[name] for name, field in HEADERS.items() if headers.get(name)
    }
    if "task" in given:
        given["task"] = task_of(given["task"])
    return replace(current_labels(service), **given)


def task_of(value: str) -> str:
    """The task's canonical name. Raises ConfigError for a word that is not one: tasks are metric labels."""
    if not value:
        return ""
    try:
        return parse_task(value).value
    except ValueError as error:
        raise ConfigError(str(error)) from None
