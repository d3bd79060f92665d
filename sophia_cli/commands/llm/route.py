"""`sophia llm route`: who would answer, and why, without a call."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

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
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from sophia_cli.llm.prices.worstcase import WorstCase
    from sophia_cli.llm.routing import Decision


def route(
    prompt: Annotated[str, typer.Argument(help="What would be asked; also from a pipe.")] = "",
    task: Task = "",
    data_class: DataClass = "",
    model: Model = "",
    provider: Only = "",
    system: System = "",
    file: Files = None,
    tools: Annotated[bool, typer.Option("--tools", help="As if tools were given.")] = False,
    images: Annotated[int, typer.Option(min=0, help="As if so many images were in it.")] = 0,
    max_tokens: MaxTokens = 0,
    team: Team = "",
    service: Service = "",
    as_json: Json = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Show every provider that could answer, and why it is taken or left out. Never calls.

    Example:  sophia llm route "Write a SQL query for ..." --data-class customer
    """
    from sophia_cli.ask import Question, Shape, open_for, read_prompt
    from sophia_cli.llm.errors import NotRouted
    from sophia_cli.llm.prices.worstcase import worst_case

    text = read_prompt(prompt, file or [], piped(), "route")
    question = Question(text, task, data_class, model, provider, system, max_tokens, team, service)
    shape = Shape(tools, images)
    output = Output(as_json=as_json, quiet=quiet)
    opened, choice = open_for(question, here(root), os.environ)
    try:
        decision = opened.decide(**shape.options_of(question))
    except NotRouted as error:
        if error.decision:
            show_candidates(output, error.decision)
        raise
    finally:
        opened.close()
    first = decision.candidates[0]
    worst = worst_case(opened.engine.config, first.provider, first.model, decision.estimate)
    output.note(choice.note)
    output.envelope("llm route", _as_data(decision, worst))
    show_candidates(output, decision)
    output.line(f"  Task {decision.task}.")
    words = f"No call was made. Estimated: {_sizes(decision, worst)}"
    output.text(words, indent=2, hang=0)
    output.note(choice.next_step)


def _sizes(decision: Decision, worst: WorstCase) -> str:
    from sophia_cli.llm.money import dollars

    sizes = f"about {decision.estimate.tokens_in:,} in, up to {worst.tokens_out:,} out"
    if worst.nano is None or worst.price is None:
        return f"{sizes}, unpriced."
    date = worst.price.as_of or "no date"
    return f"{sizes}, at most {dollars(worst.nano, at_most=True)} (price of {date})."


def _as_data(decision: Decision, worst: WorstCase) -> dict[str, Any]:
    return {
        "route": [asdict(verdict) for verdict in decision.verdicts],
        "task": asdict(decision.task),
        "estimate": {
            "tokens_in": decision.estimate.tokens_in,
            "worst_in": decision.estimate.worst_in,
            "worst_out": worst.tokens_out,
            "unpriced": worst.nano is None,
            "worst_cost_usd": None if worst.nano is None else worst.nano / 1e9,
            "price_as_of": worst.price.as_of if worst.price else "",
        },
    }
