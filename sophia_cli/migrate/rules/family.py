"""What the rules for further SDKs share: found and told, each with what takes its place; never edited."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.resolve import COPIES, is_new_client
from sophia_cli.migrate.rules.asked import Asked
from sophia_cli.migrate.rules.constructor import ON_SERVICE, passed_on
from sophia_cli.migrate.rules.doors import DOORS, LATER, doors_given
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Site, Use, Verdict
from sophia_cli.migrate.text import text_of
from sophia_cli.migrate.use import use_of
from sophia_cli.migrate.value import Made, Part, Symbol, Value

_HALF = "one of its two HTTP clients is its own: **langchain_openai_clients() gives both"
_MODELS = ("model", "model_name", "model_id", "modelId", "deployment_name")


@dataclass(frozen=True)
class Family:
    """An SDK, by the names that it goes by.

    `packages` are the modules its names come from; `clients` its client classes by their own name,
    whether asynchronous (None: both); `functions` what calls a model without a client, `operations`
    what a client does. `telling` are operations that are reported on anything unknown where one of
    the keywords is given. `only` are the services that are named to a function which makes clients of
    others too. `advice` says what takes its place; `vendors` who answers, by class. `first` are
    classes and functions whose first argument is the model. `bases` are the classes as which clients
    of whatever kind are handed in.
    """

    rule: str
    provider: str
    packages: tuple[str, ...]
    advice: str
    clients: Mapping[str, bool | None] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()
    telling: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    vendors: Mapping[str, str] = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    bases: frozenset[str] = frozenset()

    @property
    def reason(self) -> Reason:
        return Reason("other-sdk", self.advice)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.clients) | self.functions

    def has_base(self, made: Made) -> bool:
        """Whether something that is handed in is known by one of the bases."""
        name = made.of.name if isinstance(made.of, Symbol) and made.call is None else ""
        return name.rpartition(".")[2] in self.bases and self.owns(name)

    def owns(self, symbol: str) -> bool:
        """Whether a dotted name is of one of the packages."""
        return any(symbol.startswith(f"{package}.") for package in self.packages)


@dataclass(frozen=True, eq=False)
class Families:
    """Several SDKs, found together so that every file is gone through once."""

    every: tuple[Family, ...]

    def __post_init__(self) -> None:
        tops = {package.partition(".")[0] for family in self.every for package in family.packages}
        ends = {name.rpartition(".")[2] for family in self.every for name in family.operations}
        names = {name for family in self.every for name in family.names}
        object.__setattr__(self, "tops", frozenset(tops))
        object.__setattr__(self, "ends", frozenset(ends))
        object.__setattr__(self, "names", frozenset(names))

    tops: frozenset[str] = field(init=False)
    ends: frozenset[str] = field(init=False)
    names: frozenset[str] = field(init=False)

    def of(self, symbol: str) -> Family | None:
        """The SDK that a dotted name is of."""
        if symbol.partition(".")[0] not in self.tops:
            return None
        owners = [family for family in self.every if family.owns(symbol)]
        name = symbol.rpartition(".")[2]
        return next((f for f in owners if name in f.names), owners[0] if owners else None)

    def find(self, scan: Scan) -> None:
        """Add the sites of all of them: constructions and functions first, then what clients do."""
        self.find_makers(scan)
        for file in scan.files:
            asked = Asked(scan.near, file)
            for attribute in file.table.attributes_of(self.ends):
                if isinstance(attribute.ctx, ast.Load):
                    self._operation(scan, file, attribute, asked)

    def find_makers(self, scan: Scan) -> None:
        """Add the sites of constructions and functions alone."""
        for file in scan.files:
            for call in scan.foreign.of(file).calls:
                self._called(scan, file, call)
            for node in scan.foreign.of(file).values:
                self._mentioned(scan, file, node)
            for call in file.table.calls_of(COPIES):
                if is_new_client(call):
                    self._copied(scan, file, call)

    def _called(self, scan: Scan, file: Parsed, call: ast.Call) -> None:
        """A construction, or a function that calls a model."""
        found = list(self._meant(scan.near.values(file, call.func)))
        if not found or not _is_for(scan, found[0][0], file, call):
            return
        if (id(file), id(call)) in scan.constructors:  # a pack has spoken
            return
        family, name, whole = found[0]
        site = _site(family, name, file, call)
        if not isinstance(scan.near.one(file, call.func), Symbol):
            words = f"{ast.unparse(call.func)} can be more than one thing here"
            site = replace(site, reason=Reason("several-meanings", words))
        else:
            site = _on_service(scan, file, call, whole, site)
        key = (id(file), id(call))
        model = model_of(scan, file, call, name in family.first)
        scan.constructors[key] = site_at(scan, file, call, replace(site, model=model))

    def _copied(self, scan: Scan, file: Parsed, call: ast.Call) -> None:
        """A copy of a client, with an HTTP client of its own."""
        assert isinstance(call.func, ast.Attribute)
        if (id(file), id(call)) in scan.constructors:  # a pack has spoken
            return
        for value in scan.near.values(file, call.func.value):
            name = value.of.name if isinstance(value, Made) and isinstance(value.of, Symbol) else ""
            family = self.of(name) if name in DOORS else None
            if family is not None:
                site = _site(family, name.rpartition(".")[2], file, call)
                site = replace(site, operation=f"{site.operation}.{call.func.attr}")
                site = _on_service(scan, file, call, name, site)
                scan.constructors[(id(file), id(call))] = site_at(scan, file, call, site)
                return

    def _meant(self, values: tuple[Value, ...]) -> Iterator[tuple[Family, str, str]]:
        """The client classes and functions among the values, by their own name and the whole one."""
        for value in values:
            whole = value.name if isinstance(value, Symbol) else ""
            family, name = self.of(whole), whole.rpartition(".")[2]
            if family is not None and name in family.names:
                yield family, name, whole

    def _mentioned(self, scan: Scan, file: Parsed, node: ast.Name | ast.Attribute) -> None:
        """A client class or function that is passed on, or a class built on it."""
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name not in self.names or not isinstance(node.ctx, ast.Load):
            return
        parent = file.table.parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            return
        found = list(self._meant(scan.near.values(file, node)))
        reason = passed_on(file, node) if found else None
        if reason is not None and not found[0][0].only:
            family, name, _ = found[0]
            site_at(scan, file, node, replace(_site(family, name, file, None), reason=reason))

    def _operation(self, scan: Scan, file: Parsed, node: ast.Attribute, asked: Asked) -> None:
        """`client.chat(...)`, called or taken as a bound method."""
        parent = file.table.parents[node]
        if isinstance(parent, ast.Attribute):
            return
        call = parent if isinstance(parent, ast.Call) and parent.func is node else None
        for family, operation, made in chain(
            self._chains(scan, file, node), self._handed_in(node, asked)
        ):
            found = _operated(scan, family, operation, made, file, call)
            site_at(scan, file, call or node, found)
            return

    def _chains(
        self, scan: Scan, file: Parsed, node: ast.Attribute
    ) -> Iterator[tuple[Family, str, Made | None]]:
        names: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute) and len(names) < 4:
            names.insert(0, at.attr)
            at = at.value
            operation = ".".join(names)
            for family in _ending(self, operation):
                found = self._client(scan, file, at, family, operation)
                if found is not None:
                    yield family, *found
                elif _tells(file, node, family, operation):
                    yield family, operation, None

    def _handed_in(
        self, node: ast.Attribute, asked: Asked
    ) -> Iterator[tuple[Family, str, Made | None]]:
        """An operation of something unknown that is asked to be one of the bases."""
        for made in asked.of(node.value):
            for family in self.every:
                if node.attr in family.operations and family.has_base(made):
                    yield family, node.attr, made

    def _client(
        self, scan: Scan, file: Parsed, node: ast.expr, family: Family, operation: str
    ) -> tuple[str, Made] | None:
        """The whole operation, and the client that an expression is or is a part of."""
        for value in scan.near.values(file, node):
            made, front = (value.of, value.names) if isinstance(value, Part) else (value, ())
            if not isinstance(made, Made) or not isinstance(made.of, Symbol):
                continue
            if made.call is not None and not _is_for(scan, family, made.file, made.call):
                continue
            whole = ".".join((*front, operation))
            name = made.of.name.rpartition(".")[2]
            if whole not in family.operations or not family.owns(made.of.name):
                continue
            if name in family.clients or family.has_base(made):
                return whole, made
        return None


@cache
def _ending(families: Families, operation: str) -> tuple[Family, ...]:
    """Those that do something whose name ends like this, or are told by it."""
    return tuple(
        family
        for family in families.every
        if operation in family.telling
        or any(known.endswith(operation) for known in family.operations)
    )


def _on_service(scan: Scan, file: Parsed, call: ast.Call, name: str, site: Found) -> Found:
    """A construction, done where all its ways to wait are on the service."""
    given = doors_given(scan, file, call, name)
    if not given:
        return site
    if given == frozenset(DOORS[name]):
        return replace(site, verdict=Verdict.DONE, reason=ON_SERVICE)
    return replace(site, reason=Reason("half-on-service", _HALF))


def _is_for(scan: Scan, family: Family, file: Parsed, call: ast.Call) -> bool:
    """Whether a function that makes clients of several services makes one of this SDK's here."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "service_name"]
    given = next(iter([*call.args, *named]), None)
    return not family.only or text_of(scan.near, file, given) in family.only


