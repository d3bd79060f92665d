"""The drop-in door: a vendor's own client over our transport.

`OpenAI(http_client=openai_http_client())` keeps every type, exception, retry and helper of the
vendor; only its requests pass through the engine. openai 3 and anthropic 2 are built on httpx2, older
ones on httpx: the client is made of whichever library the vendor's package itself uses.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sophia_cli.llm.call import CHAT, EMBEDDINGS, MESSAGES, OTHER, RESPONSES, Call, Origin
from sophia_cli.llm.config import Config, load_config
from sophia_cli.llm.connections.library import library as open_library
from sophia_cli.llm.drivers import AsyncBody, Body, StreamBroken
from sophia_cli.llm.engine import shared_engine
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.labelling import HEADERS, labels_from
from sophia_cli.llm.pipeline import Answer

if TYPE_CHECKING:
    pass

_OPERATIONS = (
    ("/chat/completions", CHAT),
    ("/embeddings", EMBEDDINGS),
    ("/messages", MESSAGES),
    ("/responses", RESPONSES),
)
# What such a response refers to, or who asks for it later, is to be found at the vendor's account alone.
_KEPT_THERE = ("background", "conversation", "prompt")
_HOSTS = (
    ("api.openai.com", "openai"),
    ("api.anthropic.com", "anthropic"),
    ("openrouter.ai", "openrouter"),
    ("api.portkey.ai", "portkey"),
    ("snowflakecomputing.com", "cortex"),
)
# The body is handed on unpacked and in other pieces than it came.
_NOT_RETURNED = ("content-encoding", "content-length", "transfer-encoding", "connection")


def openai_http_client() -> Any:
    """For `OpenAI(http_client=...)`. Raises ModuleNotFoundError when openai is not installed."""
    return _client("openai", "DefaultHttpxClient", _sync_transport)


def openai_async_http_client() -> Any:
    """For `AsyncOpenAI(http_client=...)`."""
    return _client("openai", "DefaultAsyncHttpxClient", _async_transport)


def portkey_http_client() -> Any:
    """For `Portkey(http_client=...)`. What it asks of Portkey besides models goes to `portkey_ai.base_url`."""
    return _portkey_client("DefaultHttpxClient", _sync_transport)


def portkey_async_http_client() -> Any:
    """For `AsyncPortkey(http_client=...)`."""
    return _portkey_client("DefaultAsyncHttpxClient", _async_transport)


def langchain_openai_clients() -> dict[str, Any]:
    """For `ChatOpenAI(**langchain_openai_clients())` and `OpenAIEmbeddings`: it takes one client for each way to wait."""
    return {
        "http_client": openai_http_client(),
        "http_async_client": openai_async_http_client(),
    }


def anthropic_http_client() -> Any:
    """For `Anthropic(http_client=...)`. Raises ModuleNotFoundError when anthropic is not installed."""
    return _client("anthropic", "DefaultHttpxClient", _sync_transport)


def anthropic_async_http_client() -> Any:
    """For `AsyncAnthropic(http_client=...)`."""
    return _client("anthropic", "DefaultAsyncHttpxClient", _async_transport)


def _client(package: str, name: str, transport: Any) -> Any:
    return _over(getattr(import_module(package), name), transport)


def _portkey_client(name: str, transport: Any) -> Any:
    """It has a copy of openai in it; some of its own requests name a path alone."""
    portkey = import_module("portkey_ai")
    headers = {"accept": "application/json"}
    return _over(
        getattr(portkey.openai, name), transport, base_url=portkey.base_url, headers=headers
    )


def _over(vendor_class: type, transport: Any, **options: Any) -> Any:
    """A client of that class whose requests pass through the engine."""
    with suppress(LLMError):  # a call says what is wrong with the configuration
        # Vendors look among the imported modules: none of them may be half imported by another thread.
        open_library(load_config().http)
    library = next(
        base.__module__ for base in vendor_class.__mro__ if base.__module__.startswith("httpx")
    )
    return vendor_class(transport=transport(library.partition(".")[0]), **options)


@cache
def _sync_classes(library: str) -> tuple[type, type]:
    """Transport and stream as subclasses of that library's own, as it checks for them."""
    http = import_module(library)

    class Stream(http.SyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, body: Body, request: Any) -> None:
            self._body, self._request = body, request

        def __iter__(self) -> Iterator[bytes]:
            try:
                yield from self._body
            except StreamBroken as broken:
                _raise_broken(http, broken, self._request)

        def close(self) -> None:
            self._body.close()

    class Transport(http.BaseTransport):  # type: ignore[misc, name-defined]
        def handle_request(self, request: Any) -> Any:
            try:
                engine = shared_engine()
                answer, body = engine.run(_call(request, request.read(), engine.config))
            except LLMError as error:
                return _refusal(http, request, error)
            return _reply(http, request, answer, Stream(body, request))

    return Transport, Stream


