"""The functions that litellm's users know, over the same service: `completion`, `embedding` and their async twins.

    reply = completion("openrouter/openai/gpt-5.2", [{"role": "user", "content": "Hello"}])
    reply.choices[0].message.content

Arguments are named as litellm names them; one that cannot be honoured is a TypeError that says what
to do instead. Errors are those of `sophia_cli.llm`: NotConfigured, NoRoute, CallFailed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Literal, overload

from sophia_cli.llm.answers import events_of, failed, response_of
from sophia_cli.llm.call import Call, LLMResponse
from sophia_cli.llm.config import Config
from sophia_cli.llm.drivers import AsyncBody, Body, StreamBroken
from sophia_cli.llm.engine import shared_engine
from sophia_cli.llm.options import Messages, completion_call, embedding_call
from sophia_cli.llm.pipeline import Answer

_ROUTES = "write it into [routes] or [models] of sophia.toml"
_ENDPOINT = "configure [providers.NAME] in sophia.toml and name the model NAME/model"
_TRIES = "set llm.attempts (SOPHIA_LLM_ATTEMPTS)"
_HEADERS = "headers are the service's own; labels are arguments: user, session, metadata"
_SIMULATE = "configure [providers.simulator] in sophia.toml and name the model simulator/small"
_TOOLS = "say tools and tool_choice"
_INSTEAD = {
    "api_key": "export the provider's key, or name its variable: api_key_env in sophia.toml",
    "api_base": _ENDPOINT,
    "base_url": _ENDPOINT,
    "api_version": _ENDPOINT,
    "organization": _ENDPOINT,
    "deployment_id": _ENDPOINT,
    "custom_llm_provider": "name the model provider/model",
    "model_list": _ROUTES,
    "fallbacks": _ROUTES,
    "context_window_fallback_dict": _ROUTES,
    "num_retries": _TRIES,
    "max_retries": _TRIES,
    "mock_response": _SIMULATE,
    "mock_tool_calls": _SIMULATE,
    "caching": "see [cache] in sophia.toml",
    "cache": "see [cache] in sophia.toml",
    "headers": _HEADERS,
    "extra_headers": _HEADERS,
    "functions": _TOOLS,
    "function_call": _TOOLS,
    "input_cost_per_token": "write [prices] in sophia.toml",
    "output_cost_per_token": "write [prices] in sophia.toml",
    "success_callback": "read the ledger, or set llm.otel",
    "failure_callback": "read the ledger, or set llm.otel",
    "logger_fn": "read the ledger, or set llm.otel",
    "drop_params": "leave out what the model does not take",
    "client": "give the vendor's client openai_http_client() instead",
}
# What goes into the request's body under its own name and is no option of the native door.
_EXTRAS = (
    "n",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "parallel_tool_calls",
    "reasoning_effort",
    "stream_options",
    "modalities",
    "prediction",
    "audio",
    "service_tier",
    "verbosity",
)
_OPTIONS = (
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "seed",
    "tools",
    "tool_choice",
    "response_format",
)
_LABELS = ("user", "metadata", "timeout", "task_type", "data_class", "service", "team", "session")
# litellm's name for a provider that is called otherwise here.
_OTHER_NAMES = {"snowflake": "cortex"}
# What litellm's messages have also where the provider's do not.
_IN_MESSAGE = ("content", "role", "tool_calls", "function_call")


class Record(dict[str, Any]):
    """A JSON object whose members are attributes too, all the way down."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__({name: _recorded(value) for name, value in members.items()})

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the answer has no '{name}'; it has: {', '.join(self)}") from None

    def model_dump(self) -> dict[str, Any]:
        """The members as plain dictionaries and lists."""
        plain: dict[str, Any] = _plain(self)
        return plain

    def model_dump_json(self) -> str:
        """The members as JSON."""
        return json.dumps(self)


class Reply(Record):
    """A complete answer in OpenAI's shape. `measured` is what the service knows of it: cost, provider, call id."""

    measured: LLMResponse

    def __init__(self, members: Mapping[str, Any], measured: LLMResponse) -> None:
        super().__init__(members)
        self.measured = measured


class Chunks:
    """The chunks of a streamed answer. Read them to the end, or close: either way it is written down."""

    def __init__(self, answer: Answer, body: Body, usage: bool) -> None:
        self._body = body
        self._chunks = self._read(answer, usage)

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        return next(self._chunks)

    def close(self) -> None:
        """Stop here."""
        self._body.close()

    def _read(self, answer: Answer, usage: bool) -> Iterator[Record]:
        try:
            yield from _first_chunks(answer)
            for _ in self._body:
                yield from _chunks_of(answer, usage)
            yield from _chunks_of(answer, usage)
        except StreamBroken as broken:
            raise failed(answer, broken.failure) from broken.error
        finally:
            self._body.close()


class AsyncChunks:
    """The same on an event loop."""

    def __init__(self, answer: Answer, body: AsyncBody, usage: bool) -> None:
        self._body = body
        self._chunks = self._read(answer, usage)

    def __aiter__(self) -> AsyncIterator[Record]:
        return self

    async def __anext__(self) -> Record:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """Stop here."""
        await self._body.aclose()

    async def _read(self, answer: Answer, usage: bool) -> AsyncIterator[Record]:
        try:
            for chunk in _first_chunks(answer):
                yield chunk
            async for _ in self._body:
                for chunk in _chunks_of(answer, usage):
                    yield chunk
            for chunk in _chunks_of(answer, usage):
                yield chunk
        except StreamBroken as broken:
            raise failed(answer, broken.failure) from broken.error
        finally:
            await self._body.aclose()


