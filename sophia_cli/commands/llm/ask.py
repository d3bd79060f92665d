"""`sophia llm ask`: one question, and what it cost."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.llm.candidates import show_candidates
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.ask import Question

Task = Annotated[str, typer.Option("--task", help="What it is for, such as document_summary.")]
DataClass = Annotated[
    str, typer.Option("--data-class", help="Class of the data in it, from [data_classes].")
]
Model = Annotated[str, typer.Option("--model", help="A model, or provider/model.")]
Only = Annotated[str, typer.Option("--provider", help="Only this provider.")]
System = Annotated[str, typer.Option("--system", help="Instructions that go before the question.")]
Files = Annotated[
    list[Path] | None, typer.Option("--file", help="A text file to ask about; may be repeated.")
]
NoStream = Annotated[bool, typer.Option("--no-stream", help="Show the answer when it is complete.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show the route before the call.")]


def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask; also read from a pipe.")] = "",
    task: Task = "",
    data_class: DataClass = "",
    model: Model = "",
    provider: Only = "",
    system: System = "",
    file: Files = None,
    no_stream: NoStream = False,
    explain: Explain = False,
    as_json: Json = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Ask one question and see what it cost.

    Example:  sophia llm ask "Summarise this contract" --file contract.md --task document_summary
    """
    from sophia_cli.ask import Question, open_for, read_prompt

    text = read_prompt(prompt, file or [], piped())
    question = Question(text, task, data_class, model, provider, system)
    output = Output(as_json=as_json, quiet=quiet)
    service, choice = open_for(question, here(root), os.environ)
    try:
        route = service.decide(text, **question.options)
        output.note(choice.note)
        if explain and not as_json:
            show_candidates(output, route)
        response = _answer(service, question, output, whole=no_stream or as_json)
    finally:
        service.close()
    unpriced = response.cost_usd is None
    verdicts = [asdict(verdict) for verdict in route.verdicts]
    output.envelope("llm ask", {**asdict(response), "unpriced": unpriced, "route": verdicts})
    output.note(_summary(response))
    output.note(choice.next_step)


def piped() -> str:
    """What another command writes into this one."""
    return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()


def _answer(service: Any, question: Question, output: Output, *, whole: bool) -> Any:
    from sophia_cli.llm.errors import CallFailed

    if whole:
        try:
            response = service.complete_response_sync(question.text, **question.options)
        except CallFailed as error:
            output.note(f"failed · ─ {error.provider} · call {error.call_id}")
            raise
        output.line(response.content)
        return response
    stream = service.stream_sync(question.text, **question.options)
    begun = False
    try:
        for text in stream:
            begun = True
            output.stream(text)
    except KeyboardInterrupt:
        stream.close("cancelled")
        output.stream("\n")
        output.note(f"cancelled · {_summary(stream.response)}")
        raise
    except CallFailed:
        output.stream("\n" if begun else "")
        output.note(f"failed · {_summary(stream.response)}")
        raise
    finally:
        stream.close()
    output.stream("\n")
    return stream.response


def _summary(response: Any) -> str:
    tokens = "tokens unknown"
    if response.tokens_in is not None:
        tokens = f"{response.tokens_in:,} in, {response.tokens_out:,} out"
    if response.simulated:
        tokens += " (simulated)"
    if response.cached:
        tokens += " (from the cache)"
    parts = [response.provider, response.model, tokens, _money(response.cost_usd)]
    parts += [f"{response.latency_ms / 1000:.2f} s", f"call {response.call_id}"]
    return "─ " + " · ".join(part for part in parts if part)


def _money(usd: float | None) -> str:
    if usd is None:
        return "unpriced"
    return f"${usd:.4f}" if usd >= 0.0001 or usd == 0 else f"${usd:.7f}".rstrip("0")
