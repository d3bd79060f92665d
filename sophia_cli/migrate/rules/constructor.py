"""What the rules for vendors' client classes share: a constructor gains our HTTP client."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from sophia_cli.migrate.arguments import OddShape, add_keyword
from sophia_cli.migrate.hosts import provider_at
from sophia_cli.migrate.imports import Unplaceable, add_imports, leads_to
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.notebook import SUFFIX
from sophia_cli.migrate.requirements import Least
from sophia_cli.migrate.resolve import COPIES, is_new_client, typing_only
from sophia_cli.migrate.rules.doors import DOORS, TARGET, doors_given, gives
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.scope import Binds
from sophia_cli.migrate.site import Edit, Need, Reason, Verdict, join_reasons
from sophia_cli.migrate.spelling import dotted, last
from sophia_cli.migrate.text import text_of
from sophia_cli.migrate.value import NONE, Made, Symbol

ON_SERVICE = Reason("on-service", "on the service already")


@dataclass(frozen=True)
class Door:
    """A client class, whether it is asynchronous (None: both), and the function that gives its HTTP client.

    `gains` are the arguments that the function gives: one, or where it is `spread` a mapping of
    several. `report` and `look` are arguments with which a construction is left, or waits for a
    person, with the reason; without one of `say`, or with None there, it waits too. `review` is what
    to look at in every one; `needs` the version of the package from which on the class gains it.
    """

    name: str
    function: str
    is_async: bool | None
    gains: tuple[str, ...] = ("http_client",)
    spread: bool = False
    target: str = TARGET
    report: Mapping[str, str] = field(default_factory=dict)
    look: Mapping[str, str] = field(default_factory=dict)
    say: Mapping[str, str] = field(default_factory=dict)
    review: str = ""
    needs: Least | None = None

    @property
    def text(self) -> bytes:
        """What the constructor is given."""
        given = f"{self.function}()"
        return f"**{given}".encode() if self.spread else f"{self.gains[0]}={given}".encode()


@dataclass(frozen=True)
class Vendor:
    """An SDK: its classes by every name they go by, and those that are only reported."""

    rule: str
    package: str
    doors: Mapping[str, Door]
    reported: Mapping[str, Reason]


def find_constructors(scan: Scan, vendor: Vendor) -> None:
    """Add a site for each construction and each other use of the vendor's client classes."""
    for file in scan.files:
        for call in scan.foreign.of(file).calls:
            _constructor(scan, vendor, file, call)
        for call in file.table.calls_of(_NAMING | COPIES):
            _by_name(scan, vendor, file, call)
            if is_new_client(call):
                find_copy(scan, vendor, file, call)
        for node in scan.foreign.of(file).values:
            if _plausible(file, node):
                _reference(scan, vendor, file, node)


def _constructor(scan: Scan, vendor: Vendor, file: Parsed, call: ast.Call) -> None:
    found = judge(scan, vendor, file, call)
    if found is not None:
        scan.constructors[(id(file), id(call))] = site_at(scan, file, call, found)


def judge(scan: Scan, vendor: Vendor, file: Parsed, call: ast.Call) -> Found | None:
    """The verdict on a call, where it constructs a client of the vendor."""
    names = [v.name for v in scan.near.values(file, call.func) if isinstance(v, Symbol)]
    known = [name for name in names if name in vendor.doors or name in vendor.reported]
    if not known:
        return None
    name = known[0]
    door = vendor.doors.get(name)
    found = Found(
        vendor.rule,
        Verdict.REPORT,
        Reason("several-meanings", f"{ast.unparse(call.func)} can be more than one thing here"),
        vendor.package,
        door.name if door else name.rpartition(".")[2],
        door.is_async if door else "Async" in name,
    )
    found = replace(found, endpoint=_endpoint(scan, file, call, found))
    if not isinstance(scan.near.one(file, call.func), Symbol):
        return found
    if door is None:
        return replace(found, reason=vendor.reported[name])
    return _judge(scan, file, call, door, name, found)


def find_copy(scan: Scan, vendor: Vendor, file: Parsed, call: ast.Call) -> None:
    """A copy of a client that sends in a way of its own, whatever the client itself does."""
    assert isinstance(call.func, ast.Attribute)
    for value in scan.near.values(file, call.func.value):
        name = value.of.name if isinstance(value, Made) and isinstance(value.of, Symbol) else ""
        if (door := vendor.doors.get(name)) is None:
            continue
        ours = on_service(scan, file, call, door, name)
        verdict, reason = (Verdict.DONE, ON_SERVICE) if ours else (Verdict.REVIEW, _own(door))
        operation = f"{door.name}.{call.func.attr}"
        found = Found(vendor.rule, verdict, reason, vendor.package, operation, door.is_async)
        scan.constructors[(id(file), id(call))] = site_at(scan, file, call, found)
        return


