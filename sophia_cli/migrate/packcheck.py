"""Rule packs that contradict themselves, name what the service lacks, or would go round in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sophia_cli.migrate.fieldpath import steps_of
from sophia_cli.migrate.pack import Method, Pack, Target
from sophia_cli.migrate.packtable import Table
from sophia_cli.migrate.target import members

_NATIVE = Target.module
_WHOLE = "complete_response"


def check_method(table: Table, method: Method) -> None:
    """What one entry says must fit together."""
    if not all(part.isidentifier() for part in method.name.split(".")):
        mend = "such as create, or chat.completions.create"
        raise table.wrong(f"'{method.name}' is no name of a method", mend, "name")
    if method.static and "." in method.name:
        words = "is called on the class itself, and named with dots"
        raise table.wrong(words, "name the class that has it in [[service]] class", "name")
    if method.take and method.result is not None:
        raise table.wrong("has take and result", "take is for calls that gave plain text", "take")
    homes = {"arguments": method.arguments, "drop": method.drop, "report": method.report}
    for kind, names in homes.items():
        for other, rest in homes.items():
            both = sorted(names.keys() & rest.keys()) if kind < other else []
            if both:
                words = f"{both[0]} stands under {kind} and {other}"
                raise table.wrong(words, "leave it in one of them", kind, both[0])
    for path in method.result or ():
        try:
            steps_of(path)
        except ValueError as error:
            mend = "such as choices[0].message.content, in quotes"
            raise table.wrong(f"result: {error}", mend, "result", path) from None
    for name in method.defaults:
        if name not in method.arguments:
            words = f"defaults names '{name}', which is not among its arguments"
            raise table.wrong(words, f"allowed: {', '.join(method.arguments)}", "defaults")


def check_native(table: Table, method: Method) -> None:
    """Names that the service does not have would be found at run time only."""
    offered = members(f"{_NATIVE}.service", "UnifiedLLMService")
    table.check({("to",): method.target}, {name for name in offered if not name.startswith("_")})
    options = members(f"{_NATIVE}.service", "CompletionOptions") | {"prompt", "texts"}
    table.check({("arguments", old): new for old, new in method.arguments.items()}, options)
    table.check({("set", name): name for name in method.set}, options)
    fields = members(f"{_NATIVE}.call", "LLMResponse")
    if method.result is not None:
        table.check({("result", old): f.name for old, f in method.result.items()}, fields)
    if method.take:
        table.check({("take",): method.take}, fields)
        if method.to != _WHOLE:
            raise table.wrong("take is for complete_response", f'write to = "{_WHOLE}"', "take")


def refuse_loop(root: Table, pack: Pack, declared: Mapping[tuple[str, str], Path]) -> None:
    """What old code becomes must not be old code itself. Raises SophiaError."""
    target = pack.target
    if (target.module, target.getter) in declared:
        words = f"names {target.module}.{target.getter}, which a pack declares as old"
        table = root.table("target", "[target]")
        raise table.wrong(words, "name the module that stays", *list(table.values)[:1])
    enums = {(s.module, e.name) for s in pack.services for e in s.enums}
    for row, service in zip(root.tables("service", "[[service]]"), pack.services, strict=True):
        own = row.table("enum", "[service.enum]")
        for name in own.values:
            new = (target.module, own.table(name, "").text("target"))
            if new in enums or new in declared:
                table = own.table(name, f"[service.enum.{name}]")
                words = f"maps to {'.'.join(new)}, which is old itself"
                raise table.wrong(words, "name the enum that stays", "target")
        if service.module == target.module and target.module == _NATIVE:
            raise row.wrong(f"{service.module} is the service itself", "", "module")
