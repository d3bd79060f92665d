"""`sophia llm cache`: what is kept of answers, and what that saved."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sophia_cli.commands.llm.options import task_option
from sophia_cli.commands.options import App, Json, Root
from sophia_cli.errors import UsageError
from sophia_cli.output import Output
from sophia_cli.surroundings import here

if TYPE_CHECKING:
    from pathlib import Path

    from sophia_cli.llm.cache.store import Answers, TaskStatus
    from sophia_cli.llm.config import Config

Task = Annotated[str, task_option("Only answers of this task.")]

app = App(help="Answers that are given again to the same request.", no_args_is_help=True)


@app.command()
def status(root: Root = None, as_json: Json = False) -> None:
    """Answers, bytes, hits and what they saved, by task. Example:  sophia llm cache status"""
    output = Output(as_json=as_json)
    config, answers = _open(root)
    path, most = answers.file.path, config.cache.max_bytes
    rows = answers.status() if path.exists() else []
    answers.close()
    output.envelope(
        "llm cache status",
        {
            "path": str(path),
            "max_bytes": most,
            "tasks": dict(config.cache.tasks),
            "rows": [_as_data(row) for row in rows],
        },
    )
    if not rows:
        output.line("No answer is kept yet." if config.cache.tasks else "No task is cached.")
    else:
        taken = sum(row.bytes for row in rows)
        output.line(f"{taken:,} of at most {most:,} bytes are taken, in")
        output.line(f"  {path}")
        header = ("task", "answers", "bytes", "hits", "saved", "unpriced hits")
        cells = [(r.task, r.answers, r.bytes, r.hits, _usd(r.saved_nano), r.unpriced) for r in rows]
        output.table(header, cells)
    if not config.cache.tasks:
        output.line('Next:  in sophia.toml, [cache.tasks] document_summary = "1d"')


@app.command()
def clear(
    task: Task = "",
    older: Annotated[str, typer.Option("--older", help="Only older ones, such as 7d.")] = "",
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Delete answers; what they saved stays counted.

    Example:  sophia llm cache clear --task document_summary --older 7d
    """
    from sophia_cli.llm.cache.policy import seconds_of

    output = Output(as_json=as_json)
    try:
        age = seconds_of(older) if older else 0.0
    except ValueError as error:
        raise UsageError(str(error)) from None
    _, answers = _open(root)
    count = answers.clear(task, age) if answers.file.path.exists() else 0
    answers.close()
    output.envelope("llm cache clear", {"deleted": count})
    output.line(f"{count:,} answer{'' if count == 1 else 's'} deleted.")


def _open(root: Path | None) -> tuple[Config, Answers]:
    from sophia_cli.llm.archive import open_answers
    from sophia_cli.llm.config import load_config

    config = load_config(start=here(root))
    answers = open_answers(config, config.ledger)
    assert answers is not None  # a configuration that was read names a ledger
    return config, answers


def _as_data(row: TaskStatus) -> dict[str, Any]:
    data = asdict(row)
    return {**data, "saved_usd": data.pop("saved_nano") / 1e9}


def _usd(nano: int) -> str:
    return f"${nano / 1e9:.4f}"
