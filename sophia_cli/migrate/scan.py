"""What the rules look at: the files of a tree, how to follow names through them, and what tests replace."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sophia_cli.migrate.category import categorize
from sophia_cli.migrate.foreign import Foreign
from sophia_cli.migrate.modules import Modules, Parsed
from sophia_cli.migrate.owners import Owners
from sophia_cli.migrate.readers import read_elsewhere
from sophia_cli.migrate.requirements import Requirements
from sophia_cli.migrate.resolve import Resolver
from sophia_cli.migrate.site import Category, Edit, Key, Need, Reason, Site, Use, Verdict
from sophia_cli.migrate.stand_ins import StandIns
from sophia_cli.migrate.target import missing_names
from sophia_cli.migrate.value import Made, Value

if TYPE_CHECKING:
    from sophia_cli.migrate.pack import Pack

Rule = Callable[["Scan"], None]


@dataclass(frozen=True, eq=False)
class Scan:
    """`files` are the parsed hits in order, `pages` the Markdown hits, `blocks` their samples.

    `queries` are the hits that are SQL. `packages` are those of the SDKs that have rules.
    `requirements` are what manifests say of packages that a pack needs.
    `makers` are the rules that find constructors, `others` hits that are none of the `files`, as long
    as nobody asked what they construct.
    """

    modules: Modules
    files: tuple[Parsed, ...]
    categories: Mapping[str, Category]
    pages: Mapping[str, bytes]
    near: Resolver
    far: Resolver
    stand_ins: StandIns
    packs: tuple[Pack, ...] = ()
    owners: Owners = Owners()
    packages: frozenset[str] = frozenset()
    requirements: Requirements = Requirements()
    makers: tuple[Rule, ...] = ()
    others: set[str] = field(default_factory=set)
    foreign: Foreign = field(init=False)
    constructors: dict[tuple[int, int], Site] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    blocks: dict[str, tuple[Parsed, ...]] = field(default_factory=dict)
    queries: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "foreign", Foreign(self.near, self.packages))

    def constructor(self, made: Made) -> Site | None:
        """The site of the call that made an instance; None where no call is known, or it has none."""
        if made.call is None:
            return None
        if made.file.path in self.others:
            self.others.discard(made.file.path)
            aside = replace(self, files=(made.file,), sites=[])
            for rule in self.makers:
                rule(aside)
        return self.constructors.get((id(made.file), id(made.call)))

    def release(self, keep: Container[str] = ()) -> None:
        """Let go of all that was parsed, but for files to keep."""
        blocks = (block for page in self.blocks.values() for block in page)
        files = (file for path, file in self.modules.parsed.items() if path not in keep)
        for file in (*files, *blocks):
            file.table.release()

    def category(self, path: str) -> Category:
        """What kind of file it is; also of one that held no word."""
        if path in self.categories:
            return self.categories[path]
        return categorize(path, self.modules.read(path) or b"")

    def views(self, path: str) -> tuple[Parsed, ...]:
        """What the rules saw of a file: the samples of a page, else the file itself."""
        return self.blocks.get(path) or (self.modules.parsed[path],)

    def read_from(self, path: str, names: frozenset[str]) -> frozenset[str]:
        """Those of a module's names that other files read from it."""
        return read_elsewhere(self.modules, self.near, path, names)

    def offers(self, module: str, name: str) -> bool:
        """Whether a target's module has a name, installed or in the tree itself."""
        if not missing_names({(module, name)}):
            return True
        path = self.modules.find(tuple(module.split(".")), "", False)
        file = self.modules.get(path) if path else None
        return file is not None and (
            name in file.table.module.names or bool(file.table.module.stars)
        )

    def one(self, file: Parsed, node: ast.expr) -> Value:
        """The value of an expression, as far as the files that matter show it."""
        return self.near.one(file, node)


@dataclass(frozen=True)
class Found:
    """The verdict on a node, before its place is filled in."""

    rule: str
    verdict: Verdict
    reason: Reason
    provider: str
    operation: str
    is_async: bool | None = None
    model: str | None = None
    endpoint: str = ""
    use: Use = Use()
    carrier: Key | None = None
    groups: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    needs: tuple[Need, ...] = ()
    retired: tuple[str, ...] = ()


def site_at(scan: Scan, file: Parsed, node: ast.expr | ast.stmt, found: Found) -> Site:
    """Turn a verdict into a site and keep it."""
    line, cell = file.source.place(node.lineno)
    site = Site(
        rule=found.rule,
        verdict=found.verdict,
        reason=found.reason,
        path=file.path,
        line=line,
        column=file.source.column(node),
        provider=found.provider,
        operation=found.operation,
        is_async=found.is_async,
        model=found.model,
        endpoint=found.endpoint,
        use=found.use,
        category=scan.category(file.path),
        carrier=found.carrier,
        groups=found.groups,
        edits=found.edits,
        needs=found.needs,
        retired=found.retired,
        cell=cell,
    )
    scan.sites.append(site)
    return site


def literal(call: ast.Call, name: str) -> str | None:
    """The value of a keyword that is given as a string."""
    for keyword in call.keywords:
        if (
            keyword.arg == name
            and isinstance(keyword.value, ast.Constant)
            and isinstance(keyword.value.value, str)
        ):
            return keyword.value.value
    return None