def _endpoint(scan: Scan, file: Parsed, call: ast.Call, found: Found) -> str:
    """Who answers, where an address says that it is not the vendor itself."""
    if "Azure" in found.operation:
        return "azure"
    given = next((k.value for k in call.keywords if k.arg == "base_url"), None)
    if given is None:
        return ""
    value = scan.near.one(file, given)
    gateway = isinstance(value, Symbol) and value.name.startswith("portkey_ai.")
    provider = "portkey" if gateway else provider_at(text_of(scan.near, file, given))
    return "" if provider == found.provider else provider


def _judge(
    scan: Scan,
    file: Parsed,
    call: ast.Call,
    door: Door,
    name: str,
    found: Found,
) -> Found:
    """The verdict on one construction, with its edits where there are any."""
    if on_service(scan, file, call, door, name):
        return replace(found, verdict=Verdict.DONE, reason=ON_SERVICE)
    if any(k.arg in door.gains and (door.spread or not _is_none(k.value)) for k in call.keywords):
        return replace(found, verdict=Verdict.REVIEW, reason=_own(door))
    doubts = list(_doubts(scan, file, call, name, door))
    need = Need(door.target, door.function, call, import_of(file, call.func))
    if against := list(_against(file, call, door, need)):
        return replace(found, reason=join_reasons([*against, *doubts]))
    edits = tuple(_with_client(file, call, door))
    if doubts:
        verdict, reason = Verdict.REVIEW, join_reasons(doubts)
    else:
        words = f"the constructor gains {' and '.join(door.gains)}, all else stays"
        verdict, reason = Verdict.SAFE, Reason("gains-client", words)
    return replace(found, verdict=verdict, reason=reason, edits=edits, needs=(need,))


def _against(file: Parsed, call: ast.Call, door: Door, need: Need) -> Iterator[Reason]:
    """All that keeps a construction as it is."""
    yield from (Reason("no-counterpart", f"its {told}") for told in _told(call, door.report))
    if any(keyword.arg is None for keyword in call.keywords) and _names_one(file, door):
        words = f"**arguments get an {door.gains[0]} in this file: two of them would be an error"
        yield Reason("double-star-client", words)
    if file.table.in_format(call):
        yield Reason("in-f-string", "it stands inside an f-string")
        return  # where its parts are is not known
    try:
        _with_client(file, call, door)
        add_imports(file, [need])
    except OddShape as error:
        yield Reason("odd-shape", str(error))
    except Unplaceable as error:
        yield Reason("no-place-for-import", str(error))


def _with_client(file: Parsed, call: ast.Call, door: Door) -> list[Edit]:
    for keyword in call.keywords:
        if keyword.arg in door.gains:  # it is None: the same as not given
            text = f"{door.function}()".encode()
            return [Edit(file.source.start(keyword.value), file.source.end(keyword.value), text)]
    return add_keyword(file.source, call, door.text)


def _own(door: Door) -> Reason:
    words = f"it has an {door.gains[0]} of its own: join the two by hand"
    return Reason("own-http-client", words)


def on_service(scan: Scan, file: Parsed, call: ast.Call, door: Door, name: str) -> bool:
    """Whether the door's function gives what the class gains, all of it."""
    argument = None if door.spread else door.gains[0]
    if gives(scan, file, call, argument, f"{door.target}.{door.function}"):
        return True
    return name in DOORS and doors_given(scan, file, call, name) == frozenset(DOORS[name])


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _names_one(file: Parsed, door: Door) -> bool:
    """Whether a text in the file is the name of the argument, as in `options["http_client"] = ...`."""
    return any(name.encode() in file.source.data for name in door.gains) and any(
        isinstance(node, ast.Constant) and node.value in door.gains
        for node in ast.walk(file.source.tree)
    )


def _doubts(scan: Scan, file: Parsed, call: ast.Call, name: str, door: Door) -> Iterator[Reason]:
    """All that a person has to look at."""
    if door.needs is not None and (older := scan.requirements.older(file.path, door.needs)):
        yield Reason("older-version", f"{older}, it needs {door.needs}")
    spread = any(keyword.arg is None for keyword in call.keywords)
    if spread and not _names_one(file, door):  # else they do
        words = f"**arguments may hold an {door.gains[0]} too"
        yield Reason("double-star", words)
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        yield Reason("star", "*arguments: what is passed cannot be seen")
    place = scan.stand_ins.blocking(file.path, name, tuple(dotted(call.func)))
    if place is not None and not file.path.lower().endswith(SUFFIX):  # no test runs a notebook
        yield Reason("stand-in", f"a stand-in at {place} would notice the new argument")
    yield from (Reason("argument-changed", told) for told in _told(call, door.look))
    said = {k.arg for k in call.keywords if NONE not in scan.near.values(file, k.value)}
    for argument, words in door.say.items():
        if argument not in said:
            yield Reason("argument-unsaid", f"{argument}: {words}")
    if door.review:
        yield Reason("pack-says", door.review)


def _told(call: ast.Call, told: Mapping[str, str]) -> Iterator[str]:
    """What is said of the arguments that are given."""
    names = [keyword.arg for keyword in call.keywords if keyword.arg]
    yield from (f"{name}: {told[name]}" for name in names if name in told)


