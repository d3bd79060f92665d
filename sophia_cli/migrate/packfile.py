"""Reads rule packs from TOML; whatever is wrong in one is said with its file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.pack import Enumeration, Field, Method, Pack, Service, Target
from sophia_cli.migrate.packcheck import check_method, check_native, refuse_loop
from sophia_cli.migrate.packclient import read_clients
from sophia_cli.migrate.packtable import Table, read_file
from sophia_cli.migrate.shipped import locate
from sophia_cli.migrate.target import members, offered

_NATIVE = Target.module
_METHOD = (
    "name",
    "async",
    "static",
    "to",
    "request",
    "positional",
    "arguments",
    "drop",
    "report",
    "defaults",
    "set",
    "result",
    "take",
    "review",
)


def load_packs(paths: Iterable[Path]) -> tuple[Pack, ...]:
    """Read every pack once. Raises SophiaError, also where two declare the same service or would loop."""
    found = {
        path: load_pack(path) for path in dict.fromkeys(locate(path).resolve() for path in paths)
    }
    declared: dict[tuple[str, str], Path] = {}
    for path, pack in found.items():
        for module, name in pack.entries:
            other = declared.setdefault((module, name), path)
            if other != path:
                words = f"{path}: {module}.{name} is declared in {other} too"
                raise SophiaError(words, "leave one of the two packs out")
    for path, pack in found.items():
        refuse_loop(read_file(path), pack, declared)
    return tuple(found.values())


def load_pack(path: Path) -> Pack:
    """Read one pack. Raises SophiaError with file, line and what is allowed there."""
    root = read_file(path)
    root.only("pack", "target", "service", "client")
    head = root.table("pack", "[pack]")
    head.only("name", "description", "review")
    name, description = head.text("name", path.stem), head.text("description", "")
    target = _target(root.table("target", "[target]"))
    review = head.text("review", "")
    tables = root.tables("service", "[[service]]")
    clients = read_clients(root, target, review)
    if not tables and not clients:
        raise root.wrong("declares no service", "add a [[service]] or a [[client]] with a module")
    services = _joined([_service(table, target, review) for table in tables])
    _refuse_twice(tables, services)
    pack = Pack(name, description, target, services, clients)
    refuse_loop(root, pack, dict.fromkeys(pack.entries, path))
    return pack


def _target(table: Table) -> Target:
    table.only("module", "getter", "nullable")
    module = table.text("module", Target.module) or Target.module
    if module == _NATIVE and "nullable" in table.values:
        words = "nullable is for a module of your own: what the service leaves open is known"
        raise table.wrong(words, "leave it out", "nullable")
    getter = table.text("getter", Target.getter) or Target.getter
    return Target(module, getter, table.names("nullable"))


def _joined(services: list[Service]) -> tuple[Service, ...]:
    """Services of one module know all enums of it, whichever of them declares one."""
    return tuple(
        replace(
            service,
            enums=tuple(
                e for other in services if other.module == service.module for e in other.enums
            ),
            tasks={
                old: new
                for other in services
                if other.module == service.module
                for old, new in other.tasks.items()
            },
        )
        for service in services
    )


def _refuse_twice(tables: list[Table], services: tuple[Service, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for table, service in zip(tables, services, strict=True):
        for name in service.entries:
            if (service.module, name) in seen:
                where = f"[[service]] {service.module}"
                raise table.named(where).wrong(f"declares {name} twice", "leave one of them out")
            seen.add((service.module, name))


def _service(table: Table, target: Target, review: str) -> Service:
    table.only(
        "module",
        "class",
        "instances",
        "factories",
        "method",
        "function",
        "enum",
        "tasks",
        "calls",
        "review",
    )
    module = table.text("module")
    named = table.named(f"[[service]] {module}")
    review = named.text("review", review)
    methods = _methods(named, "method", target, review)
    calls = named.table("calls", "[service.calls]")
    service = Service(
        module=module,
        name=named.text("class", ""),
        instances=named.names("instances"),
        factories=named.names("factories"),
        methods=methods,
        enums=tuple(_enums(named.table("enum", "[service.enum]"), target)),
        removed=_calls(calls, "remove"),
        functions=_methods(named, "function", target, review),
        reported=_calls(calls, "report"),
        tasks=_tasks(named.table("tasks", "[service.tasks]"), target),
    )
    if not service.entries:
        raise named.wrong("names no way in", "add class, instances, factories or a function")
    for name in methods.keys() & {*service.removed, *service.reported}:
        raise calls.wrong(f"{name} is a method too", "leave one of them out", name)
    return service


def _methods(table: Table, kind: str, target: Target, review: str) -> dict[str, Method]:
    found: dict[str, Method] = {}
    for row in table.tables(kind, f"[[service.{kind}]]"):
        method = _method(row, kind, target, review)
        if method.name in found:
            where = row.named(table.where)
            raise where.wrong(f"declares the {kind} {method.name} twice", "", "name")
        found[method.name] = method
    return found


def _method(table: Table, kind: str, target: Target, review: str) -> Method:
    name, at = table.text("name"), f"service.{kind}"
    named = table.named(f"[[{at}]] {name}:")
    named.only(*_METHOD)
    plain = named.values.get("result", "text") == "text"
    arguments = dict(_options(named.table("arguments", f"[{at}.arguments]"), "to", "review"))
    drop = dict(_options(named.table("drop", f"[{at}.drop]"), "reason", "harmless"))
    method = Method(
        name=name,
        to=named.text("to"),
        is_async=named.flag("async", True),
        request=named.text("request", ""),
        positional=named.names("positional"),
        arguments={old: table.text("to") for old, table in arguments.items()},
        drop={old: table.text("reason") for old, table in drop.items()},
        set=named.table("set", f"[{at}.set]").literals(),
        result=None if plain else _fields(named.table("result", f"[{at}.result]"), at),
        harmless={
            old: table.choices("harmless")
            for old, table in drop.items()
            if table.values.get("harmless")
        },
        report=named.table("report", f"[{at}.report]").mapping(),
        look={
            old: table.text("review")
            for old, table in arguments.items()
            if table.values.get("review")
        },
        defaults=named.names("defaults"),
        take=named.text("take", ""),
        static=named.flag("static", False),
        review=named.text("review", review),
    )
    check_method(named, method)
    if target.module == _NATIVE:
        check_native(named, method)
    return method


def _options(table: Table, key: str, *further: str) -> Iterator[tuple[str, Table]]:
    """Every key with its table; a string alone is the first of what such a table may say."""
    for name, value in table.values.items():
        if isinstance(value, str):
            yield name, Table(table.file, table.where, {key: value}, (*table.keys, name))
            continue
        found = table.table(name, f'{{ {key} = "..." }}').named(f"{table.where} {name}")
        found.only(key, *further)
        yield name, found


def _fields(table: Table, at: str) -> dict[str, Field]:
    return {
        key: (
            _field(table.table(key, f"[{at}.result.{key}]"), key)
            if isinstance(value, dict)
            else Field(table.text(key))
        )
        for key, value in table.values.items()
    }


def _field(table: Table, key: str) -> Field:
    """`old = { field = "new", default = 0 }`: what `or` stands in for must be false itself."""
    table.only("field", "default", "nullable", "absent")
    if "field" not in table.values:
        raise table.wrong("needs the key 'field'", 'such as { field = "..." }')
    default = table.literals().get("default")
    if default:
        words = f'default is {default!r}, which would take the place of 0 and "" too'
        raise table.wrong(words, 'allowed: 0, 0.0, "", false', "default")
    absent = table.flag("absent", False)
    if absent and len(table.values) > 2:
        raise table.wrong(
            "asks whether a field is None", "leave out default and nullable", "absent"
        )
    return Field(table.text("field"), default, table.flag("nullable", False), absent)


def _enums(table: Table, target: Target) -> Iterator[Enumeration]:
    for name in table.values:
        found = table.table(name, f"[service.enum.{name}]")
        found.only("target", "members")
        members_of = found.table("members", f"[service.enum.{name}.members]").mapping()
        if target.module == _NATIVE:
            found.check({("target",): found.text("target")}, offered(_NATIVE))
            if found.text("target") == "TaskType":
                tasks = members(f"{_NATIVE}.tasks", "TaskType")
                found.check({("members", old): new for old, new in members_of.items()}, tasks)
        yield Enumeration(name, found.text("target"), members_of)


def _tasks(table: Table, target: Target) -> dict[str, str]:
    found = table.mapping()
    if target.module == _NATIVE:
        tasks = {name.lower() for name in members(f"{_NATIVE}.tasks", "TaskType")}
        table.check({(old,): new for old, new in found.items()}, tasks)
    return found


def _calls(table: Table, wanted: str) -> dict[str, str]:
    """The methods of a table that are to be removed, or reported, with the reason."""
    found = {}
    for name, value in table.mapping().items():
        verb, _, reason = value.partition(":")
        if verb not in ("remove", "report") or (verb == "report" and not reason.strip()):
            allowed = 'allowed: "remove", "remove: a reason", "report: a reason"'
            raise table.wrong(f"{name} says '{value}'", allowed, name)
        if verb == wanted:
            found[name] = reason.strip()
    return found
