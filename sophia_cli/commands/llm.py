"""`sophia llm`: the service, by hand."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output

app = typer.Typer(
    help="The service that every LLM call goes through.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; also read from a pipe.")] = "",
    task: Annotated[str, typer.Option(help="What it is for, such as document_summary.")] = "",
    data_class: Annotated[
        str, typer.Option(help="Class of the data in it, from [data_classes].")
    ] = "",
    model: Annotated[str, typer.Option(help="A model, or provider/model.")] = "",
    provider: Annotated[str, typer.Option(help="Only this provider.")] = "",
    system: Annotated[str, typer.Option(help="Instructions that go before the question.")] = "",
    file: Annotated[
        list[Path] | None, typer.Option(help="A text file to ask about; may be repeated.")
    ] = None,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Show the answer when it is complete.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the route before the call.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Ask one question and see what it cost.

    Example:  sophia llm ask "Summarise this contract" --file contract.md --task document_summary
    """
    from sophia_cli.ask import choose, read_prompt
    from sophia_cli.llm.config import load_config
    from sophia_cli.llm.service import UnifiedLLMService

    output = Output(as_json=as_json, quiet=quiet)
    piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    question = read_prompt(prompt, file or [], piped)
    named = bool(provider or data_class or "/" in model)
    choice = choose(load_config(start=root), os.environ, fall_back=not named)
    service = UnifiedLLMService(choice.config)
    options: dict[str, Any] = {
        "task_type": task,
        "data_class": data_class,
        "model": model,
        "provider": provider,
        "system": system,
    }
    if choice.note:
        output.note(choice.note)
    route = service.decide(question, **options)
    if explain and not as_json:
        _show_route(output, route)
    try:
        response = _answer(service, question, options, output, whole=no_stream or as_json)
    finally:
        service.close()
    data = {
        **asdict(response),
        "unpriced": response.cost_usd is None,
        "route": [asdict(v) for v in route.verdicts],
    }
    output.envelope("llm ask", data)
    output.note(_summary(response))
    if service.engine.ledger.problem:
        output.note(service.engine.ledger.problem)
    if choice.next_step:
        output.note(f"  {choice.next_step}")


def _answer(
    service: Any, question: str, options: dict[str, Any], output: Output, *, whole: bool
) -> Any:
    if whole:
        response = service.complete_response_sync(question, **options)
        output.line(response.content)
        return response
    stream = service.stream_sync(question, **options)
    try:
        for text in stream:
            output.stream(text)
    except KeyboardInterrupt:
        stream.close("cancelled")
        output.stream("\n")
        output.note(f"cancelled · {_summary(stream.response)}")
        raise
    finally:
        stream.close()
    output.stream("\n")
    return stream.response


def _show_route(output: Output, route: Any) -> None:
    rows, taken = [], 0
    for verdict in route.verdicts:
        place = f"{'then' if taken else 'first'}: " if verdict.taken else "out: "
        taken += verdict.taken
        rows.append((verdict.provider, verdict.model or "-", f"{place}{verdict.reason}"))
    output.table(("provider", "model", "route"), rows)


def _summary(response: Any) -> str:
    tokens = "tokens unknown"
    if response.tokens_in is not None:
        tokens = f"{response.tokens_in:,} in, {response.tokens_out:,} out"
    if response.simulated:
        tokens += " (simulated)"
    parts = [response.provider, response.model, tokens, _money(response.cost_usd)]
    parts += [f"{response.latency_ms / 1000:.2f} s", f"call {response.call_id}"]
    return "─ " + " · ".join(part for part in parts if part)


def _money(usd: float | None) -> str:
    if usd is None:
        return "unpriced"
    return f"${usd:.4f}" if usd >= 0.0001 or usd == 0 else f"${usd:.7f}".rstrip("0")


@app.command()
def sim(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")
    ] = 8899,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answers.")] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(help='Such as "429:ratio=0.1"; may be repeated.')
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve simulated answers on loopback, in the formats of all providers, until Ctrl-C.

    Example:  sophia llm sim --port 8899 --fault 503:ratio=0.2
    """
    from threading import Event

    from sophia_cli.llm.simulator import Fault, Simulator
    from sophia_cli.llm.simulator.server import serve

    output = Output(as_json=as_json)
    try:
        faults = tuple(Fault.parse(text) for text in fault or [])
    except ValueError as error:
        raise UsageError(str(error), "sophia llm sim --help") from None
    with serve(Simulator(seed=seed, faults=faults), port=port) as server:
        output.envelope("llm sim", {"url": server.url, "seed": seed})
        output.line(f"simulated providers at {server.url}")
        output.line(
            f"  try:  OPENAI_API_KEY=simulated OPENAI_BASE_URL={server.url}/v1 sophia llm ask hello"
        )
        Event().wait()
