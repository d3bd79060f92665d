"""Values between layers as data for JSON and back: what a cache keeps, without a way to run code.

Knows frozen dataclasses, enums of words, tuples, sets and mappings of strings, bytes and JSON's own types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """The value as data; equal values give equal data. Raises TypeError for what is not known."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(encode(item) for item in value)
    if isinstance(value, Mapping):
        return {str(key): encode(value[key]) for key in sorted(value)}
    if is_dataclass(value):
        return [encode(getattr(value, each.name)) for each in fields(value)]
    raise TypeError(f"{type(value).__name__} is not kept")


def decode(kind: Any, data: Any) -> Any:
    """The value of that type that data stands for. Raises ValueError or TypeError where it is none."""
    if isinstance(kind, type) and is_dataclass(kind):
        names = _fields(kind)
        if not isinstance(data, list) or len(data) != len(names):
            raise ValueError(f"{data!r} is no {kind}")
        return kind(*[decode(part, item) for part, item in zip(names, data, strict=True)])
    if get_origin(kind) in (UnionType, Union):
        return _one_of(get_args(kind), data)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(data)
    if kind is bytes:
        return data.encode("latin-1") if isinstance(data, str) else _refuse(kind, data)
    return data if isinstance(data, kind) else _refuse(kind, data)


def _one_of(kinds: tuple[Any, ...], data: Any) -> Any:
    """Of alternatives, None and one more are told apart."""
    if data is None and NoneType in kinds:
        return None
    (kind,) = [kind for kind in kinds if kind is not NoneType]
    return decode(kind, data)


def _tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise ValueError(f"{data!r} is no tuple")
    if kinds[1:] == (...,):
        return tuple([decode(kinds[0], item) for item in data])
    return tuple([decode(kind, item) for kind, item in zip(kinds, data, strict=True)])


def _refuse(kind: Any, data: Any) -> Any:
    raise ValueError(f"{data!r} is no {kind}")


@cache
def _fields(kind: Any) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[each.name] for each in fields(kind))
