"""`sophia llm ask`: one question, and what it cost."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sophia_cli.commands.llm.candidates import show_candidates
from sophia_cli.commands.llm.options import (
    DataClass,
    Files,
    MaxTokens,
    Model,
    Only,
    Service,
    System,
    Task,
    Team,
    piped,
)
from sophia_cli.commands.options import Json, Quiet, Root
from sophia_cli.errors import Interrupted
from sophia_cli.output import WIDTH, Output, wrapped
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.ask import Asking
    from sophia_cli.llm.call import LLMResponse

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
    max_tokens: MaxTokens = 0,
    team: Team = "",
    service: Service = "",
    no_stream: NoStream = False,
    explain: Explain = False,
    as_json: Json = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Ask one question and see what it cost.

    Example:  sophia llm ask "Summarise this contract" --file contract.md --task document_summary
    """
    from sophia_cli.ask import Asking, Question, open_for, read_prompt

    text = read_prompt(prompt, file or [], piped(), "ask")
    question = Question(text, task, data_class, model, provider, system, max_tokens, team, service)
    output = Output(as_json=as_json, quiet=quiet)
    opened, choice = open_for(question, here(root), os.environ)
    try:
        route = opened.decide(text, **question.options)
        output.note(choice.note)
        if explain and not as_json:
            show_candidates(output, route)
        whole = no_stream or as_json
        asking = Asking(opened, question, stream=not whole)
        response = (_whole if whole else _stream)(asking, output)
    finally:
        opened.close()
    unpriced = response.cost_usd is None
    verdicts = [asdict(verdict) for verdict in route.verdicts]
    output.envelope("llm ask", {**asdict(response), "unpriced": unpriced, "route": verdicts})
    output.note(_summary(response))
    output.note(choice.next_step)


def _whole(asking: Asking, output: Output) -> LLMResponse:
    from sophia_cli.llm.errors import CallFailed

    try:
        response = asking.whole()
    except KeyboardInterrupt:
        words = f"interrupted: call {asking.id} is written down as cancelled"
        raise Interrupted(words, call_id=asking.id) from None
    except CallFailed as error:
        output.note(f"failed · ─ {error.provider} · call {error.call_id}")
        raise
    output.line(response.content)
    return response


def _stream(asking: Asking, output: Output) -> LLMResponse:
    from sophia_cli.llm.errors import CallFailed

    stream = asking.stream()
    begun = False
    try:
        for text in stream:
            begun = True
            output.stream(text)
        output.stream("\n")
    except KeyboardInterrupt:
        stream.close("cancelled")
        output.stream("\n")
        output.note(_summary(stream.response, "cancelled · "))
        raise
    except CallFailed:
        output.stream("\n" if begun else "")
        output.note(_summary(stream.response, "failed · "))
        raise
    except BrokenPipeError:  # nobody reads: what is not written yet need not be paid for
        raise
    except OSError:  # a full disk: the answer is all but here, and its end says what it costs
        for _ in stream:
            pass
        output.note(_summary(stream.response, "not shown · "))
        raise
    finally:
        stream.close()
    return stream.response


def _summary(response: LLMResponse, before: str = "") -> str:
    """Who answered and what it took, and after that who did not and why: lines of 80 columns."""
    tokens = "tokens unknown"
    if response.tokens_in is not None:
        tokens = f"{response.tokens_in:,} in, {response.tokens_out:,} out"
    if response.simulated:
        tokens += " (simulated)"
    if response.cached:
        tokens += " (from the cache)"
    parts = [response.provider, response.model, tokens, _money(response.cost_usd)]
    parts += [f"{response.latency_ms / 1000:.2f} s", f"call {response.call_id}"]
    lines = [f"{before}─ "]
    for part in filter(None, parts):
        if len(lines[-1]) + len(part) > WIDTH:
            lines[-1] = lines[-1].removesuffix(" · ")
            lines.append("  ")
        lines[-1] += f"{part} · "
    lines[-1] = lines[-1].removesuffix(" · ")
    return "\n".join([*lines, *_others(response, answered=not before)])


def _others(response: LLMResponse, *, answered: bool) -> list[str]:
    """The candidates beside the one that the line before is about, each with its last failure."""
    place = (response.provider, response.model)
    if answered and response.attempts:  # who answers may call its model by another name
        place = (response.attempts[-1].provider, response.attempts[-1].model)
    why = {
        (one.provider, one.model): one.why
        for one in response.attempts
        if (one.provider, one.model) != place
    }
    said = "instead of" if answered else "nor"
    return [
        line
        for (provider, model), words in why.items()
        for line in wrapped(f"{said} {provider} · {model}: {words}", indent=2)
    ]


def _money(usd: float | None) -> str:
    if usd is None:
        return "unpriced"
    return f"${usd:.4f}" if usd >= 0.0001 or usd == 0 else f"${usd:.7f}".rstrip("0")
