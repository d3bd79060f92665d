"""What a scan finds: one site per place that constructs or calls a language model."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

Key = tuple[str, int, int]


class Verdict(StrEnum):
    """What `--apply` may do with a site; what is noted is no call, but goes with some."""

    SAFE = "safe"
    REVIEW = "review"
    REPORT = "report-only"
    DONE = "done"
    CARRIED = "carried"
    NOTED = "noted"


class Category(StrEnum):
    """What kind of file a site stands in; only source is edited unless named with --include."""

    SOURCE = "source"
    TEST = "test"
    ARCHIVED = "archived"
    VENDORED = "vendored"
    GENERATED = "generated"
    DOCUMENTATION = "documentation"


@dataclass(frozen=True)
class Edit:
    """Bytes `start` to `end` of a file's code become `text`; offsets count UTF-8 bytes.

    `moved` is a part of the code that is put there too, with the edits that other sites make in it.
    """

    start: int
    end: int
    text: bytes
    moved: tuple[int, int] | None = None


@dataclass(frozen=True)
class Need:
    """A name of a module that the expression `use` will read; `beside` is the import it serves.

    `alias` is what it is called there, where the name means something else. A `guarded` one stands
    in the `try` of that import, so that what happens where it fails is the same.
    """

    module: str
    name: str
    use: ast.expr
    beside: ast.stmt | None
    alias: str = ""
    guarded: bool = False

    @property
    def local(self) -> str:
        return self.alias or self.name

    @property
    def text(self) -> str:
        return f"{self.name} as {self.alias}" if self.alias else self.name


@dataclass(frozen=True)
class Reason:
    """Why a site has its verdict: a short code for machines, words for people; `also` is what else speaks for it."""

    code: str
    words: str
    also: tuple[Reason, ...] = ()

    @property
    def every(self) -> tuple[Reason, ...]:
        """This one and the others."""
        return (self, *self.also)

    @property
    def text(self) -> str:
        """The words of all of them in one line."""
        return "; ".join(reason.words for reason in self.every)


class HasReason(Protocol):
    """A site, or what is found of one."""

    @property
    def verdict(self) -> Verdict: ...

    @property
    def reason(self) -> Reason: ...


def join_reasons(reasons: Iterable[Reason]) -> Reason:
    """One that carries the others, each once. Raises IndexError where there is none."""
    every = list(dict.fromkeys(reasons))
    return replace(every[0], also=tuple(every[1:]))


def outweigh(reason: Reason, site: HasReason) -> Reason:
    """A reason that weighs more than what a site has for review: that speaks for it too."""
    own = site.reason.every if site.verdict is Verdict.REVIEW else ()
    return join_reasons([reason, *(one for one in own if one.code != reason.code)])


@dataclass(frozen=True)
class Use:
    """What a call asks for and what becomes of its answer.

    `streaming` is None where it cannot be seen or does not apply; `result` is a word (returned,
    iterated, passed, discarded, kept) or the attributes that are read from the answer.
    """

    streaming: bool | None = None
    tools: bool = False
    result: str = ""


@dataclass(frozen=True)
class Site:
    """One place in one file. `line` and `column` count from 1, columns in characters.

    `provider` is the SDK or the pack's name, `operation` what is done there, `is_async` None where
    it cannot be seen, `model` the literal name if one is given, `endpoint` who answers where that
    is not the SDK's own vendor. `owner` is who CODEOWNERS names, "" for nobody, `part` the part of
    the code base (see `parts`); both are filled in when the rules have run. `carrier` is the
    constructor that a carried call goes through; `groups` name objects that must be moved whole or
    not at all; `retired` are names that an edit no longer reads. In a notebook `line` is a
    line of the file and `cell` the number of the cell, from 1; elsewhere it is 0.
    """

    rule: str
    verdict: Verdict
    reason: Reason
    path: str
    line: int
    column: int
    provider: str
    operation: str
    is_async: bool | None = None
    model: str | None = None
    endpoint: str = ""
    use: Use = Use()
    category: Category = Category.SOURCE
    owner: str = ""
    part: str = ""
    carrier: Key | None = None
    groups: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = field(default=(), repr=False)
    needs: tuple[Need, ...] = field(default=(), repr=False)
    retired: tuple[str, ...] = field(default=(), repr=False)
    cell: int = 0

    @property
    def key(self) -> Key:
        return (self.path, self.line, self.column)

    @property
    def place(self) -> str:
        cell = f" cell {self.cell}" if self.cell else ""
        return f"{self.path}:{self.line}{cell}"


def site_data(site: Site) -> dict[str, Any]:
    """A site as data."""
    return {
        "rule": site.rule,
        "class": str(site.verdict),
        "reason": _reason(site.reason),
        "also": [_reason(reason) for reason in site.reason.also],
        "path": site.path,
        "line": site.line,
        "column": site.column,
        "cell": site.cell or None,
        "sdk": site.provider,
        "operation": site.operation,
        "async": site.is_async,
        "model": site.model,
        "provider": site.endpoint or site.provider,
        "streaming": site.use.streaming,
        "tools": site.use.tools,
        "result": site.use.result or None,
        "category": str(site.category),
        "owner": site.owner,
        "part": site.part,
        "carrier": f"{site.carrier[0]}:{site.carrier[1]}" if site.carrier else None,
    }


def _reason(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "words": reason.words}
