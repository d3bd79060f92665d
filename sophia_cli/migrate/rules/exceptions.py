"""Exceptions of the SDKs, where code names them: whether they are still raised once calls have moved."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.value import Symbol

_ENDINGS = ("Error", "Exception")
_ODD = frozenset({"Timeout", "TryAgain"})  # of openai.error
_KEPT = Reason("exception-kept", "the vendor's client raises it on the service too: it stays")
# What openai 1 calls the exceptions of openai.error that it has under another name.
_RENAMED = {
    "InvalidRequestError": "BadRequestError",
    "Timeout": "APITimeoutError",
    "ServiceUnavailableError": "InternalServerError",
    "TryAgain": "APIStatusError",
    "SignatureVerificationError": "OpenAIError",
}
_STAYING = ("openai", "anthropic", "instructor", "pydantic_ai")
_RETRYING = ("retry", "on_exception", "backoff", "stop", "wait", "giveup")


def find(scan: Scan) -> None:
    """Add a site for each place that names one, imports and annotations aside."""
    for file in scan.files:
        names = scan.foreign.of(file)
        for node in (*names.values, *(call.func for call in names.calls)):
            if isinstance(node, ast.Name | ast.Attribute) and _plausible(file, node):
                _exception(scan, file, node)


def _plausible(file: Parsed, node: ast.Name | ast.Attribute) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr
    parent = file.table.parents[node]
    if isinstance(parent, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    return name.endswith(_ENDINGS) or name in _ODD or isinstance(parent, ast.ExceptHandler)


def _exception(scan: Scan, file: Parsed, node: ast.Name | ast.Attribute) -> None:
    symbols = [value.name for value in scan.near.values(file, node) if isinstance(value, Symbol)]
    for symbol in symbols:
        provider, name = _provider(symbol), symbol.rpartition(".")[2]
        if not provider or not (name.endswith(_ENDINGS) or name in _ODD):
            continue
        if file.table.in_annotation(node):
            return
        kept = any(symbol.partition(".")[0] in pack.packages for pack in scan.packs)
        reason = _KEPT if kept else _reason(provider, symbol, name)
        operation = f"{_context(file, node)} {name}"
        site_at(scan, file, node, Found("exceptions", Verdict.NOTED, reason, provider, operation))
        return


def _provider(symbol: str) -> str:
    package = symbol.partition(".")[0]
    if package in ("openai", "anthropic"):
        return package
    family = SDKS.of(symbol)
    return family.provider if family is not None and package != "boto3" else ""


def _reason(provider: str, symbol: str, name: str) -> Reason:
    if symbol.startswith("openai.error."):
        new = _RENAMED.get(name, name)
        return Reason("exception-0.x", f"gone since openai 1, where it is openai.{new}")
    if provider in _STAYING:
        return _KEPT
    words = f"the service does not raise it: sophia_cli.llm.LLMError takes the place of {name}"
    return Reason("exception-other-sdk", words)


def _context(file: Parsed, node: ast.Name | ast.Attribute) -> str:
    """What is done with it, in a word."""
    at: ast.AST = node
    for up in file.table.ancestors(node):
        match up:
            case ast.ExceptHandler():
                return "except" if up.type is at else "name"
            case ast.Raise():
                return "raise"
            case ast.ClassDef():
                return "subclass" if at in up.bases else "name"
            case ast.Call() if at is not up.func:
                name = last(up.func)
                if name.startswith(_RETRYING):
                    return "retry"
                if name in ("isinstance", "issubclass", "raises"):
                    return name
            case ast.stmt():
                return "name"
        at = up
    return "name"
