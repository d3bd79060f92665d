"""SQL that asks Cortex for a model, in strings: executed ones first, docstrings and comments never."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Use, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.text import HOLE

# What replaces the functions of SNOWFLAKE.CORTEX, which are to be removed.
REPLACED = {
    "COMPLETE": "AI_COMPLETE",
    "TRY_COMPLETE": "AI_COMPLETE",
    "CLASSIFY_TEXT": "AI_CLASSIFY",
    "EXTRACT_ANSWER": "AI_EXTRACT",
    "SENTIMENT": "AI_SENTIMENT",
    "ENTITY_SENTIMENT": "AI_SENTIMENT",
    "TRANSLATE": "AI_TRANSLATE",
    "SUMMARIZE": "AI_COMPLETE",
    "EMBED_TEXT_768": "AI_EMBED",
    "EMBED_TEXT_1024": "AI_EMBED",
    "PARSE_DOCUMENT": "AI_PARSE_DOCUMENT",
    "COUNT_TOKENS": "AI_COUNT_TOKENS",
}
_NEWER = (
    *("COMPLETE", "CLASSIFY", "FILTER", "AGG", "EMBED", "EXTRACT", "SENTIMENT", "SIMILARITY"),
    *("SUMMARIZE_AGG", "TRANSLATE", "TRANSCRIBE", "PARSE_DOCUMENT", "REDACT"),
)


def _either(words: str) -> str:
    """A name as SQL takes it: in any case, or as it is in quotes."""
    return rf'(?:(?:{words})|(?-i:"(?:{words})"))'


_OLD = _either("|".join(REPLACED))
_SCHEMA = rf"{_either('SNOWFLAKE')}\s*\.\s*{_either('CORTEX')}"
_CALL = re.compile(
    rf"(?<![\w$])(?:{_SCHEMA}\s*\.\s*({_OLD})|({_either('AI_(?:' + '|'.join(_NEWER) + ')')}))\s*\(",
    re.IGNORECASE,
)
# The same where the schema is the one in use.
_BARE = re.compile(rf"(?<![\w$])({_OLD})\s*\(", re.IGNORECASE)
_USE = re.compile(
    r"\buse\s+(?!role\b|warehouse\b|secondary\b)(?:(schema|database)\s+)?([\w$\".]+)", re.IGNORECASE
)
_MODEL = re.compile(r"\s*(?:model\s*=>\s*)?(?:''|\\?')([\w./:-]+)(?:''|\\?')\s*,", re.IGNORECASE)
# What stands before a name that is no call of ours: a schema, or a word that defines or grants.
_OTHER = re.compile(
    r"(?:[\w$\"}]\s*\.\s*|\b(?:function|procedure|table|view|into|with)\s+(?:if\s+(?:not\s+)?exists\s+)?)$",
    re.IGNORECASE,
)
_CORTEX = re.compile(rf"(?<![\w$]){_SCHEMA}\s*\.\s*$", re.IGNORECASE)
_FRONT = 60
_COMMENT = re.compile(r"'(?:[^']|'')*'|(--[^\n]*|/\*.*?\*/)", re.DOTALL)
# What makes a statement of a text that is not seen to be executed.
_SQL = re.compile(
    r"\bselect\b|\b(?:insert|merge)\s+into\b|\bupdate\s+\S+\s+set\b|^\s*call\s"
    r"|\bcreate\s+(?:or\s+replace\s+)?(?:\w+\s+)?(?:table|view|task|function|procedure)\b"
    r"|\bwith\s+\w+\s+as\s*\(",
    re.IGNORECASE,
)
_RUNS = frozenset(
    {
        *("execute", "executemany", "execute_async", "execute_string", "execute_query", "sql"),
        *("run_query", "query", "fetch", "fetchval", "fetchrow", "fetch_all", "fetch_one"),
        *("read_sql", "read_sql_query", "run_sql", "run_query_async", "fetch_pandas_all"),
    }
)
_PASSES = frozenset({"text", "format", "strip", "dedent", "cleandoc", "join", "replace", "encode"})
_TELLS = frozenset(
    {
        *("print", "debug", "info", "warning", "error", "exception", "critical", "log", "echo"),
        *("write", "startswith", "endswith", "compile", "search", "match", "findall", "sub"),
        *("markdown", "code", "count", "index", "find"),
    }
)


@dataclass(frozen=True)
class Called:
    """A call of a model's function in a text of SQL: where it begins, its name, the model it names."""

    start: int
    name: str
    model: str | None


def find(scan: Scan) -> None:
    """Add a site for each string of SQL that calls a model."""
    for file in scan.files:
        lower = file.source.code.lower()
        if b"cortex" not in lower and b"ai_" not in lower:
            continue
        for node, text in _texts(file):
            if "(" in text and (called := list(calls_in(text))):
                _statement(scan, file, node, text, called)


