"""Requests to a provider's host without an SDK: told with host, path, model and whether they stream."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from sophia_cli.migrate.hosts import path_of, provider_at, reads_like_one
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Category, Reason, Use, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.text import HOLE, text_of
from sophia_cli.migrate.use import result_of, streams
from sophia_cli.migrate.value import Made, Symbol, Value

_LIBRARIES = ("requests", "httpx", "httpx2", "aiohttp", "urllib", "urllib3", "http")
# The place of the address among the arguments, by what is called.
_ADDRESS = {
    **dict.fromkeys(("post", "put", "patch", "urlopen", "Request"), 0),
    **dict.fromkeys(("HTTPSConnection", "HTTPConnection"), 0),
    **dict.fromkeys(("request", "stream", "build_request"), 1),
    **dict.fromkeys(("connect_sse", "aconnect_sse"), 2),
}
_EVENTS = frozenset({"connect_sse", "aconnect_sse"})
_READING = frozenset({"get", "head", "options", "delete"})
_CONNECTIONS = frozenset({"HTTPSConnection", "HTTPConnection"})
_NEEDS_BODY = frozenset({"urlopen", "Request"})
_BODIES = frozenset({"json", "data", "content", "body", "payload"})
_DEPTH = 4  # of names and calls around a body
REASON = Reason("raw-http", "raw HTTP to a provider: call the service in its place")
HIDDEN = Reason("raw-http", "raw HTTP to where a model answers: call the service in its place")


def find(scan: Scan) -> None:
    """Add a site for each request that sends something to a provider's host."""
    for file in scan.files:
        for call in file.table.calls_of(_ADDRESS.keys()):
            _request(scan, file, call)


def _request(scan: Scan, file: Parsed, call: ast.Call) -> None:
    name = last(call.func)
    library = _library(scan, file, call)
    if library is None or (not library and not _plainly(scan, file, call, name)):
        return
    verb = _verb(scan, file, call, name)
    if verb.lower() in _READING:
        return
    address = _address(scan, file, call, _ADDRESS[name])
    provider, body = provider_at(address), _body(scan, file, call)
    hidden = not provider and reads_like_one(address, {*body, *_headers(file, call)})
    if not (provider or hidden):
        return
    if name in _NEEDS_BODY and not _has_body(call) and verb != "POST":
        return
    reason = HIDDEN if hidden else REASON
    found = Found("raw_http", Verdict.REPORT, reason, "http", f"{verb} {path_of(address) or HOLE}")
    awaited = isinstance(file.table.parents[call], ast.Await | ast.withitem)
    is_async = library.endswith("aiohttp") or "Async" in library or None
    site_at(
        scan,
        file,
        call,
        replace(
            found,
            is_async=is_async or (_is_async(file, call) if awaited or not library else False),
            model=text_of(scan.near, file, body.get("model")),
            endpoint=provider,
            use=Use(
                _streaming(name, body, call),
                any(tool in body for tool in ("tools", "functions")),
                result_of(file, call),
            ),
        ),
    )


def _is_async(file: Parsed, call: ast.Call) -> bool:
    parent = file.table.parents[call]
    if isinstance(parent, ast.withitem):
        return isinstance(file.table.parents[parent], ast.AsyncWith)
    return isinstance(parent, ast.Await)


def _library(scan: Scan, file: Parsed, call: ast.Call) -> str | None:
    """The HTTP library's name for what is called; "" where it is not known, None for anything else."""
    unknown = False
    for value in _callees(scan, file, call):
        if isinstance(value, Symbol):
            if value.name.partition(".")[0] in _LIBRARIES:
                return value.name
        elif not isinstance(value, Made):
            unknown = True
    return "" if unknown else None


def _callees(scan: Scan, file: Parsed, call: ast.Call) -> list[Value]:
    """What is called: a function, or the class of the session whose method it is."""
    if isinstance(call.func, ast.Attribute):
        found: list[Value] = []
        for value in scan.near.values(file, call.func.value):
            if isinstance(value, Made) and isinstance(value.of, Symbol):
                found.append(value.of)
            elif isinstance(value, Symbol):
                found.append(Symbol(f"{value.name}.{call.func.attr}"))
            else:
                found.append(value)
        return found
    return list(scan.near.values(file, call.func))


