"""Reads rule packs from TOML; whatever is wrong in one is said with its file and key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.pack import Enumeration, Method, Pack, Service, Target
from sophia_cli.migrate.target import members, offered

_NATIVE = Target().module


def load_packs(paths: Iterable[Path]) -> tuple[Pack, ...]:
    """Read every pack once. Raises SophiaError, also where two declare the same service."""
    found = {path: load_pack(path) for path in dict.fromkeys(path.resolve() for path in paths)}
    declared: dict[tuple[str, str], Path] = {}
    for path, pack in found.items():
        for service in pack.services:
            for name in service.entries:
                other = declared.setdefault((service.module, name), path)
                if other != path:
                    words = f"{path}: {service.module}.{name} is declared in {other} too"
                    raise SophiaError(words, "leave one of the two packs out")
    return tuple(found.values())


def load_pack(path: Path) -> Pack:
    """Read one pack. Raises SophiaError with file, key and what is allowed there."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SophiaError(
            f"the rule pack {path} cannot be read: {error.strerror}",
            "name it with --pack FILE, or in sophia.toml under [migrate] packs",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SophiaError(f"{path} is not valid TOML: {error}") from error
    root = _Table(path, "the file", values)
    root.only("pack", "target", "service")
    head = root.table("pack", "[pack]")
    head.only("name", "description")
    name, description = head.text("name", path.stem), head.text("description", "")
    target = _target(root.table("target", "[target]"))
    services = tuple(_service(table, target) for table in root.tables("service", "[[service]]"))
    if not services:
        raise root.wrong("declares no service", "add a [[service]] with a module")
    return Pack(name, description, target, services)


@dataclass(frozen=True)
class _Table:
    """A table of the file, and the words that name it in an error."""

    path: Path
    where: str
    values: Mapping[str, Any]

    def wrong(self, words: str, mend: str = "") -> SophiaError:
        return SophiaError(f"{self.path}: {self.where} {words}", mend)

    def only(self, *allowed: str) -> None:
        for key in self.values:
            if key not in allowed:
                raise self.wrong(f"has no key '{key}'", f"allowed: {', '.join(allowed)}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.wrong(f"needs the key '{key}'", f'such as {key} = "..."')
        if not isinstance(value, str):
            raise self.wrong(f"{key} must be a string, not {value!r}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} must be true or false, not {value!r}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{key} must be a list of strings", f'such as {key} = ["a", "b"]')
        return tuple(value)

    def table(self, key: str, where: str) -> _Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} must be a table", f"write it as {where}")
        return _Table(self.path, where, value)

    def tables(self, key: str, where: str) -> list[_Table]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(f"{key} must be a list of tables", f"write each as {where}")
        return [_Table(self.path, where, item) for item in value]

    def mapping(self) -> dict[str, str]:
        """All keys of the table, each a string."""
        return {key: self.text(key) for key in self.values}


def _target(table: _Table) -> Target:
    table.only("module", "getter")
    return Target(
        table.text("module", Target.module) or Target.module,
        table.text("getter", Target.getter) or Target.getter,
    )


def _service(table: _Table, target: Target) -> Service:
    table.only("module", "class", "instances", "factories", "method", "enum", "calls")
    module = table.text("module")
    named = _Table(table.path, f"[[service]] {module}", table.values)
    methods = [_method(item, target) for item in named.tables("method", "[[service.method]]")]
    service = Service(
        module=module,
        name=named.text("class", ""),
        instances=named.names("instances"),
        factories=named.names("factories"),
        methods={method.name: method for method in methods},
        enums=tuple(_enums(named.table("enum", "[service.enum]"), target)),
        removed=_removed(named.table("calls", "[service.calls]")),
    )
    if not service.entries:
        raise named.wrong("names no way in", "add class, instances or factories")
    for method in methods:
        if service.methods[method.name] is not method:
            raise named.wrong(f"declares the method {method.name} twice")
    return service


def _method(table: _Table, target: Target) -> Method:
    name = table.text("name")
    named = _Table(table.path, f"[[service.method]] {name}:", table.values)
    named.only("name", "async", "to", "request", "positional", "arguments", "drop", "set", "result")
    plain = named.values.get("result", "text") == "text"
    method = Method(
        name=name,
        to=named.text("to"),
        is_async=named.flag("async", True),
        request=named.text("request", ""),
        positional=named.names("positional"),
        arguments=named.table("arguments", "[service.method.arguments]").mapping(),
        drop=named.table("drop", "[service.method.drop]").mapping(),
        set=_literals(named.table("set", "[service.method.set]")),
        result=None if plain else named.table("result", "[service.method.result]").mapping(),
    )
    if target.module == _NATIVE:
        _check_native(named, method)
    return method


def _literals(table: _Table) -> dict[str, str | int | float | bool]:
    for key, value in table.values.items():
        if not isinstance(value, str | int | float | bool):
            raise table.wrong(f"{key} must be a string, a number, true or false")
    return dict(table.values)


def _check_native(table: _Table, method: Method) -> None:
    """Names that the service does not have would be found at run time only."""
    offered = members(f"{_NATIVE}.service", "UnifiedLLMService")
    _check(table, "to", [method.target], {name for name in offered if not name.startswith("_")})
    options = members(f"{_NATIVE}.service", "CompletionOptions") | {"prompt", "texts"}
    _check(table, "arguments", method.arguments.values(), options)
    _check(table, "set", method.set, options)
    if method.result is not None:
        _check(table, "result", method.result.values(), members(f"{_NATIVE}.call", "LLMResponse"))


def _check(table: _Table, key: str, names: Iterable[str], allowed: Iterable[str]) -> None:
    known = sorted(allowed)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
            raise table.wrong(f"{key} names '{name}', which the service does not have", mend)


def _enums(table: _Table, target: Target) -> Iterable[Enumeration]:
    for name in table.values:
        found = table.table(name, f"[service.enum.{name}]")
        found.only("target", "members")
        members_of = found.table("members", f"[service.enum.{name}.members]").mapping()
        if target.module == _NATIVE:
            _check(found, "target", [found.text("target")], offered(_NATIVE))
            if found.text("target") == "TaskType":
                tasks = members(f"{_NATIVE}.tasks", "TaskType")
                _check(found, "members", members_of.values(), tasks)
        yield Enumeration(name, found.text("target"), members_of)


def _removed(table: _Table) -> dict[str, str]:
    removed = {}
    for name, value in table.mapping().items():
        verb, _, reason = value.partition(":")
        if verb != "remove":
            raise table.wrong(f"{name} says '{value}'", 'allowed: "remove", "remove: a reason"')
        removed[name] = reason.strip()
    return removed
