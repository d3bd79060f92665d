"""Which arguments of a client are on the service: the right one, given by the function that is for that very class."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.value import Made, Symbol

TARGET = "sophia_cli.llm"
TOGETHER = "langchain_openai_clients"
LATER = "http_async_client"
_BOTH = {"http_client": "openai_http_client", LATER: "openai_async_http_client"}
_MODULES = ("", ".chat_models", ".chat_models.base", ".embeddings", ".embeddings.base")

# The classes of further SDKs that take our HTTP clients: each argument, and what gives it.
DOORS: Mapping[str, Mapping[str, str]] = {
    "portkey_ai.Portkey": {"http_client": "portkey_http_client"},
    "portkey_ai.AsyncPortkey": {"http_client": "portkey_async_http_client"},
    **{
        f"langchain_openai{module}.{name}": _BOTH
        for module in _MODULES
        for name in ("ChatOpenAI", "OpenAIEmbeddings")
    },
}


def doors_given(scan: Scan, file: Parsed, call: ast.Call, name: str) -> frozenset[str]:
    """The arguments of a class of `DOORS` that are on the service in this call."""
    doors = DOORS.get(name, {})
    found = set()
    for argument, function in _given(scan, file, call):
        if argument is None and function == f"{TARGET}.{TOGETHER}" and doors == _BOTH:
            found |= set(doors)
        elif argument is not None and function == f"{TARGET}.{doors.get(argument)}":
            found.add(argument)
    return frozenset(found)


def gives(scan: Scan, file: Parsed, call: ast.Call, argument: str | None, function: str) -> bool:
    """Whether a function gives an argument, or with None those that stand behind `**`."""
    return (argument, function) in set(_given(scan, file, call))


def _given(scan: Scan, file: Parsed, call: ast.Call) -> Iterator[tuple[str | None, str]]:
    """The arguments that are given by calling a function, with its name."""
    for keyword in call.keywords:
        value = scan.near.one(file, keyword.value)
        if isinstance(value, Made) and isinstance(value.of, Symbol):
            yield keyword.arg, value.of.name