def _tells(file: Parsed, node: ast.Attribute, family: Family, operation: str) -> bool:
    call = file.table.parents[node]
    if operation not in family.telling or not isinstance(call, ast.Call) or call.func is not node:
        return False
    return bool(family.telling[operation] & {keyword.arg or "" for keyword in call.keywords})


def _site(family: Family, name: str, file: Parsed, call: ast.Call | None) -> Found:
    """A client class or a function of an SDK, with what can be read off its call."""
    client = name in family.clients
    is_async = family.clients[name] if client else _is_async(name)
    found = Found(family.rule, Verdict.REPORT, family.reason, family.provider, name, is_async)
    found = replace(found, endpoint=family.vendors.get(name, ""))
    if call is None:
        return found
    if not client:
        return replace(found, use=use_of(file, call, name))
    streaming = [k.value for k in call.keywords if k.arg == "streaming"]
    fixed = streaming[0] if streaming else None
    return replace(
        found, use=Use(streaming=bool(fixed.value) if isinstance(fixed, ast.Constant) else None)
    )


def model_of(scan: Scan, file: Parsed, call: ast.Call, first: bool = False) -> str | None:
    """The model that a call names, by keyword or as its first argument: a text without holes."""
    given = next((k.value for k in call.keywords if k.arg in _MODELS), None)
    if given is None and first and call.args:
        given = call.args[0]
    text = text_of(scan.near, file, given)
    return text if text and "{}" not in text else None


