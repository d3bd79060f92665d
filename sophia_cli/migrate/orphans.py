"""Home-made modules around an SDK that nothing refers to any more: proposed, never taken for sure."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from sophia_cli.migrate.parts import part_of
from sophia_cli.migrate.references import find_references
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.site import Category, Site
from sophia_cli.migrate.source import Unreadable, parse_text
from sophia_cli.migrate.spelling import last

# The rules that find a client, or what takes the place of one.
_CLIENTS = frozenset(
    {
        *("openai_client", "anthropic_client", "client", "raw_http"),
        *(family.rule for family in SDKS.every),
    }
)
# What frameworks and people start by its name or its place.
_STARTED = re.compile(
    r"(?:^|/)(?:__\w+__|main|app|apps|application|server|cli|run|manage|setup|conftest|conf|settings"
    r"|config|urls|wsgi|asgi|celery\w*|tasks|models|views|admin|signals|routes|handlers?|index|worker"
    r"|lambda_\w+|function_app|noxfile|fabfile|dodo|gunicorn\w*|streamlit_\w+|plugin\w*)\.py$"
    r"|(?:^|/)(?:commands|pages|dags|functions|lambdas?|migrations|plugins|api|hooks|bin|tools)/"
)
_HARMLESS = frozenset(
    {
        *("dataclass", "property", "cached_property", "staticmethod", "classmethod", "setter"),
        *("cache", "lru_cache", "contextmanager", "asynccontextmanager", "wraps", "retry"),
        *("abstractmethod", "overload", "override", "final", "runtime_checkable"),
    }
)
# A base that keeps no list of what is built on it.
_BASES = frozenset(
    {
        *("object", "ABC", "Protocol", "Generic", "Enum", "StrEnum", "TypedDict", "NamedTuple"),
        *("BaseModel", "BaseSettings", "Exception", "RuntimeError", "ValueError"),
        *("OpenAI", "AsyncOpenAI", "Anthropic", "AsyncAnthropic"),
    }
)
_PREPARES = frozenset({"load_dotenv", "basicConfig", "filterwarnings", "simplefilter"})
_DEFINES = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Pass, ast.Delete),
)


@dataclass(frozen=True)
class Orphan:
    """A module that may go, and why; `named_by` are others that may, and that refer to it."""

    path: str
    reason: str
    named_by: frozenset[str] = frozenset()


def find_orphans(texts: Mapping[str, str], sites: Iterable[Site]) -> tuple[Orphan, ...]:
    """Modules that make or call a client, only define things, and are named by no other file.

    One that only another such module names goes with it.
    """
    providers: dict[str, set[str]] = defaultdict(set)
    for site in sites:
        if site.rule in _CLIENTS and site.category is Category.SOURCE:
            providers[site.path].add(site.endpoint or site.provider)
    named = {
        path: frozenset(
            other for other, _ in find_references(texts, path, module_of(path), classes)
        )
        for path in sorted(providers.keys() & texts.keys())
        if (classes := _classes(path, texts[path])) is not None
    }
    free = set(named)
    while stuck := {path for path in free if named[path] - free}:
        free -= stuck
    return tuple(
        Orphan(path, _reason(providers[path], named[path]), named[path]) for path in sorted(free)
    )


def module_of(path: str) -> str:
    """The dotted name that a file is imported by."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" and len(parts) > 1 else parts)


def _reason(providers: set[str], others: frozenset[str]) -> str:
    also = f" but {', '.join(sorted(others))}, which may go too" if others else ""
    return f"a client of {', '.join(sorted(providers))} that nothing names{also}"


def _classes(path: str, text: str) -> tuple[str, ...] | None:
    """The classes of a module that only defines things; None for a program, and for any other file."""
    kept = part_of(path, Category.SOURCE) in ("script", "example") or _STARTED.search(path)
    if not path.endswith(".py") or kept or text.startswith("#!") or "__main__" in text:
        return None
    try:
        tree = parse_text(text)
    except Unreadable:
        return None
    if not all(map(_only_defines, tree.body)) or any(map(_registers, ast.walk(tree))):
        return None
    return tuple(_named_classes(tree))


def _only_defines(node: ast.stmt) -> bool:
    """Whether a statement of a module does nothing that is wanted when the module is run."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=func)):
            return last(func) in _PREPARES
        case ast.If():
            return all(map(_only_defines, (*node.body, *node.orelse)))
        case ast.Try():
            handled = [one for handler in node.handlers for one in handler.body]
            return all(map(_only_defines, (*node.body, *handled, *node.orelse, *node.finalbody)))
    return isinstance(node, _DEFINES)


def _registers(node: ast.AST) -> bool:
    """Whether a definition may be known elsewhere by its decorator or its base."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if not all(_word(one) in _HARMLESS for one in node.decorator_list):
        return True
    return isinstance(node, ast.ClassDef) and (
        bool(node.keywords) or not all(_word(base) in _BASES for base in node.bases)
    )


def _word(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return last(node.value if isinstance(node, ast.Subscript) else node)


def _named_classes(tree: ast.Module) -> Iterator[str]:
    yield from (node.name for node in tree.body if isinstance(node, ast.ClassDef))