@overload
def completion(
    model: str, messages: Messages, *, stream: Literal[True], **options: Any
) -> Chunks: ...
@overload
def completion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Any
) -> Reply: ...
def completion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Any
) -> Reply | Chunks:
    """One chat completion, or its chunks. Raises TypeError for an argument that cannot be honoured."""
    engine = shared_engine()
    call = _completion_call(engine.config, "completion", model, messages, bool(stream), options)
    answer, body = engine.run(call, keep_events=call.stream)
    return Chunks(answer, body, _wants_usage(call)) if call.stream else _reply(answer)


@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[True], **options: Any
) -> AsyncChunks: ...
@overload
async def acompletion(
    model: str, messages: Messages, *, stream: Literal[False] | None = None, **options: Any
) -> Reply: ...
async def acompletion(
    model: str, messages: Messages, *, stream: bool | None = None, **options: Any
) -> Reply | AsyncChunks:
    """`completion` on an event loop."""
    engine = shared_engine()
    call = _completion_call(engine.config, "acompletion", model, messages, bool(stream), options)
    answer, body = await engine.run_async(call, keep_events=call.stream)
    return AsyncChunks(answer, body, _wants_usage(call)) if call.stream else _reply(answer)


def embedding(model: str, input: str | Sequence[str], **options: Any) -> Reply:
    """One vector for each text: `reply.data[0].embedding`."""
    engine = shared_engine()
    answer, _ = engine.run(_embedding_call(engine.config, "embedding", model, input, options))
    return _reply(answer)


async def aembedding(model: str, input: str | Sequence[str], **options: Any) -> Reply:
    """`embedding` on an event loop."""
    engine = shared_engine()
    call = _embedding_call(engine.config, "aembedding", model, input, options)
    answer, _ = await engine.run_async(call)
    return _reply(answer)


def _completion_call(
    config: Config,
    name: str,
    model: str,
    messages: Messages,
    stream: bool,
    options: Mapping[str, Any],
) -> Call:
    given = _given(name, options, (*_OPTIONS, *_LABELS), _EXTRAS)
    given |= {"model": _our_name(model, config), "messages": messages}
    return completion_call(config, "", given, stream=stream)  # type: ignore[arg-type]


def _embedding_call(
    config: Config,
    name: str,
    model: str,
    texts: str | Sequence[str],
    options: Mapping[str, Any],
) -> Call:
    if options.get("encoding_format", "float") != "float":
        raise TypeError(f"{name}(): encoding_format can only be 'float'")
    given = _given(name, options, _LABELS, ("dimensions", "encoding_format"))
    given["model"] = _our_name(model, config)
    return embedding_call(config, texts, given)  # type: ignore[arg-type]


def _given(
    name: str, options: Mapping[str, Any], known: Sequence[str], extras: Sequence[str]
) -> dict[str, Any]:
    """The options that say something, as those of the native door. None says nothing, as with litellm."""
    said = {key: value for key, value in options.items() if value is not None}
    for key in said:
        if key in _INSTEAD:
            raise TypeError(f"{name}() cannot honour '{key}'; {_INSTEAD[key]}")
        if key not in known and key not in extras:
            allowed = ", ".join((*known, *extras))
            raise TypeError(f"{name}() knows no argument '{key}'; allowed: {allowed}")
    given = {key: value for key, value in said.items() if key in known}
    given["extra"] = {key: value for key, value in said.items() if key in extras}
    return given


def _our_name(model: str, config: Config) -> str:
    name, slash, rest = model.partition("/")
    known = name in config.providers or not slash
    return model if known else f"{_OTHER_NAMES.get(name, name)}/{rest}"


def _wants_usage(call: Call) -> bool:
    return bool((call.body.get("stream_options") or {}).get("include_usage"))


def _reply(answer: Answer) -> Reply:
    measured = response_of(answer)
    return Reply({"usage": None, **_with_choices(measured.raw, "message")}, measured)


def _first_chunks(answer: Answer) -> Iterator[Record]:
    """The one chunk of an answer that came whole although a stream was asked for."""
    if answer.failure:
        raise failed(answer, answer.failure)
    if not answer.live:
        reply = json.loads(answer.body)
        choices = [
            {("delta" if name == "message" else name): value for name, value in choice.items()}
            for choice in reply["choices"]
            if isinstance(choice, dict)
        ]
        yield _chunk({**reply, "object": "chat.completion.chunk", "choices": choices})


def _chunks_of(answer: Answer, usage: bool) -> Iterator[Record]:
    """The chunks that have come since; the one with nothing but usage only where it was asked for."""
    return (_chunk(event) for event in events_of(answer) if usage or event.get("choices"))


def _chunk(event: Mapping[str, Any]) -> Record:
    return Record(_with_choices(event, "delta"))


def _with_choices(reply: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    """A reply whose messages have every member that litellm's have."""
    choices = reply.get("choices")
    if not isinstance(choices, list):
        return reply
    return {**reply, "choices": [_filled(choice, member) for choice in choices]}


def _filled(choice: Any, member: str) -> Any:
    if not isinstance(choice, Mapping):
        return choice
    message = choice.get(member)
    empty = dict.fromkeys(_IN_MESSAGE)
    full = {**empty, **message} if isinstance(message, Mapping) else empty
    return {"finish_reason": None, **choice, member: full}


def _recorded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Record(value)
    return [_recorded(item) for item in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
