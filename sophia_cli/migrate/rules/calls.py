"""Calls on a vendor's client: carried by its constructor, or reported where that cannot be seen."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.anthropic_client import ANTHROPIC
from sophia_cli.migrate.rules.frameworks import INSTRUCTED
from sophia_cli.migrate.rules.openai_client import OPENAI
from sophia_cli.migrate.rules.sdks import SDKS
from sophia_cli.migrate.scan import Found, Scan, literal, site_at
from sophia_cli.migrate.site import Category, Reason, Site, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.use import use_of
from sophia_cli.migrate.value import NONE, Class, Made, Part, Symbol, Value

_CHAT = ("chat.completions.create", "chat.completions.parse", "chat.completions.stream")
_RUNS = ("create", "create_and_poll", "create_and_stream", "stream")
_SUBMITS = ("submit_tool_outputs", "submit_tool_outputs_and_poll", "submit_tool_outputs_stream")
_OPENAI = frozenset(
    {
        *_CHAT,
        *INSTRUCTED,
        *(f"beta.{name}" for name in _CHAT),
        *(f"responses.{verb}" for verb in ("create", "parse", "stream", "input_tokens.count")),
        "completions.create",
        "embeddings.create",
        "moderations.create",
        "batches.create",
        "images.generate",
        "images.edit",
        "images.create_variation",
        "audio.transcriptions.create",
        "audio.translations.create",
        "audio.speech.create",
        *(f"beta.threads.runs.{verb}" for verb in (*_RUNS, *_SUBMITS)),
        *(f"beta.threads.create_and_run{end}" for end in ("", "_poll", "_stream")),
    }
)
_MESSAGES = ("messages.create", "messages.stream", "messages.parse", "messages.count_tokens")
_ANTHROPIC = frozenset(
    {
        *_MESSAGES,
        *INSTRUCTED,
        *(f"beta.{name}" for name in _MESSAGES),
        "messages.batches.create",
        "beta.messages.batches.create",
        "completions.create",
    }
)
# On an unknown receiver: the operation, and the keywords without which it is somebody else's.
_TELLING = {
    **{name: ("openai", frozenset[str]()) for name in _CHAT},
    **{name: ("openai", frozenset[str]()) for name in INSTRUCTED if name.startswith("chat.")},
    **{f"threads.runs.{name}": ("openai", frozenset({"tool_outputs"})) for name in _SUBMITS},
    "threads.runs.create": ("openai", frozenset({"assistant_id"})),
    "responses.create": ("openai", frozenset({"model", "input"})),
    "responses.parse": ("openai", frozenset({"model", "input"})),
    "embeddings.create": ("openai", frozenset({"model", "input"})),
    "completions.create": ("openai", frozenset({"model", "prompt"})),
    "messages.create": ("anthropic", frozenset({"model", "max_tokens", "messages"})),
    "messages.stream": ("anthropic", frozenset({"model", "max_tokens", "messages"})),
}
_OLD = frozenset(
    {"ChatCompletion", "Completion", "Embedding", "Edit", "Image", "Moderation", "Audio"}
)
_Told = TypeVar("_Told", Found, Site)
_STAND_INS = ("types.SimpleNamespace", "unittest.mock.")
_DEEPEST = 8
_ELSEWHERE = Reason("client-elsewhere", "its client is made outside this tree")
_PASSED = Reason("passed-in", "its client is passed in: carried by the constructor of the caller")
_WRAPPED = frozenset({"with_raw_response", "with_streaming_response"})
_ENDS = frozenset(name.rpartition(".")[2] for name in _OPENAI | _ANTHROPIC) | {
    "acreate",
    "transcribe",
}


def find(scan: Scan) -> None:
    """Add the sites of all operations, called or taken as a bound method."""
    for file in scan.files:
        for node in file.table.attributes_of(_ENDS):
            if isinstance(node.ctx, ast.Load) and not _is_count(node):
                _operation(scan, file, node)


def hand_in(sites: Iterable[Site], made: Iterable[Site]) -> Iterator[Site]:
    """The calls on a client that is passed in: what becomes of them goes by those that are `made`."""
    made = tuple(made)
    for site in sites:
        yield _handed_in(site, made) if site.reason == _ELSEWHERE else site


def _handed_in(site: Site, made: tuple[Site, ...]) -> Site:
    """What a test makes is handed to tests alone."""
    test = site.category is Category.TEST
    handed = [
        one
        for one in made
        if one.provider == site.provider and (test or one.category is not Category.TEST)
    ]
    if handed and all(one.verdict is Verdict.REPORT for one in handed):
        return _through(site, handed)
    return replace(site, verdict=Verdict.CARRIED, reason=_PASSED) if handed else site


def _is_count(node: ast.Attribute) -> bool:
    """The method of lists and texts, which is not worth following."""
    return node.attr == "count" and last(node.value) != "input_tokens"


@dataclass(frozen=True)
class _Chain:
    """`receiver.a.b.create`: the receiver, and the names behind it."""

    receiver: ast.expr
    names: tuple[str, ...]


def _operation(scan: Scan, file: Parsed, node: ast.Attribute) -> None:
    found = (
        _module_default(scan, file, node)
        or _on_client(scan, file, node)
        or _unknown(scan, file, node)
    )
    if found is None:
        return
    parent = file.table.parents[node]
    call = parent if isinstance(parent, ast.Call) and parent.func is node else None
    awaited = call is not None and isinstance(file.table.parents[call], ast.Await)
    site_at(
        scan,
        file,
        call or node,
        replace(
            found,
            is_async=found.is_async if found.is_async is not None else (True if awaited else None),
            model=literal(call, "model") if call else None,
            use=use_of(file, call, found.operation),
        ),
    )


def _chains(node: ast.Attribute) -> list[_Chain]:
    """Every way to cut an attribute chain in a receiver and an operation, longest operation first."""
    names: list[str] = []
    chains = []
    at: ast.expr = node
    while isinstance(at, ast.Attribute) and len(names) < 6:
        if at.attr not in _WRAPPED:
            names.insert(0, at.attr)
        at = at.value
        chains.append(_Chain(at, tuple(names)))
    return chains[::-1]


def _module_default(scan: Scan, file: Parsed, node: ast.Attribute) -> Found | None:
    """`openai.chat.completions.create(...)` and the calls of openai 0.x."""
    value = scan.near.one(file, node)
    if not isinstance(value, Symbol) or not value.name.startswith("openai."):
        return None
    names = value.name.split(".")[1:]
    if names[0] in _OLD:
        reason = Reason("sdk-0.x", "the calls of openai 0.x have no client to give to")
    elif ".".join(names) in _OPENAI:
        reason = Reason("module-client", "the package's own default client: construct one")
    else:
        return None
    return Found(
        "calls", Verdict.REPORT, reason, "openai", ".".join(names), names[-1].startswith("a")
    )


def _on_client(scan: Scan, file: Parsed, node: ast.Attribute) -> Found | None:
    """An operation of a client whose construction or type is known."""
    for chain in _chains(node):
        for vendor, operations in ((OPENAI, _OPENAI), (ANTHROPIC, _ANTHROPIC)):
            if not any(_ends_with(name, chain.names) for name in operations):
                continue
            made: dict[str, list[Value]] = {}
            for value in scan.far.values(file, chain.receiver):
                whole, front = (value.of, value.names) if isinstance(value, Part) else (value, ())
                operation = ".".join((*front, *chain.names))
                if operation in operations and _is_client(scan, whole, vendor.package):
                    made.setdefault(operation, []).append(whole)
            for operation, clients in made.items():
                return _carried(scan, clients, vendor.package, operation)
    return None


def _ends_with(operation: str, names: tuple[str, ...]) -> bool:
    return tuple(operation.split("."))[-len(names) :] == names


def _is_client(scan: Scan, value: Value, package: str) -> bool:
    if not isinstance(value, Made):
        return False
    if isinstance(value.of, Symbol):
        return value.of.name.startswith(f"{package}.")
    return any(
        isinstance(b, Symbol) and b.name.startswith(f"{package}.") for b in _bases(scan, value.of)
    )


def _bases(scan: Scan, kind: Class) -> list[Value]:
    return scan.far.bases(kind)


def _carried(scan: Scan, made: list[Value], package: str, operation: str) -> Found:
    """The verdict of the constructor decides what becomes of the call."""
    clients = [value for value in made if isinstance(value, Made)]
    name = clients[0].of.name if isinstance(clients[0].of, Symbol) else ""
    found = Found(
        "calls",
        Verdict.REPORT,
        Reason("client-elsewhere", ""),
        package,
        operation,
        "Async" in name or None,
    )
    found = replace(found, is_async="Async" in name if name else None)
    sites = [scan.constructor(client) for client in clients]
    known = [site for site in sites if site is not None]
    if known:
        return _through(found, known)
    if any(value.call is None for value in clients):
        return replace(found, reason=_ELSEWHERE)
    return replace(
        found, reason=Reason("subclassed", "its client is of a class built on the vendor's")
    )


def _through(found: _Told, sites: list[Site]) -> _Told:
    answering = {site.endpoint for site in sites}
    found = replace(found, endpoint=answering.pop() if len(answering) == 1 else "")
    left = next((site for site in sites if site.verdict is Verdict.REPORT), None)
    if left is not None:
        reason = Reason("client-stays", f"its client is left alone: {left.place}")
        return replace(found, reason=reason, carrier=left.key)
    site = sites[0]
    return replace(
        found,
        verdict=Verdict.CARRIED,
        reason=Reason("carried", f"carried by {site.place}"),
        carrier=site.key,
    )


def _unknown(scan: Scan, file: Parsed, node: ast.Attribute) -> Found | None:
    """A call that reads like an operation, or such a method, on something that cannot be followed."""
    parent = file.table.parents[node]
    if isinstance(parent, ast.Attribute | ast.Expr):
        return None
    if any(_of_other_sdk(scan, file, chain.receiver) for chain in _chains(node)):
        return None
    called = parent if isinstance(parent, ast.Call) and parent.func is node else None
    given = {keyword.arg or "**" for keyword in called.keywords} if called else {"**"}
    for chain in _chains(node):
        operation = ".".join(chain.names)
        provider, telling = _TELLING.get(operation, ("", frozenset[str]()))
        told = not telling or telling & given or (given == {"**"} and _imports(file, provider))
        if provider and told and not _of_own_making(scan, file, node.value):
            reason = Reason("receiver-unknown", "its receiver is not known")
            return Found("calls", Verdict.REPORT, reason, provider, operation)
    return None


def _imports(file: Parsed, package: str) -> bool:
    """Whether a file imports an SDK: it tells of a call none of whose arguments can be seen."""
    return any(
        module.partition(".")[0] == package
        for node in file.table.imports
        for module in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else ["." * node.level + (node.module or "")]
        )
    )


def _of_own_making(scan: Scan, file: Parsed, node: ast.expr) -> bool:
    """Whether a receiver is of a class of the tree, such as a test's fake, or a mock of a test."""
    values = [value for value in scan.far.values(file, node) if value != NONE]
    return bool(values) and all(_is_own(scan, value, 0) for value in values)


def _is_own(scan: Scan, value: Value, depth: int) -> bool:
    """Not where a base is foreign, whose parts it has, nor where an annotation alone says what it is."""
    made = value.of if isinstance(value, Part) else value
    if isinstance(made, Made) and isinstance(made.of, Symbol):
        is_test = scan.category(made.file.path) is Category.TEST
        return is_test and made.call is not None and made.of.name.startswith(_STAND_INS)
    kind = made.of if isinstance(made, Made) else made
    if not isinstance(kind, Class) or depth > _DEEPEST:
        return False
    return all(_is_own(scan, base, depth + 1) for base in scan.far.bases(kind))


def _of_other_sdk(scan: Scan, file: Parsed, node: ast.expr) -> bool:
    """Whether a receiver is the client or the module of an SDK that has a rule of its own."""
    for value in scan.near.values(file, node):
        value = value.of if isinstance(value, Part) else value
        value = value.of if isinstance(value, Made) else value
        if isinstance(value, Symbol) and SDKS.of(f"{value.name}.") is not None:
            return True
    return False