def _operated(
    scan: Scan,
    family: Family,
    operation: str,
    made: Made | None,
    file: Parsed,
    call: ast.Call | None,
) -> Found:
    found = Found(family.rule, Verdict.REPORT, family.reason, family.provider, operation)
    maker: Site | None = None
    if made is None:
        found = replace(found, reason=Reason("receiver-unknown", "its receiver is not known"))
    elif made.call is not None:
        maker = scan.constructor(made)
    name = made.of.name.rpartition(".")[2] if made and isinstance(made.of, Symbol) else ""
    awaited = call is not None and isinstance(file.table.parents[call], ast.Await)
    is_async = family.clients.get(name) or _is_async(operation) or awaited
    unknown = family.clients.get(name) is None and not is_async and made is None
    model = model_of(scan, file, call) if call else None
    if maker is not None and maker.verdict is not Verdict.REPORT:
        words = f"carried by {maker.place}"
        found = replace(found, verdict=Verdict.CARRIED, reason=Reason("carried", words))
    if made is not None and made.call is not None and isinstance(made.of, Symbol):
        given = doors_given(scan, made.file, made.call, made.of.name)
        if given and given != frozenset(DOORS[made.of.name]):
            found = _half(found, given, bool(is_async))
    return replace(
        found,
        is_async=None if unknown else is_async,
        model=model or (maker.model if maker else None),
        endpoint=maker.endpoint if maker else family.vendors.get(name, ""),
        carrier=maker.key if maker else None,
        use=use_of(file, call, operation),
    )


def _half(found: Found, given: frozenset[str], is_async: bool) -> Found:
    """A call on a client that has our HTTP client for one way to wait."""
    if (LATER in given) == is_async:
        return replace(found, verdict=Verdict.DONE, reason=ON_SERVICE)
    return replace(found, verdict=Verdict.REPORT, reason=Reason("half-on-service", _HALF))


def _is_async(name: str) -> bool:
    """`acompletion`, `chat.complete_async`, `aio.models.generate_content`."""
    first, end = name.partition(".")[0], name.rpartition(".")[2]
    return end.endswith("_async") or end in _ASYNC or first == "aio"


_ASYNC = frozenset(
    {
        *("acompletion", "aembedding", "atext_completion", "aresponses", "ainvoke", "astream"),
        *("abatch", "agenerate", "apredict", "amoderation", "atranscription", "aspeech"),
        *("aimage_generation", "astream_events", "abatch_completion", "aembed_query"),
        *("aembed_documents", "anthropic_messages", "arerank", "aforward"),
        *("acomplete", "achat", "astream_complete", "astream_chat", "async_run", "async_stream"),
        *("run", "run_stream", "iter", "model_request", "model_request_stream"),  # of pydantic_ai
    }
)
