"""What `sophia migrate` finds in a code base beside what was counted by hand, and what share of it moves.

`counted.tsv` holds the count: which files were read, and the line and kind of each true site in them.
"""

from __future__ import annotations

import ast
import json
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COUNTED = Path(__file__).with_name("counted.tsv")
WORDS = re.compile(
    r"\b(openai|anthropic|litellm|langchain\w*|groq|mistralai|cohere|genai|ollama|portkey_ai|bedrock)\b"
    r"|\.(create|acreate|stream|parse|ainvoke|invoke|generate_content)\(|\ba?completion\(",
    re.IGNORECASE,
)
MOST, DRAWN = 3, 1


def sample(tree: Path, repo: str) -> list[str]:
    """The files that are read: those with the most lines that look like a call, and one by lot.

    Python files outside tests, of which three and one; and the notebook with the most such lines.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py", "*.ipynb"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    hits = {}
    for name in listed.stdout.split("\0"):
        path = tree / name
        if name and path.is_file() and not re.search(r"(^|/)(tests?/|test_|conftest)", name):
            text = path.read_text(errors="replace")
            lines = _code(text) if name.endswith(".ipynb") else text.splitlines()
            hits[name] = sum(bool(WORDS.search(line)) for line in lines)
    ranked = sorted((n for n in hits if hits[n]), key=lambda name: (-hits[name], name))
    python = [name for name in ranked if name.endswith(".py")]
    rest = python[MOST:]
    drawn = random.Random(repo).sample(rest, min(DRAWN, len(rest)))
    notebooks = [name for name in ranked if name.endswith(".ipynb")][:1]
    return [*python[:MOST], *drawn, *notebooks]


def _code(text: str) -> list[str]:
    cells = json.loads(text).get("cells", [])
    return [
        line
        for cell in cells
        if cell["cell_type"] == "code"
        for line in "".join(cell["source"]).splitlines()
    ]


@dataclass(frozen=True)
class Count:
    """What a scan has of the true sites of the files that were read."""

    found: int
    missed: tuple[str, ...]
    false: tuple[str, ...]


def compare(repo: str, sites: Iterable[dict[str, Any]], counted: Path = COUNTED) -> Count:
    """Put a scan's sites beside the count; what is only noted is no site."""
    true: dict[str, Counter[int]] = {}
    for row in counted.read_text().splitlines()[1:]:
        name, path, line, kind = row.split("\t")
        if name == repo:
            lines = true.setdefault(path, Counter())
            lines.update([int(line)] if kind != "none" else [])
    seen = {path: Counter[int]() for path in true}
    for site in sites:
        if site["path"] in seen and site["class"] != "noted":
            seen[site["path"]][site["line"]] += 1
    return Count(
        sum(sum((lines & seen[path]).values()) for path, lines in true.items()),
        tuple(_places(true, seen)),
        tuple(_places(seen, true)),
    )


def _places(these: dict[str, Counter[int]], those: dict[str, Counter[int]]) -> Iterator[str]:
    for path, lines in these.items():
        yield from (f"{path}:{line}" for line in (lines - those[path]).elements())


@dataclass(frozen=True)
class Share:
    """How many sites a run moves by itself, of how many."""

    moved: int
    of: int

    def __add__(self, other: Share) -> Share:
        return Share(self.moved + other.moved, self.of + other.of)

    def __str__(self) -> str:
        return f"{self.moved}/{self.of}" + (f" = {self.moved / self.of:.0%}" if self.of else "")


def shares(tree: Path, sites: list[dict[str, Any]]) -> tuple[Share, Share]:
    """The share of all SDK sites, and of those whose client is constructed here and seen whole.

    A site is what constructs a client, calls it or hands it on, in a file that may be edited: not
    in tests, archives, generated files or pages, not what is only noted, no raw HTTP, no SQL. It
    moves when a run without options rewrites it, or the construction of its client.

    Of the second are constructions of openai's and anthropic's client classes, Azure's and the
    clouds' too, whose arguments are all written out (no `*` or `**`) and whose object is seen
    whole: it is called where it stands, or kept under names that are never used in that file but
    to read an attribute, or handed to functions and classes of the tree or to a known wrapper
    (`from_openai`); and the calls that are followed to such a construction.
    """
    sites = [site for site in sites if site["category"] == "source" and site["class"] != "noted"]
    sites = [site for site in sites if site["rule"] not in _NO_SDK]
    moving = {_place(site) for site in sites if site["class"] == "safe"}
    whole = set(_seen_whole(tree, sites))
    kept = [
        site
        for site in sites
        if (site["rule"] in _CLIENTS and _place(site) in whole)
        or (site["rule"] == "calls" and site["carrier"] in whole)
    ]
    return _share(sites, moving), _share(kept, moving)


_CLIENTS = frozenset({"openai_client", "anthropic_client"})
_NO_SDK = frozenset(
    {"raw_http", "cortex_sql", "markdown", "templates", "wrapper", "module_settings"}
)
_LOOKERS = frozenset({"isinstance", "hasattr", "type", "id", "print"})
_WRAPPERS = frozenset({"from_openai", "from_anthropic", "patch", "wrap_openai", "wrap_anthropic"})


