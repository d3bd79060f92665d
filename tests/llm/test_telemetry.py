"""OpenTelemetry: one span and one set of figures a call, read back from the real SDK."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from partners import completion, piece, provider, reply, stream

from sophia_cli.llm import CallFailed, ConfigError, NoRoute, load_config
from sophia_cli.llm.dropin import openai_http_client

SECRET = "prompt-secret"
SPANS = InMemorySpanExporter()
FIGURES = InMemoryMetricReader({Histogram: AggregationTemporality.DELTA})


@pytest.fixture(scope="module", autouse=True)
def sdk() -> Iterator[None]:
    """OpenTelemetry takes one SDK for the life of a process."""
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(SPANS))
    meters = MeterProvider([FIGURES])
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    yield
    tracers.shutdown()
    meters.shutdown()


@pytest.fixture(autouse=True)
def nothing_recorded(sdk: None) -> None:
    SPANS.clear()
    FIGURES.get_metrics_data()


def spans() -> list[Any]:
    """The finished spans of the service; nothing of a prompt, an answer or an error is in them."""
    found = [
        s for s in SPANS.get_finished_spans() if s.instrumentation_scope.name.startswith("sophia")
    ]
    assert all(SECRET not in span.to_json() for span in found)
    return found


def only() -> Any:
    (span,) = spans()
    return span


def figures() -> dict[tuple[str, str], Any]:
    """(Histogram, token type) -> its one data point."""
    data = FIGURES.get_metrics_data()
    found = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
        for point in metric.data.data_points:
            key = (metric.name, point.attributes.get("gen_ai.token.type", ""))
            assert key not in found
            found[key] = point
    return found


DURATION, TOKENS = "gen_ai.client.operation.duration", "gen_ai.client.token.usage"


def attributes(span: Any) -> dict[str, Any]:
    """What a span says, without what differs each time."""
    said = dict(span.attributes)
    assert said.pop("sophia.call_id")
    if "server.port" in said:
        assert 0 < said.pop("server.port") < 65536
    return said


COMMON = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "p",
    "gen_ai.request.model": "m",
    "gen_ai.response.model": "m-2026",
    "server.address": "127.0.0.1",
}
OWN = {
    "gen_ai.usage.input_tokens": 3,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.response.finish_reasons": ("stop",),
    "sophia.attempts": 1,
}


def test_a_call_is_a_span_and_three_figures(scripted: Any, service: Any) -> None:
    opened = service(
        provider("p", scripted(reply(completion(SECRET, model="m-2026"))).url), otel=True
    )
    with trace.get_tracer("application").start_as_current_span("request") as outer:
        answer = opened.complete_response_sync(SECRET)
    span = only()
    assert attributes(span) == COMMON | OWN
    assert span.attributes["sophia.call_id"] == answer.call_id
    assert (span.name, span.kind) == ("chat m", trace.SpanKind.CLIENT)
    assert span.parent.span_id == outer.get_span_context().span_id
    assert outer.start_time <= span.start_time < span.end_time <= outer.end_time
    assert span.status.status_code is trace.StatusCode.UNSET
    found = figures()
    port = {"server.port": span.attributes["server.port"]}
    assert {key: dict(point.attributes) for key, point in found.items()} == {
        (DURATION, ""): COMMON | port,
        (TOKENS, "input"): COMMON | port | {"gen_ai.token.type": "input"},
        (TOKENS, "output"): COMMON | port | {"gen_ai.token.type": "output"},
    }
    assert [found[TOKENS, kind].sum for kind in ("input", "output")] == [3, 2]
    assert found[TOKENS, "input"].explicit_bounds == tuple(4.0**n for n in range(14))
    assert found[DURATION, ""].explicit_bounds[0] == 0.01
    assert found[DURATION, ""].explicit_bounds[-1] == 81.92
    assert found[DURATION, ""].sum == pytest.approx(answer.latency_ms / 1000, rel=0.01)


async def test_a_call_on_a_loop_has_the_parent_of_its_task(scripted: Any, service: Any) -> None:
    opened = service(provider("p", scripted(reply(completion())).url), otel=True)

    async def ask(name: str) -> int:
        with trace.get_tracer("application").start_as_current_span(name) as outer:
            await opened.complete_text(SECRET)
        found: int = outer.get_span_context().span_id
        return found

    parents = await asyncio.gather(*(ask(str(number)) for number in range(4)))
    assert {span.parent.span_id for span in spans()} == set(parents)
    await opened.aclose()


def test_a_stream_ends_with_its_last_piece(scripted: Any, service: Any) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    first = {**piece(SECRET), "model": "m-2026"}
    opened = service(
        provider("p", scripted(stream(first, piece("", "stop"), usage)).url), otel=True
    )
    tracer = trace.get_tracer("application")
    with tracer.start_as_current_span("request") as outer:
        answer = opened.stream_sync("hi")
    with tracer.start_as_current_span("elsewhere"):
        assert "".join(answer) == SECRET
    span = only()
    assert attributes(span) == COMMON | OWN
    assert span.parent.span_id == outer.get_span_context().span_id
    assert span.end_time > outer.end_time


def test_no_parent_is_a_trace_of_its_own(scripted: Any, service: Any) -> None:
    service(provider("p", scripted(reply(completion())).url), otel=True).complete_text_sync("hi")
    assert only().parent is None


def test_a_failure_says_its_kind_and_not_its_words(scripted: Any, service: Any) -> None:
    server = scripted(reply({"error": {"message": SECRET}}, 429))
    opened = service(provider("p", server.url), otel=True)
    with pytest.raises(CallFailed):
        opened.complete_text_sync("hi")
    span = only()
    common = {k: v for k, v in COMMON.items() if k != "gen_ai.response.model"}
    assert attributes(span) == common | {"error.type": "rate_limit", "sophia.attempts": 1}
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, None)
    assert span.events == ()
    ((key, point),) = figures().items()
    assert (key, point.attributes["error.type"]) == ((DURATION, ""), "rate_limit")


def test_a_broken_stream_is_a_failure(scripted: Any, service: Any) -> None:
    opened = service(provider("p", scripted(stream(piece("a"), done=False)).url), otel=True)
    with pytest.raises(CallFailed):
        list(opened.complete_sync("hi"))
    assert attributes(only())["error.type"] == "stream_broken"


def test_a_fallback_is_one_span_of_who_answered(scripted: Any, service: Any) -> None:
    broken, good = scripted(reply(status=503)), scripted(reply(completion(model="m-2026")))
    opened = service(provider("a", broken.url), provider("p", good.url), otel=True)
    opened.complete_text_sync("hi")
    assert attributes(only()) == COMMON | OWN | {"sophia.attempts": 2}
    assert len(figures()) == 3


def test_a_call_that_nobody_may_take(service: Any) -> None:
    opened = service(
        provider("p", "http://127.0.0.1:9"), otel=True, data_classes={"customer": ("other",)}
    )
    with pytest.raises(NoRoute):
        opened.complete_text_sync(SECRET, data_class="customer", model="gpt-5")
    assert attributes(only()) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5",
        "error.type": "no_route",
        "sophia.attempts": 0,
    }


async def test_a_cancelled_call_is_no_failure_of_the_provider(simulated: Any, service: Any) -> None:
    server = simulated(latency=5.0)
    opened = service(provider("p", f"{server.url}/v1"), otel=True)
    task = asyncio.ensure_future(opened.complete_text("hi"))
    while not server.requests:  # noqa: ASYNC110 - the server is on another thread
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    span = only()
    assert attributes(span)["error.type"] == "cancelled"
    assert span.status.status_code is trace.StatusCode.UNSET
    await opened.aclose()


def test_a_stream_that_is_left_by_choice_has_no_error(scripted: Any, service: Any) -> None:
    opened = service(provider("p", scripted(stream(piece("a"), piece("b", "stop"))).url), otel=True)
    answer = opened.stream_sync("hi")
    next(iter(answer))
    answer.close()
    assert "error.type" not in attributes(only())


def test_vectors_and_the_other_doors(
    simulated: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import openai

    monkeypatch.setenv("SOPHIA_OTEL", "on")
    server = simulated()
    http = openai_http_client()
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", http_client=http) as client:
        client.embeddings.create(model="e", input=SECRET)
        client.responses.create(model="gpt-4o", input=SECRET)
        list(client.responses.create(model="gpt-4o", input=SECRET, stream=True))
    names = [(span.name, span.attributes["gen_ai.response.model"]) for span in spans()]
    assert names == [("embeddings e", "e"), ("chat gpt-4o", "gpt-4o"), ("chat gpt-4o", "gpt-4o")]
    assert {span.attributes["gen_ai.provider.name"] for span in spans()} == {"origin"}
    assert {span.attributes["server.address"] for span in spans()} == {"127.0.0.1"}


def test_off_is_off(scripted: Any, service: Any) -> None:
    service(provider("p", scripted(reply(completion())).url)).complete_text_sync("hi")
    assert spans() == [] and figures() == {}
    assert load_config({}).otel is False


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_the_switch_in_the_environment(text: str, value: bool) -> None:
    assert load_config({"SOPHIA_OTEL": text}).otel is value


def test_a_switch_that_is_none() -> None:
    with pytest.raises(ConfigError, match="SOPHIA_OTEL must be true or false, not 'maybe'"):
        load_config({"SOPHIA_OTEL": "maybe"})


def test_without_the_package_one_line_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from sophia_cli.llm import ConfigError, get_unified_llm_service\n"
        "try: get_unified_llm_service()\n"
        "except ConfigError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"SOPHIA_OTEL": "true", "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        'llm.otel is set, and opentelemetry-api is not installed\npip install "sophia-cli[otel]"\n'
    )