def _plainly(scan: Scan, file: Parsed, call: ast.Call, name: str) -> bool:
    """Whether a request on something unknown reads like one; a test's stand-in does too."""
    if not isinstance(call.func, ast.Attribute) or name in _NEEDS_BODY | _CONNECTIONS:
        return False
    if scan.category(file.path) is Category.TEST:
        return False
    return _has_body(call) or any(keyword.arg == "headers" for keyword in call.keywords)


def _has_body(call: ast.Call) -> bool:
    given = {keyword.arg for keyword in call.keywords}
    return bool(given & _BODIES) or (last(call.func) in _NEEDS_BODY and len(call.args) > 1)


def _verb(scan: Scan, file: Parsed, call: ast.Call, name: str) -> str:
    """The method in capitals; the name of the call where it is not known."""
    if name in _CONNECTIONS:
        return "CONNECT"
    if name in ("post", "put", "patch"):
        return name.upper()
    given = next((k.value for k in call.keywords if k.arg == "method"), None)
    place = _ADDRESS[name] - 1
    if given is None and 0 <= place < len(call.args):
        given = call.args[place]
    return (text_of(scan.near, file, given) or ("POST" if _has_body(call) else name)).upper()


def _address(scan: Scan, file: Parsed, call: ast.Call, place: int) -> str:
    """The URL, with the one that its client was made with in front where it is only a path."""
    given = next((k.value for k in call.keywords if k.arg in ("url", "host")), None)
    if given is None and len(call.args) > place:
        given = call.args[place]
    address = text_of(scan.near, file, given) or ""
    if address.lower().startswith("http") or not isinstance(call.func, ast.Attribute):
        return address
    for value in scan.near.values(file, call.func.value):
        made = value.call if isinstance(value, Made) else None
        base = next((k.value for k in made.keywords if k.arg == "base_url"), None) if made else None
        front = text_of(scan.near, value.file, base) if isinstance(value, Made) else None
        if front and not address.startswith(HOLE):
            return f"{front.rstrip('/')}/{address.lstrip('/')}"
    return address


def _body(scan: Scan, file: Parsed, call: ast.Call) -> dict[str, ast.expr]:
    """The fields of a body that is written as a dict, here or where its name is bound."""
    given = next((k.value for k in call.keywords if k.arg in _BODIES), None)
    return fields_of(file, given) if given is not None else {}


def _headers(file: Parsed, call: ast.Call) -> Iterator[str]:
    """The headers that are written as a dict, in lower case."""
    given = next((k.value for k in call.keywords if k.arg == "headers"), None)
    if given is not None:
        yield from (name.lower() for name in fields_of(file, given))


def fields_of(file: Parsed, node: ast.expr, depth: int = 0) -> dict[str, ast.expr]:
    """The fields of a dict, also of one that is bound to a name once, or turned into text."""
    if depth > _DEPTH:
        return {}
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="encode")):
            return fields_of(file, inner, depth + 1)
        case ast.Call(args=[inner, *_]) if last(node.func) == "dumps":
            return fields_of(file, inner, depth + 1)
        case ast.Call(func=ast.Name(id="dict")):
            front = fields_of(file, node.args[0], depth + 1) if node.args else {}
            return {**front, **{k.arg: k.value for k in node.keywords if k.arg}}
        case ast.Name():
            found = file.table.scopes[node].lookup(node.id)
            value = found[1][0].value if found and len(found[1]) == 1 else None
            return fields_of(file, value, depth + 1) if value is not None else {}
        case ast.Dict():
            return {
                key.value: value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
    return {}


def _streaming(name: str, body: dict[str, ast.expr], call: ast.Call) -> bool | None:
    if name in _EVENTS:
        return True
    if body:
        return streams(body)
    return True if name == "stream" else None