def _share(sites: list[dict[str, Any]], moving: set[str]) -> Share:
    moved = [s for s in sites if _place(s) in moving or s["carrier"] in moving]
    return Share(len(moved), len(sites))


def _place(site: dict[str, Any]) -> str:
    return f"{site['path']}:{site['line']}"


def _seen_whole(tree: Path, sites: list[dict[str, Any]]) -> Iterator[str]:
    """The places of constructions whose arguments and whose uses are all seen."""
    made: dict[str, list[dict[str, Any]]] = {}
    for site in sites:
        if site["rule"] in _CLIENTS:
            made.setdefault(site["path"], []).append(site)
    own = (_defined(tree) if made else frozenset()) | _WRAPPERS | _LOOKERS
    for path, those in made.items():
        code = _read(tree / path)
        if code is not None:
            places = {code.place(call): call for call in code.calls()}
            for site in those:
                call = places.get(_site_key(site))
                if call is not None and _is_open(call) and code.sees(call, own):
                    yield _place(site)


def _site_key(site: dict[str, Any]) -> tuple[int, int | str]:
    """Where a site stands: by its column, in a notebook by its class in its cell."""
    cell = site["cell"]
    return (cell, site["operation"]) if cell else (site["line"], site["column"])


def _is_open(call: ast.Call) -> bool:
    """Whether all arguments are written out."""
    starred = any(isinstance(arg, ast.Starred) for arg in call.args)
    return not starred and all(keyword.arg is not None for keyword in call.keywords)


def _defined(tree: Path) -> frozenset[str]:
    """The names of all functions and classes of a tree."""
    names: set[str] = set()
    for path in tree.rglob("*.py"):
        names.update(re.findall(r"^[ \t]*(?:async[ ]+)?(?:def|class)[ ]+(\w+)", _text(path), re.M))
    return frozenset(names)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


class Code:
    """A file's code, or the code cells of a notebook one below the other."""

    def __init__(self, lines: list[str], cells: list[tuple[int, int]]) -> None:
        self.lines = lines
        self.cells = cells  # the line before a cell's first, and its number
        self.tree = ast.parse("\n".join(lines))
        self.parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def place(self, call: ast.Call) -> tuple[int, int | str]:
        """As `_site_key` gives it."""
        if self.cells:
            cell = max(number for before, number in self.cells if before < call.lineno)
            return cell, _last(call.func)
        before = self.lines[call.lineno - 1].encode()[: call.col_offset]
        return call.lineno, len(before.decode()) + 1

    def sees(self, node: ast.expr, own: frozenset[str]) -> bool:
        """Whether everything that is done with the object is in this file or handed to the tree."""
        names: set[str] = set()
        waiting: list[ast.expr] = [node]
        while waiting:
            for kept in self._uses(waiting.pop(), own):
                if kept is None:
                    return False
                if kept not in names:
                    names.add(kept)
                    waiting += self._reads(kept)
        return True

    def _reads(self, name: str) -> Iterator[ast.expr]:
        for node in ast.walk(self.tree):
            read = isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
            if read and ast.unparse(node) == name:
                yield node

    def _uses(self, node: ast.expr, own: frozenset[str]) -> list[str | None]:
        """The names that keep what an expression gives; None for what cannot be seen."""
        up = self.parents[node]
        match up:
            case ast.Await() | ast.NamedExpr() | ast.BoolOp():
                kept = [ast.unparse(up.target)] if isinstance(up, ast.NamedExpr) else []
                return [*kept, *self._uses(up, own)]
            case ast.IfExp(test=test):
                return [] if test is node else self._uses(up, own)
            case ast.Assign(targets=targets):
                return [_kept(target) for target in targets]
            case ast.AnnAssign(target=target):
                return [_kept(target)]
            case ast.withitem(optional_vars=name):
                return [_kept(name)] if name is not None else []
            case ast.keyword():
                return self._handed(self.parents[up], own)
            case ast.Call() if up.func is not node:
                return self._handed(up, own)
            case ast.Attribute() | ast.Expr() | ast.Compare() | ast.UnaryOp() | ast.If():
                return []
        return [None]

    def _handed(self, call: ast.AST, own: frozenset[str]) -> list[str | None]:
        assert isinstance(call, ast.Call)
        name = _last(call.func)
        if name in _WRAPPERS:
            return self._uses(call, own)
        return [] if name in own else [None]


def _kept(target: ast.expr) -> str | None:
    plain = isinstance(target, ast.Name | ast.Attribute)
    return ast.unparse(target) if plain else None


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def parses(path: Path) -> bool:
    """Whether a file is whole: Python that compiles, a notebook whose cells do; else text."""
    if path.suffix not in (".py", ".ipynb"):
        return True
    try:
        return _read(path) is not None
    except ValueError:
        return False


def _read(path: Path) -> Code | None:
    text = _text(path)
    try:
        if path.suffix != ".ipynb":
            return Code(text.split("\n"), [])
        lines: list[str] = []
        cells = []
        for number, cell in enumerate(json.loads(text)["cells"], 1):
            if cell["cell_type"] == "code":
                cells.append((len(lines), number))
                lines += [
                    "" if line.lstrip().startswith(("%", "!", "?")) else line
                    for line in "".join(cell["source"]).splitlines()
                ]
        return Code(lines, cells)
    except SyntaxError:
        return None
