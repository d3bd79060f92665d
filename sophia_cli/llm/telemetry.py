"""OpenTelemetry's GenAI spans and metrics, where `llm.otel` is set: one span and one set of figures a call.

Names, buckets and units are those of the semantic conventions for generative AI (status Development).
No text of a prompt, an answer or an error is ever part of them. What becomes of spans and figures is
the application's affair: it sets up OpenTelemetry's SDK, or nothing is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from sophia_cli.llm.call import CHAT, MESSAGES, RESPONSES, Call
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.ledger.record import ERROR, Final
from sophia_cli.llm.routing import keeps_origin

_SCOPE = "sophia_cli.llm"
# Three formats, one operation.
_OPERATIONS = {CHAT: "chat", MESSAGES: "chat", RESPONSES: "chat"}
_TOKENS = [4**power for power in range(14)]  # 1 to 67,108,864
_SECONDS = [0.01 * 2**power for power in range(14)]  # 10 ms to 82 s


def check() -> None:
    """Raise ConfigError when OpenTelemetry's API is not installed."""
    try:
        import opentelemetry.metrics
        import opentelemetry.trace  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(
            "llm.otel is set, and opentelemetry-api is not installed",
            'pip install "sophia-cli[otel]"',
        ) from error


class Trace:
    """The telemetry of one call. Made where the call begins: the span's parent is the one that is open there."""

    def __init__(self, call: Call, config: Config) -> None:
        from opentelemetry import context

        self._call = call
        self._config = config
        self._parent = context.get_current()
        self._began = time.time_ns()

    def end(self, final: Final, answered: str) -> None:
        """The call is over. `answered` is the model that the answer names."""
        from opentelemetry import trace

        tracer, tokens, duration = _instruments()
        call = self._call
        operation = _OPERATIONS.get(call.operation, call.operation)
        model = call.model or final.model
        common = _said(
            {
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": final.provider,
                "gen_ai.request.model": model,
                "gen_ai.response.model": answered,
                "error.type": "" if final.error_kind == "stopped" else final.error_kind,
                **self._server(final.provider),
            }
        )
        own = _said(
            {
                "gen_ai.usage.input_tokens": final.tokens_in,
                "gen_ai.usage.output_tokens": final.tokens_out,
                "gen_ai.response.finish_reasons": final.finish_reason and [final.finish_reason],
                "sophia.call_id": final.id,
                "sophia.attempts": len(final.attempts),
            }
        )
        span = tracer.start_span(
            f"{operation} {model}".strip(),
            context=self._parent,
            kind=trace.SpanKind.CLIENT,
            attributes={**common, **own},
            start_time=self._began,
        )
        if final.outcome == ERROR:
            span.set_status(trace.StatusCode.ERROR)
        span.end()
        within = trace.set_span_in_context(span, self._parent)  # for exemplars
        duration.record(final.latency_us / 1e6, common, within)
        for kind, count in (("input", final.tokens_in), ("output", final.tokens_out)):
            if count is not None:
                tokens.record(count, {**common, "gen_ai.token.type": kind}, within)

    def _server(self, provider: str) -> dict[str, Any]:
        """Whom the call went to last."""
        call, known = self._call, self._config.providers.get(provider)
        if not provider:
            return {}
        if call.origin and keeps_origin(call, self._config):
            address = call.origin.url
        else:
            address = known.base_url if known else ""
        try:
            parts = urlsplit(address)
            return {"server.address": parts.hostname, "server.port": parts.port}
        except ValueError:  # no port of this world
            return {}


@cache
def _instruments() -> tuple[Any, Any, Any]:
    """The tracer and the two histograms; they go to the SDK that is set up, even if that is done later."""
    from opentelemetry import metrics, trace

    meter = metrics.get_meter(_SCOPE)
    tokens = meter.create_histogram(
        "gen_ai.client.token.usage",
        unit="{token}",
        description="Number of input and output tokens used.",
        explicit_bucket_boundaries_advisory=_TOKENS,
    )
    duration = meter.create_histogram(
        "gen_ai.client.operation.duration",
        unit="s",
        description="GenAI operation duration.",
        explicit_bucket_boundaries_advisory=_SECONDS,
    )
    return trace.get_tracer(_SCOPE), tokens, duration


def _said(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that say something: an empty text and None do not."""
    return {name: value for name, value in attributes.items() if value not in ("", None)}
