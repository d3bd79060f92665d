"""The native door: `get_unified_llm_service()` and what can be asked of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypedDict, Unpack

from sophia_cli.llm.call import CHAT, EMBEDDINGS, Call, LLMResponse
from sophia_cli.llm.config import Config
from sophia_cli.llm.drivers import Body, StreamBroken
from sophia_cli.llm.engine import Engine, forget_shared_engine, shared_engine
from sophia_cli.llm.errors import CallFailed, LLMError
from sophia_cli.llm.failure import Failure
from sophia_cli.llm.labelling import current_labels, task_of
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.pipeline import Answer
from sophia_cli.llm.routing import Decision, decide
from sophia_cli.llm.usage import delta_of, text_of, tool_calls_of

Messages = Sequence[Mapping[str, Any]]


class CallOptions(TypedDict, total=False):
    """What every call may say beside its prompt."""

    task_type: str
    data_class: str
    model: str
    provider: str
    user: str
    session: str
    service: str
    team: str
    metadata: Mapping[str, Any]
    timeout: float
    extra: Mapping[str, Any]


class CompletionOptions(CallOptions, total=False):
    """What a completion may say: `messages` instead of a prompt, and how the model should answer."""

    messages: Messages
    system: str
    tools: Sequence[Mapping[str, Any]]
    response_format: Mapping[str, Any]
    temperature: float
    max_tokens: int
    stop: str | Sequence[str]
    on_error: Literal["raise", "return"]


# Options that go into the request's body under their own name.
_IN_BODY = ("tools", "response_format", "temperature", "max_tokens", "stop")


class TextStream:
    """The text of one streamed answer. Read it to its end or close it: either way it is written down."""

    def __init__(self, answer: Answer, body: Body) -> None:
        self._answer = answer
        self._body = body
        self._parts: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for text in self._texts():
            self._parts.append(text)
            yield text

    @property
    def response(self) -> LLMResponse:
        """What has come so far, with the figures known by now: complete once the stream is."""
        return _describe(self._answer, "".join(self._parts))

    def close(self, kind: str = "stopped") -> None:
        """Stop here; `kind` says in the ledger why: `stopped` by choice, or `cancelled`."""
        self._body.close(kind)

    def _texts(self) -> Iterator[str]:
        try:
            yield from _begin(self._answer)
            for _ in self._body:
                yield from _texts(self._answer)
            yield from _texts(self._answer)  # a last event may end without its blank line
        except StreamBroken as broken:
            raise _failed(self._answer, broken.failure) from broken.error


class UnifiedLLMService:
    """One service for every LLM call: routed, measured, written to the ledger.

    Every method raises NotConfigured, NoRoute or ConfigError before anything is sent, and CallFailed
    when no candidate answered. `complete_response(..., on_error="return")` gives a response whose
    `error` is set instead.
    """

    def __init__(
        self,
        config: Config | None = None,
        ledger: Ledger | None = None,
        *,
        engine: Engine | None = None,
    ) -> None:
        self.engine = engine or Engine(config, ledger)

    def __await__(self) -> Generator[None, None, UnifiedLLMService]:
        """`await get_unified_llm_service()` is right too, as older services were asynchronous to get."""
        yield from ()
        return self

    async def complete(
        self, prompt: str = "", **options: Unpack[CompletionOptions]
    ) -> AsyncIterator[str]:
        """The answer as it is written, in pieces of text."""
        answer, body = await self.engine.run_async(
            self._completion(prompt, options, stream=True), keep_events=True
        )
        try:
            for text in _begin(answer):
                yield text
            async for _ in body:
                for text in _texts(answer):
                    yield text
            for text in _texts(answer):  # a last event may end without its blank line
                yield text
        except StreamBroken as broken:
            raise _failed(answer, broken.failure) from broken.error
        finally:
            await body.aclose()

    def complete_sync(
        self, prompt: str = "", **options: Unpack[CompletionOptions]
    ) -> Iterator[str]:
        """`complete` for code without an event loop."""
        stream = self.stream_sync(prompt, **options)
        try:
            yield from stream
        finally:
            stream.close()

    def stream_sync(self, prompt: str = "", **options: Unpack[CompletionOptions]) -> TextStream:
        """The answer in pieces, with a `response` that says at the end what it took."""
        call = self._completion(prompt, options, stream=True)
        return TextStream(*self.engine.run(call, keep_events=True))

    async def complete_text(self, prompt: str = "", **options: Unpack[CompletionOptions]) -> str:
        """The answer's text."""
        return (await self.complete_response(prompt, **_raising(options))).content

    def complete_text_sync(self, prompt: str = "", **options: Unpack[CompletionOptions]) -> str:
        """`complete_text` for code without an event loop."""
        return self.complete_response_sync(prompt, **_raising(options)).content

    async def complete_response(
        self, prompt: str = "", **options: Unpack[CompletionOptions]
    ) -> LLMResponse:
        """The answer with who gave it, its tokens, cost and latency."""
        try:
            answer, _ = await self.engine.run_async(self._completion(prompt, options, stream=False))
            return _response(answer)
        except LLMError as error:
            return _returned(error, options)

    def complete_response_sync(
        self, prompt: str = "", **options: Unpack[CompletionOptions]
    ) -> LLMResponse:
        """`complete_response` for code without an event loop."""
        try:
            answer, _ = self.engine.run(self._completion(prompt, options, stream=False))
            return _response(answer)
        except LLMError as error:
            return _returned(error, options)

    async def embed(
        self, texts: str | Sequence[str], **options: Unpack[CallOptions]
    ) -> list[list[float]]:
        """One vector for each text, in their order."""
        answer, _ = await self.engine.run_async(self._embedding(texts, options))
        return _vectors(answer)

    def embed_sync(
        self, texts: str | Sequence[str], **options: Unpack[CallOptions]
    ) -> list[list[float]]:
        """`embed` for code without an event loop."""
        answer, _ = self.engine.run(self._embedding(texts, options))
        return _vectors(answer)

    def decide(self, prompt: str = "", **options: Unpack[CompletionOptions]) -> Decision:
        """The candidates that a completion would be sent to, with reasons. Nothing is sent."""
        # Without an id weights draw nothing: what is shown is the same each time, the heaviest first.
        call = replace(self._completion(prompt, options, stream=False), id="")
        return decide(call, self.engine.config, self.engine.outlook())

    def close(self) -> None:
        """Close connections and the ledger; a later call opens them again."""
        self.engine.close()

    async def aclose(self) -> None:
        """`close`, with the connections of this event loop."""
        await self.engine.aclose()

    def _completion(self, prompt: str, options: CompletionOptions, *, stream: bool) -> Call:
        _check_names(options, CompletionOptions.__annotations__)
        body: dict[str, Any] = {"messages": _messages(prompt, options)}
        body |= {name: options[name] for name in _IN_BODY if options.get(name) is not None}  # type: ignore[literal-required]
        if stream:
            body["stream"] = True
        return self._call(CHAT, body, options, stream=stream)

    def _embedding(self, texts: str | Sequence[str], options: CallOptions) -> Call:
        _check_names(options, CallOptions.__annotations__)
        return self._call(
            EMBEDDINGS, {"input": texts if isinstance(texts, str) else list(texts)}, options
        )

    def _call(
        self, operation: str, body: dict[str, Any], options: CallOptions, *, stream: bool = False
    ) -> Call:
        config = self.engine.config
        found = current_labels(config.service)
        labels = replace(
            found,
            task=task_of(options.get("task_type") or "") or found.task,
            data_class=str(options.get("data_class") or found.data_class),
            service=str(options.get("service") or found.service),
            user=str(options.get("user") or found.user),
            session=str(options.get("session") or found.session),
            team=str(options.get("team") or found.team),
            metadata=options.get("metadata") or found.metadata,
        )
        return Call(
            operation=operation,
            body={**body, **(options.get("extra") or {})},
            labels=labels,
            stream=stream,
            model=options.get("model") or "",
            provider=options.get("provider") or "",
            attempts=config.attempts,
            timeout=options.get("timeout") or config.timeout,
        )


