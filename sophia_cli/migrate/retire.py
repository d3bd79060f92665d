"""Takes away imports that nothing reads any more after an edit."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scope import Binding, Binds, Scope
from sophia_cli.migrate.site import Edit
from sophia_cli.migrate.spelling import last

_WORD = re.compile(r"\w+")
_TYPING = frozenset({"cast", "TypeVar", "NewType", "ForwardRef", "TypeAliasType"})


def retire_imports(
    file: Parsed, names: Iterable[str], elsewhere: Callable[[frozenset[str]], frozenset[str]]
) -> bytes:
    """The file without imports of `names` that are unused; `elsewhere` tells what other files read."""
    wanted = set(names) - _listed(file) - _in_text(file)
    module = file.table.module
    unused = {name for name in wanted & module.names.keys() if _unused(file, name, module)}
    offered = elsewhere(frozenset(unused)) if unused else frozenset()
    gone: dict[ast.ImportFrom | ast.Import, list[ast.alias]] = {}
    for scope in [module, *file.table.own.values()]:
        for name in sorted((wanted - offered) & scope.names.keys()):
            for alias in _unused(file, name, scope):
                statement = file.table.parents[alias]
                if isinstance(statement, ast.ImportFrom | ast.Import):
                    aliases = gone.setdefault(statement, [])
                    if alias not in aliases:
                        aliases.append(alias)
    edits = [edit for node, aliases in gone.items() for edit in _without(file, node, aliases)]
    return file.source.rewrite(edits)


def _listed(file: Parsed) -> set[str]:
    """What the file itself says is public, however it fills its `__all__`."""
    if file.path.endswith("__init__.py"):
        return set(file.table.module.names)
    if not any(node.id == "__all__" for node in file.table.names) and (
        "__all__" not in file.table.module.names
    ):
        return set()
    return {
        str(node.value)
        for node in file.table.strings
        if isinstance(file.table.parents[file.table.statement(node)], ast.Module)
    }


def _in_text(file: Parsed) -> set[str]:
    """Names in annotations that are written as strings, and in what takes the place of one."""
    found: set[str] = set()
    for node in file.table.strings:
        around = list(file.table.ancestors(node))
        typed = any(
            isinstance(up, ast.Subscript)
            or up in file.table.annotations
            or (isinstance(up, ast.Call) and last(up.func) in _TYPING)
            for up in around
        )
        if typed or node in file.table.annotations:
            found |= set(_WORD.findall(str(node.value)))
    return found


def _unused(file: Parsed, name: str, scope: Scope) -> list[ast.alias]:
    bindings = scope.names[name]
    if not all(_is_import(binding) for binding in bindings):
        return []
    for node in file.table.names:
        if node.id == name and file.table.scopes[node].lookup(name) == (scope, bindings):
            return []
    return [binding.node for binding in bindings if isinstance(binding.node, ast.alias)]


def _is_import(binding: Binding) -> bool:
    """`import a.b` is kept: it may be there for what it does."""
    return (
        binding.kind is Binds.IMPORT
        and isinstance(binding.node, ast.alias)
        and ("." not in binding.node.name or bool(binding.node.asname))
    )


def _without(file: Parsed, node: ast.ImportFrom | ast.Import, gone: list[ast.alias]) -> list[Edit]:
    if len(gone) == len(node.names):
        return _whole(file, node)
    source = file.source
    kept = [alias for alias in node.names if alias not in gone]
    spread = len({alias.lineno for alias in node.names}) == len(node.names)
    if spread and node.names[0].lineno > node.lineno:
        lines = [source.starts[alias.lineno - 1] for alias in gone]
        return [
            Edit(start, source.starts[alias.lineno], b"")
            for start, alias in zip(lines, gone, strict=True)
        ]
    first, final = source.start(node.names[0]), source.end(node.names[-1])
    if b"#" in source.code[first:final] or b"\\" in source.code[first:final]:
        return []
    text = b", ".join(source.text(alias) for alias in kept)
    return [Edit(first, final, text)]


def _whole(file: Parsed, node: ast.stmt) -> list[Edit]:
    """The statement's lines, where it has them for itself and its block stays a block."""
    source, parent = file.source, file.table.parents[node]
    assert node.end_lineno is not None
    start = source.starts[node.lineno - 1]
    end = (
        source.starts[node.end_lineno] if node.end_lineno < len(source.starts) else len(source.code)
    )
    around = source.code[start : source.start(node)] + source.code[source.end(node) : end]
    blocks = [value for _, value in ast.iter_fields(parent) if isinstance(value, list)]
    alone = any(block == [node] for block in blocks) and not isinstance(parent, ast.Module)
    if around.strip() or alone:
        return []
    return [Edit(start, end, b"")]
