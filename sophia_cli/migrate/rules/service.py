"""Calls of the service itself: what was moved to it is done, and still counts."""

from __future__ import annotations

import ast

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.doors import TARGET
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.shims.mark import is_shim
from sophia_cli.migrate.site import Reason, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.use import use_of
from sophia_cli.migrate.value import Made, Symbol

_METHODS = {f"{name}{end}" for name in ("complete", "complete_text", "complete_response", "embed")
            for end in ("", "_sync")} | {"stream_sync"}  # fmt: skip
_FUNCTIONS = {"completion", "acompletion", "embedding", "aembedding"}
_GIVES = {"get_unified_llm_service", "UnifiedLLMService"}
_DONE = Reason("on-service", "on the service already")


def find(scan: Scan) -> None:
    """Add a site for each call of the service, native or by the functions named as litellm's.

    What a shim passes on is none: its callers are still to be moved.
    """
    for file in (file for file in scan.files if not is_shim(file.source.data)):
        for call in file.table.calls_of(_METHODS | _FUNCTIONS):
            name = last(call.func)
            if _is_ours(scan, file, call, name):
                is_async = name.startswith("a") or (name in _METHODS and not name.endswith("_sync"))
                use = use_of(file, call, name)
                found = Found("service", Verdict.DONE, _DONE, "sophia", name, is_async, use=use)
                site_at(scan, file, call, found)


def _is_ours(scan: Scan, file: Parsed, call: ast.Call, name: str) -> bool:
    if name in _FUNCTIONS:
        return scan.near.one(file, call.func) == Symbol(f"{TARGET}.{name}")
    if not isinstance(call.func, ast.Attribute):
        return False
    ours = {Symbol(f"{TARGET}.{giver}") for giver in _GIVES}
    made = scan.near.one(file, call.func.value)
    return isinstance(made, Made) and made.of in ours