def get_unified_llm_service() -> UnifiedLLMService:
    """The service of this process. Made at first use; may also be awaited, which gives the same."""
    return UnifiedLLMService(engine=shared_engine())


def reset_unified_llm_service() -> None:
    """Forget the process's service, so that the next one reads its configuration anew."""
    forget_shared_engine()


def _raising(options: CompletionOptions) -> CompletionOptions:
    """A text cannot say that it is an error, so for texts there is no `on_error="return"`."""
    return {**options, "on_error": "raise"}


def _check_names(options: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """A misspelt option must not be ignored. Raises TypeError as Python itself would."""
    for name in options:
        if name not in known:
            allowed = ", ".join(known)
            raise TypeError(f"unexpected keyword argument '{name}'; allowed: {allowed}")


def _messages(prompt: str, options: CompletionOptions) -> list[Mapping[str, Any]]:
    messages = list(options.get("messages") or ())
    if options.get("system"):
        messages.insert(0, {"role": "system", "content": options["system"]})
    if prompt:
        messages.append({"role": "user", "content": prompt})
    if not any(message.get("role") != "system" for message in messages):
        raise LLMError("there is nothing to ask: neither a prompt nor messages were given")
    return messages


def _begin(answer: Answer) -> Iterator[str]:
    """The text of an answer that came whole although a stream was asked for."""
    if answer.failure:
        raise _failed(answer, answer.failure)
    if not answer.live and (text := text_of(json.loads(answer.body))):
        yield text


def _texts(answer: Answer) -> Iterator[str]:
    events = answer.scanner.events if answer.scanner else None
    while events:
        if text := delta_of(events.popleft()):
            yield text


def _response(answer: Answer) -> LLMResponse:
    if answer.failure:
        raise _failed(answer, answer.failure)
    reply = json.loads(answer.body)
    response = _describe(answer, text_of(reply))
    model = str(reply.get("model") or response.model)
    return replace(response, model=model, tool_calls=tool_calls_of(reply), raw=reply)


def _describe(answer: Answer, content: str) -> LLMResponse:
    meter = answer.meter
    usage = meter.usage
    return LLMResponse(
        content=content,
        provider=meter.provider,
        model=meter.model,
        cost_usd=None if meter.cost_nano is None else meter.cost_nano / 1e9,
        latency_ms=meter.latency * 1000,
        tokens_in=usage.input if usage else None,
        tokens_out=usage.output if usage else None,
        finish_reason=meter.finish_reason,
        call_id=meter.call.id,
        simulated=meter.simulated,
    )


def _returned(error: LLMError, options: CompletionOptions) -> LLMResponse:
    """The error as a response, for code whose old service never raised."""
    if options.get("on_error", "raise") != "return":
        raise error
    call_id = error.call_id if isinstance(error, CallFailed) else ""
    provider = error.provider if isinstance(error, CallFailed) else ""
    return LLMResponse(content="", provider=provider, call_id=call_id, error=error.message)


def _vectors(answer: Answer) -> list[list[float]]:
    if answer.failure:
        raise _failed(answer, answer.failure)
    rows = json.loads(answer.body).get("data", [])
    return [row["embedding"] for row in sorted(rows, key=lambda row: row.get("index", 0))]


def _failed(answer: Answer, failure: Failure) -> CallFailed:
    from sophia_cli.llm.explain import explain

    meter = answer.meter
    message, mend = explain(failure, meter.provider, meter.config)
    return CallFailed(
        message,
        mend,
        kind=failure.kind,
        status=failure.status,
        provider=meter.provider,
        attempts=meter.attempts,
        call_id=meter.call.id,
    )
