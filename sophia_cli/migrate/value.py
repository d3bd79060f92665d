"""What an expression can be, as far as reading the code can tell."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Function, Scope


@dataclass(frozen=True)
class Symbol:
    """A name of a package that is not in the tree, such as `openai.OpenAI`."""

    name: str


@dataclass(frozen=True)
class Module:
    """A module of the tree."""

    file: Parsed


@dataclass(frozen=True)
class Class:
    """A class of the tree."""

    file: Parsed
    scope: Scope


@dataclass(frozen=True)
class Routine:
    """A function or method of the tree."""

    file: Parsed
    node: Function


@dataclass(frozen=True)
class Made:
    """An instance: of a foreign class or one of the tree; `call` made it, None where only a type is known."""

    of: Symbol | Class
    file: Parsed
    call: ast.Call | None = None


@dataclass(frozen=True)
class Part:
    """A part of a foreign instance, such as the `chat.completions` of a client."""

    of: Made
    names: tuple[str, ...]


@dataclass(frozen=True)
class Plain:
    """A constant or display that is no client."""

    none: bool = False


@dataclass(frozen=True)
class Unknown:
    """Cannot be seen from here."""


Value = Symbol | Module | Class | Routine | Made | Part | Plain | Unknown
UNKNOWN, NONE, PLAIN = Unknown(), Plain(none=True), Plain()