@cache
def _async_classes(library: str) -> tuple[type, type]:
    http = import_module(library)

    class Stream(http.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, body: AsyncBody, request: Any) -> None:
            self._body, self._request = body, request

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._body:
                    yield chunk
            except StreamBroken as broken:
                _raise_broken(http, broken, self._request)

        async def aclose(self) -> None:
            await self._body.aclose()

    class Transport(http.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        async def handle_async_request(self, request: Any) -> Any:
            try:
                engine = shared_engine()
                call = _call(request, await request.aread(), engine.config)
                answer, body = await engine.run_async(call)
            except LLMError as error:
                return _refusal(http, request, error)
            return _reply(http, request, answer, Stream(body, request))

    return Transport, Stream


def _sync_transport(library: str) -> Any:
    return _sync_classes(library)[0]()


def _async_transport(library: str) -> Any:
    return _async_classes(library)[0]()


def _call(request: Any, raw: bytes, config: Config) -> Call:
    """A vendor's request as a call. One attempt for each candidate: the vendor's client retries by itself."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    labels = labels_from(headers, config.service)
    url = str(request.url)
    body = _parse(raw) if request.method == "POST" else None
    operation = _operation(urlsplit(url).path, body) if body is not None else OTHER
    kept = {name: value for name, value in headers.items() if name not in HEADERS}
    body = body or {}
    return Call(
        operation=operation,
        body=body,
        labels=labels,
        door="dropin",
        raw=raw,
        stream=bool(body.get("stream")),
        model=str(body.get("model") or ""),
        origin=Origin(_provider_of(url), request.method, url, kept),
        attempts=1,
        timeout=request.extensions.get("timeout"),
        deadline=config.deadline,
    )


def _reply(http: ModuleType, request: Any, answer: Answer, stream: Any) -> Any:
    if answer.failure and not answer.head.status:
        raise _as_theirs(http, answer.error, answer.failure.message, request)
    headers = [(name, value) for name, value in answer.head.headers if name not in _NOT_RETURNED]
    if length := _length(answer):
        headers.append(("content-length", length))
    headers.append(("x-sophia-call-id", answer.meter.call.id))
    headers.append(("x-sophia-provider", answer.meter.provider))
    return http.Response(answer.head.status, headers=headers, stream=stream, request=request)


def _length(answer: Answer) -> str:
    """How long the body will be as it is handed on; empty where that is not known."""
    announced = answer.head.get("content-length")
    if not announced or answer.head.get("content-encoding") or answer.scanner:
        return ""
    return announced if answer.live or answer.error else str(len(answer.body))


def _refusal(http: ModuleType, request: Any, error: LLMError) -> Any:
    """A call that may not be sent, as an HTTP answer that the vendor's client turns into its own exception."""
    words = f"{error.message}\n{error.mend}".strip()
    body = {
        "type": "error",
        "error": {"type": f"sophia_{error.kind}", "message": words, "code": error.kind},
    }
    # Without this header the client would ask twice more.
    return http.Response(403, headers={"x-should-retry": "false"}, json=body, request=request)


def _raise_broken(http: ModuleType, broken: StreamBroken, request: Any) -> None:
    """A connection that broke is raised as the vendor's library would; an error event has been passed on."""
    if broken.error is not None:
        raise _as_theirs(http, broken.error, str(broken.error), request)


def _as_theirs(http: ModuleType, error: Exception | None, message: str, request: Any) -> Exception:
    """The same error out of the library that the vendor's client catches, about the vendor's own request."""
    raised: Exception
    if isinstance(error, http.RequestError):
        raised = error
        error.request = request
        return raised
    found = getattr(http, type(error).__name__, None)
    if not (isinstance(found, type) and issubclass(found, http.RequestError)):
        found = http.ConnectError
    raised = found(message, request=request)
    raised.__cause__ = error.__cause__ or error if error is not None else None
    return raised


def _operation(path: str, body: Mapping[str, Any]) -> str:
    if "/threads/" in path:  # an assistant's thread is kept by the vendor, its messages with it
        return OTHER
    found = next((operation for end, operation in _OPERATIONS if path.endswith(end)), OTHER)
    kept = found == RESPONSES and any(body.get(name) for name in _KEPT_THERE)
    return OTHER if kept else found


def _provider_of(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return next((name for end, name in _HOSTS if f".{host}".endswith(f".{end}")), "origin")


def _parse(raw: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
