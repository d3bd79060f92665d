"""A way into an old answer, such as `choices[0].message.content`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

from sophia_cli.migrate.modules import Parsed

# A name that is read, or a key or place in brackets.
Step = tuple[str, str | int]


@cache
def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a way, first to last. Raises ValueError for what is none."""
    try:
        node = ast.parse(f"_{path}" if path.startswith("[") else f"_.{path}", mode="eval").body
    except SyntaxError:
        raise ValueError(f"{path!r} is no way into an answer") from None
    steps: list[Step] = []
    while not isinstance(node, ast.Name):
        step = _step(node)
        if step is None or not isinstance(node, ast.Attribute | ast.Subscript):
            raise ValueError(f"{path!r} is no way into an answer")
        steps.insert(0, step)
        node = node.value
    return tuple(steps)


def furthest(
    file: Parsed, node: ast.expr, paths: Iterable[str]
) -> tuple[str, ast.Attribute | ast.Subscript] | None:
    """The longest of the ways that code takes from `node`, and the expression at its end."""
    found = None
    for path in sorted(paths, key=lambda path: len(steps_of(path))):
        at = node
        for step in steps_of(path):
            parent = file.table.parents[at]
            if getattr(parent, "value", None) is not at or _step(parent) != step:
                break
            assert isinstance(parent, ast.Attribute | ast.Subscript)
            at = parent
        else:
            assert isinstance(at, ast.Attribute | ast.Subscript)
            found = (path, at)
    return found


def _step(node: ast.AST) -> Step | None:
    if isinstance(node, ast.Attribute):
        return ("name", node.attr)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        value = node.slice.value
        return ("item", value) if isinstance(value, str | int) else None
    return None