def calls_in(sql: str) -> Iterator[tuple[str, str | None, int]]:
    """Each function that a text of SQL calls, the model it names, and the line in the text, from 0."""
    bare = _COMMENT.sub(lambda found: " " * len(found[0]) if found[1] else found[0], sql)
    for call in called(bare):
        yield call.name, call.model, bare.count("\n", 0, call.start)


def called(sql: str, statements: str | None = None) -> Iterator[Called]:
    """Each call of a model's function: not one of another schema, nor what is only named so.

    `statements` is the same text with blanks for all that is none.
    """
    statements = sql if statements is None else statements
    found = [(call, _name(call)) for call in _CALL.finditer(statements)]
    found += [(call, f"SNOWFLAKE.CORTEX.{_plain(call[1])}") for call in _in_schema(statements)]
    for call, name in sorted(found, key=lambda one: one[0].start()):
        front = statements[max(0, call.start() - _FRONT) : call.start()]
        if not _OTHER.search(front) or _CORTEX.search(front):
            model = _MODEL.match(sql, call.end())
            yield Called(call.start(), name, model[1] if model else None)


def _in_schema(sql: str) -> Iterator[re.Match[str]]:
    """What is called by its own name alone while SNOWFLAKE.CORTEX is the schema in use."""
    uses = list(_USE.finditer(sql))
    ends = [*(use.start() for use in uses[1:]), len(sql)]
    database = ""
    for use, end in zip(uses, ends, strict=False):
        kind, name = (use[1] or "").lower(), use[2].replace('"', "").upper()
        database, _, schema = (
            name.rpartition(".")
            if "." in name
            else ((name, "", "") if kind != "schema" else (database, "", name))
        )
        if (database, schema) == ("SNOWFLAKE", "CORTEX"):
            yield from _BARE.finditer(sql, use.end(), end)


def _plain(name: str) -> str:
    return name.strip('"').upper()


def _name(call: re.Match[str]) -> str:
    return f"SNOWFLAKE.CORTEX.{_plain(call[1])}" if call[1] else _plain(call[2])


def reason_for(name: str, seen: bool = True) -> Reason:
    """Why a call in SQL is told, and what replaces its function."""
    old = REPLACED.get(name.rpartition(".")[2]) if "." in name else None
    words = f"{name} is deprecated: {old} replaces it" if old else f"{name} calls a model in SQL"
    return Reason(
        "cortex-deprecated" if old else "cortex-sql",
        words if seen else f"{words}; where it is run cannot be seen",
    )


def _texts(file: Parsed) -> Iterator[tuple[ast.expr, str]]:
    """The strings that are no part of an f-string, and the f-strings."""
    whole: dict[ast.JoinedStr, None] = {}
    for node in file.table.strings:
        parent = file.table.parents[node]
        if isinstance(parent, ast.JoinedStr):
            whole[parent] = None
        elif not isinstance(parent, ast.Expr | ast.FormattedValue):
            yield node, str(node.value)
    for joined in whole:
        parts = (p.value if isinstance(p, ast.Constant) else HOLE for p in joined.values)
        if not isinstance(file.table.parents[joined], ast.Expr):
            yield joined, "".join(map(str, parts))


def _statement(
    scan: Scan, file: Parsed, node: ast.expr, text: str, called: list[tuple[str, str | None, int]]
) -> None:
    runs = _runs(file, node)
    if runs is None or not (runs or _SQL.search(text)):
        return
    for name, model, _ in called:
        found = Found(
            rule="cortex_sql",
            verdict=Verdict.REPORT,
            reason=reason_for(name, runs),
            provider="cortex",
            operation=name,
            model=model,
            use=Use(streaming=False),
        )
        site_at(scan, file, node, found)


def _runs(file: Parsed, node: ast.expr) -> bool | None:
    """Whether a string is executed; None where it is compared, shown or raised instead."""
    at: ast.AST = node
    for up in file.table.ancestors(node):
        match up:
            case ast.Call() if at is not up.func:
                name = last(up.func)
                if name in _RUNS:
                    return True
                if name in _TELLS or name.endswith(("Error", "Exception", "Warning")):
                    return None
                if name not in _PASSES:
                    return False
            case ast.Compare() | ast.Raise() | ast.Assert():
                return None
            case ast.keyword() if up.arg in ("help", "description", "reason", "msg", "docs"):
                return None
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                return _names_run(file, up)
            case ast.stmt():
                return False
        at = up
    return False


def _names_run(file: Parsed, statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
    """Whether a name that the string is given is executed in the same file."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = {last(target) for target in targets} - {""}
    for call in file.table.calls_of(_RUNS):
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if any(last(part) in names for argument in given for part in _inside(argument)):
            return True
    return False


def _inside(node: ast.expr) -> list[ast.expr]:
    """An argument, and what it is made of where it only wraps a name."""
    if isinstance(node, ast.Call):
        front = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [*node.args, *front]
    return [node]
