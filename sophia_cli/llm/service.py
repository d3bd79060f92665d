"""The native door: `get_unified_llm_service()` and what can be asked of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Unpack

from sophia_cli.llm.answers import (
    begin,
    describe,
    failed,
    read_form,
    response_of,
    returned,
    texts_of,
    vectors_of,
)
from sophia_cli.llm.call import LLMResponse
from sophia_cli.llm.config import Config
from sophia_cli.llm.drivers import Body, StreamBroken
from sophia_cli.llm.engine import Engine, forget_shared_engine, shared_engine
from sophia_cli.llm.errors import LLMError
from sophia_cli.llm.ledger.store import Ledger
from sophia_cli.llm.options import CallOptions, CompletionOptions, completion_call, embedding_call
from sophia_cli.llm.pipeline import Answer
from sophia_cli.llm.routing import Decision, decide


class TextStream:
    """The text of one streamed answer. Read it to its end or close it: either way it is written down."""

    def __init__(self, answer: Answer, body: Body) -> None:
        self._answer = answer
        self._body = body
        self._parts: list[str] = []
        self._complete = False

    def __iter__(self) -> Iterator[str]:
        for text in self._texts():
            self._parts.append(text)
            yield text
        self._complete = True

    @property
    def response(self) -> LLMResponse:
        """What has come so far, with the figures known by now: complete once the stream is.

        An answer that has not the form that was asked for sets `error`: its text has been passed on.
        """
        response = describe(self._answer, "".join(self._parts))
        return read_form(self._answer, response) if self._complete else response

    def close(self, kind: str = "stopped") -> None:
        """Stop here; `kind` says in the ledger why: `stopped` by choice, or `cancelled`."""
        self._body.close(kind)

    def _texts(self) -> Iterator[str]:
        try:
            yield from begin(self._answer)
            for _ in self._body:
                yield from texts_of(self._answer)
            yield from texts_of(self._answer)  # a last event may end without its blank line
        except StreamBroken as broken:
            raise failed(self._answer, broken.failure) from broken.error


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
            completion_call(self.engine.config, prompt, options, stream=True), keep_events=True
        )
        try:
            for text in begin(answer):
                yield text
            async for _ in body:
                for text in texts_of(answer):
                    yield text
            for text in texts_of(answer):  # a last event may end without its blank line
                yield text
        except StreamBroken as broken:
            raise failed(answer, broken.failure) from broken.error
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
        call = completion_call(self.engine.config, prompt, options, stream=True)
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
            answer, _ = await self.engine.run_async(
                completion_call(self.engine.config, prompt, options, stream=False)
            )
            return response_of(answer)
        except LLMError as error:
            return returned(error, options)

    def complete_response_sync(
        self, prompt: str = "", **options: Unpack[CompletionOptions]
    ) -> LLMResponse:
        """`complete_response` for code without an event loop."""
        try:
            answer, _ = self.engine.run(
                completion_call(self.engine.config, prompt, options, stream=False)
            )
            return response_of(answer)
        except LLMError as error:
            return returned(error, options)

    async def embed(
        self, texts: str | Sequence[str], **options: Unpack[CallOptions]
    ) -> list[list[float]]:
        """One vector for each text, in their order."""
        answer, _ = await self.engine.run_async(embedding_call(self.engine.config, texts, options))
        return vectors_of(answer)

    def embed_sync(
        self, texts: str | Sequence[str], **options: Unpack[CallOptions]
    ) -> list[list[float]]:
        """`embed` for code without an event loop."""
        answer, _ = self.engine.run(embedding_call(self.engine.config, texts, options))
        return vectors_of(answer)

    def decide(self, prompt: str = "", **options: Unpack[CompletionOptions]) -> Decision:
        """The candidates that a completion would be sent to, with reasons. Nothing is sent."""
        # Without an id weights draw nothing: what is shown is the same each time, the heaviest first.
        call = completion_call(self.engine.config, prompt, options, stream=False)
        return decide(replace(call, id=""), self.engine.config, self.engine.outlook())

    def close(self, wait: float = 0.0) -> None:
        """Close connections and the ledger; a later call opens them again.

        Calls under way get `wait` seconds to end by themselves.
        """
        self.engine.close(wait)

    async def aclose(self, wait: float = 0.0) -> None:
        """`close`, with the connections of this event loop."""
        await self.engine.aclose(wait)


def get_unified_llm_service() -> UnifiedLLMService:
    """The service of this process. Made at first use; may also be awaited, which gives the same."""
    return UnifiedLLMService(engine=shared_engine())


def reset_unified_llm_service() -> None:
    """Forget the process's service, so that the next one reads its configuration anew."""
    forget_shared_engine()


def _raising(options: CompletionOptions) -> CompletionOptions:
    """A text cannot say that it is an error, so for texts there is no `on_error="return"`."""
    return {**options, "on_error": "raise"}