def import_of(file: Parsed, node: ast.expr) -> ast.stmt | None:
    """The import that gives the first name of a dotted expression its meaning."""
    names = dotted(node)
    first = node
    while isinstance(first, ast.Attribute):
        first = first.value
    found = file.table.scopes[first].lookup(names[0]) if names else None
    bindings = found[1] if found else []
    # that of the branch which the expression stands in goes before those of others
    for binding in sorted(bindings, key=lambda binding: not leads_to(file, binding.node, node)):
        if binding.kind is Binds.IMPORT and not typing_only(file, binding):
            statement = file.table.parents[binding.node]
            return statement if isinstance(statement, ast.stmt) else None
    for binding in found[1] if found else ():
        if (
            binding.kind is Binds.ASSIGN
            and binding.value is not None
            and dotted(binding.value) not in ([], names)
        ):
            return import_of(file, binding.value)
    return None


_NAMING = frozenset({"getattr", "import_module", "__import__"})


def _by_name(scan: Scan, vendor: Vendor, file: Parsed, call: ast.Call) -> None:
    """`getattr(openai, name)` and `import_module("openai")`."""
    tail = last(call.func)
    if tail not in _NAMING or not call.args or isinstance(call.func, ast.Call):
        return
    if tail == "getattr" and len(call.args) > 1:
        owner, name = scan.near.one(file, call.args[0]), call.args[1]
        fixed = str(name.value) if isinstance(name, ast.Constant) else None
        if owner != Symbol(vendor.package) or (
            fixed is not None and f"{vendor.package}.{fixed}" not in vendor.doors
        ):
            return
        reason = Reason("getattr", "which class it is is decided at run time")
    elif tail != "getattr" and _is_text(call.args[0], vendor.package):
        reason = Reason("imported-by-name", "the package is imported by a string")
    else:
        return
    found = Found(vendor.rule, Verdict.REPORT, reason, vendor.package, tail)
    site = site_at(scan, file, call, found)
    made = file.table.parents[call]
    if isinstance(made, ast.Call) and made.func is call:
        scan.constructors[(id(file), id(made))] = site


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _reference(scan: Scan, vendor: Vendor, file: Parsed, node: ast.Name | ast.Attribute) -> None:
    """A client class that is used as a value."""
    if not isinstance(node.ctx, ast.Load):
        return
    names = [value.name for value in scan.near.values(file, node) if isinstance(value, Symbol)]
    name = next((name for name in names if name in vendor.doors or name in vendor.reported), None)
    if name is None:
        return
    reason = passed_on(file, node)
    if reason is not None:
        door = vendor.doors.get(name)
        title = door.name if door else name.rpartition(".")[2]
        site_at(scan, file, node, Found(vendor.rule, Verdict.REPORT, reason, vendor.package, title))


def _plausible(file: Parsed, node: ast.Name | ast.Attribute) -> bool:
    """Whether it matters here what it is: what is called or read further is judged there."""
    parent = file.table.parents[node]
    return not isinstance(parent, _ELSEWHERE) and not (
        isinstance(parent, ast.Call) and parent.func is node
    )


_HARMLESS_CALLS = frozenset({"isinstance", "issubclass", "create_autospec", "cast", "TypeVar"})
_HARMLESS_KEYWORDS = frozenset({"spec", "spec_set", "autospec", "bound"})
_TESTED = (ast.Compare, ast.UnaryOp, ast.If, ast.While, ast.Assert, ast.Expr)
_ELSEWHERE = (*_TESTED, ast.Attribute, ast.ExceptHandler, ast.Subscript)


def passed_on(file: Parsed, node: ast.Name | ast.Attribute) -> Reason | None:
    """Why this use of a class may construct it somewhere else; None where it cannot."""
    parent = file.table.parents[node]
    if isinstance(parent, ast.ClassDef):
        return Reason(
            "subclassed", "a class is built on it: give its constructor the client by hand"
        )
    if (
        isinstance(parent, ast.Call)
        and parent.func is node
        or isinstance(parent, ast.Attribute | ast.ExceptHandler)
    ):
        return None
    if isinstance(parent, _TESTED) or file.table.in_annotation(node) or _is_type(parent, node):
        return None
    if isinstance(parent, ast.IfExp) and parent.test is node:
        return None
    if isinstance(parent, ast.keyword) and parent.arg in _HARMLESS_KEYWORDS:
        return None
    if any(
        isinstance(up, ast.Call) and last(up.func) in _HARMLESS_CALLS
        for up in file.table.ancestors(node)
    ):
        return None
    if isinstance(parent, ast.Assign) and all(
        isinstance(target, ast.Name) for target in parent.targets
    ):
        return None
    return Reason("class-passed", "the class is passed on: what constructs it cannot be seen")


def _is_type(parent: ast.AST, node: ast.AST) -> bool:
    """`Type[OpenAI]` and `OpenAI | None` outside annotations."""
    bitwise = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr)
    return bitwise or isinstance(parent, ast.Subscript)
