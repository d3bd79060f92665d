"""Reads rule packs from TOML; whatever is wrong in one is said with its file and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError
from sophia_cli.migrate.pack import Enumeration, Field, Method, Pack, Service, Target
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
        text = path.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise SophiaError(
            f"the rule pack {path} cannot be read: {error.strerror}",
            "name it with --pack FILE, or in sophia.toml under [migrate] packs",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SophiaError(f"{path} is not valid TOML: {error}") from error
    root = _Table(_File(path, text), "the file", values)
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
class _File:
    """A pack as it stands on the disk."""

    path: Path
    text: str

    def place(self, key: str) -> str:
        """The file, with the line of a key that it has once: TOML's reader gives no lines."""
        pattern = rf"""^[^#\n]*?(?<![\w-])["']?{re.escape(key)}["']?[ \t]*=(?!=)"""
        found = list(re.finditer(pattern, self.text, re.MULTILINE)) if key else []
        if len(found) != 1:
            return str(self.path)
        return f"{self.path}:{self.text.count(chr(10), 0, found[0].end()) + 1}"


@dataclass(frozen=True)
class _Table:
    """A table of the file, and the words that name it in an error."""

    file: _File
    where: str
    values: Mapping[str, Any]

    def wrong(self, words: str, mend: str = "", key: str = "") -> SophiaError:
        return SophiaError(f"{self.file.place(key)}: {self.where} {words}", mend)

    def only(self, *allowed: str) -> None:
        for key in self.values:
            if key not in allowed:
                raise self.wrong(f"has no key '{key}'", f"allowed: {', '.join(allowed)}", key)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.values.get(key, default)
        if value is None:
            raise self.wrong(f"needs the key '{key}'", f'such as {key} = "..."')
        if not isinstance(value, str):
            raise self.wrong(f"{key} must be a string, not {value!r}", key=key)
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(f"{key} must be true or false, not {value!r}", key=key)
        return value

    def names(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{key} must be a list of strings", f'such as {key} = ["a", "b"]', key)
        return tuple(value)

    def table(self, key: str, where: str) -> _Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} must be a table", f"write it as {where}", key)
        return _Table(self.file, where, value)

    def tables(self, key: str, where: str) -> list[_Table]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(f"{key} must be a list of tables", f"write each as {where}")
        return [_Table(self.file, where, item) for item in value]

    def mapping(self) -> dict[str, str]:
        """All keys of the table, each a string."""
        return {key: self.text(key) for key in self.values}


def _target(table: _Table) -> Target:
    table.only("module", "getter", "nullable")
    module = table.text("module", Target.module) or Target.module
    if module == _NATIVE and "nullable" in table.values:
        words = "nullable is for a module of your own: what the service leaves open is known"
        raise table.wrong(words, "leave it out", "nullable")
    getter = table.text("getter", Target.getter) or Target.getter
    return Target(module, getter, table.names("nullable"))


def _service(table: _Table, target: Target) -> Service:
    table.only("module", "class", "instances", "factories", "method", "enum", "calls")
    module = table.text("module")
    named = _Table(table.file, f"[[service]] {module}", table.values)
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
    named = _Table(table.file, f"[[service.method]] {name}:", table.values)
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
        result=None if plain else _fields(named.table("result", "[service.method.result]")),
    )
    if target.module == _NATIVE:
        _check_native(named, method)
    return method


def _fields(table: _Table) -> dict[str, Field]:
    return {
        key: (
            _field(table.table(key, f"[service.method.result.{key}]"), key)
            if isinstance(value, dict)
            else Field(table.text(key))
        )
        for key, value in table.values.items()
    }


def _field(table: _Table, key: str) -> Field:
    """`old = { field = "new", default = 0 }`: what `or` stands in for must be false itself."""
    table.only("field", "default", "nullable")
    if "field" not in table.values:
        raise table.wrong("needs the key 'field'", 'such as { field = "..." }', key)
    default = _literals(table).get("default")
    if default:
        words = f'default is {default!r}, which would take the place of 0 and "" too'
        raise table.wrong(words, 'allowed: 0, 0.0, "", false', key)
    return Field(table.text("field"), default, table.flag("nullable", False))


def _literals(table: _Table) -> dict[str, str | int | float | bool]:
    for key, value in table.values.items():
        plain = isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))
        if not plain:
            raise table.wrong(f"{key} must be a string, a number, true or false", key=key)
    return dict(table.values)


def _check_native(table: _Table, method: Method) -> None:
    """Names that the service does not have would be found at run time only."""
    offered = members(f"{_NATIVE}.service", "UnifiedLLMService")
    _check(table, {"to": method.target}, {name for name in offered if not name.startswith("_")})
    options = members(f"{_NATIVE}.service", "CompletionOptions") | {"prompt", "texts"}
    _check(table, {f"arguments.{old}": new for old, new in method.arguments.items()}, options)
    _check(table, {f"set.{name}": name for name in method.set}, options)
    if method.result is not None:
        names = {f"result.{old}": field.name for old, field in method.result.items()}
        _check(table, names, members(f"{_NATIVE}.call", "LLMResponse"))


def _check(table: _Table, names: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Every name, by the key that gives it, must be one of those that are there."""
    known = sorted(allowed)
    for key, name in names.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
            words = f"{key} names '{name}', which the service does not have"
            raise table.wrong(words, mend, key.rpartition(".")[2])


def _enums(table: _Table, target: Target) -> Iterable[Enumeration]:
    for name in table.values:
        found = table.table(name, f"[service.enum.{name}]")
        found.only("target", "members")
        members_of = found.table("members", f"[service.enum.{name}.members]").mapping()
        if target.module == _NATIVE:
            _check(found, {"target": found.text("target")}, offered(_NATIVE))
            if found.text("target") == "TaskType":
                tasks = members(f"{_NATIVE}.tasks", "TaskType")
                _check(found, {f"members.{old}": new for old, new in members_of.items()}, tasks)
        yield Enumeration(name, found.text("target"), members_of)


def _removed(table: _Table) -> dict[str, str]:
    removed = {}
    for name, value in table.mapping().items():
        verb, _, reason = value.partition(":")
        if verb != "remove":
            raise table.wrong(f"{name} says '{value}'", 'allowed: "remove", "remove: a reason"')
        removed[name] = reason.strip()
    return removed
