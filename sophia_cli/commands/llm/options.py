"""Options that say what a call is, the same for the commands that make one and those that only show it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.errors import UsageError
from sophia_cli.output import WIDTH, wrapped

if TYPE_CHECKING:
    from sophia_cli.llm.errors import LLMError

_MEND = WIDTH - 8  # columns for what mends an error


def _known_task(value: str) -> str:
    """The task's canonical name; a word that is none is a mistake in the command's words."""
    from sophia_cli.llm.errors import ConfigError
    from sophia_cli.llm.labelling import task_of

    try:
        return task_of(value)
    except ConfigError as error:
        raise as_usage(error) from None


def as_usage(error: LLMError) -> UsageError:
    """The error as one about the command's words; what is allowed stands on lines below it."""
    message, _, names = error.message.partition("; allowed: ")
    lines = wrapped(f"allowed: {names}", hang=0, width=_MEND) if names else []
    return UsageError(message, "\n".join([*lines, *wrapped(error.mend, hang=0, width=_MEND)]))


def task_option(help: str) -> Any:
    """The option `--task`, which takes a task that there is."""
    return typer.Option("--task", callback=_known_task, help=help)


Task = Annotated[str, task_option("What it is for, such as document_summary.")]
DataClass = Annotated[
    str, typer.Option("--data-class", help="Class of the data in it, from [data_classes].")
]
Model = Annotated[str, typer.Option("--model", help="A model, or provider/model.")]
Only = Annotated[str, typer.Option("--provider", help="Only this provider.")]
System = Annotated[str, typer.Option("--system", help="Instructions that go before the question.")]
Files = Annotated[
    list[Path] | None, typer.Option("--file", help="A text file to ask about; may be repeated.")
]
MaxTokens = Annotated[
    int, typer.Option("--max-tokens", min=0, help="Limit of the answer, in tokens; 0: none.")
]
Team = Annotated[str, typer.Option("--team", help="The team that asks.")]
Service = Annotated[str, typer.Option("--service", help="The service that asks.")]


def piped() -> str:
    """What another command writes into this one."""
    return "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
