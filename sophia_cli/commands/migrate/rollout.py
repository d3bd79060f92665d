"""`sophia migrate --apply --batch ... --verify ...`: what is said as batches are written and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from sophia_cli.commands.migrate import screens
from sophia_cli.commands.migrate.asked import Asked, look
from sophia_cli.migrate import rollout
from sophia_cli.migrate.batches import shown
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.journal import Run
from sophia_cli.migrate.rollout import Ended, Left, Step, Tried, Wrote
from sophia_cli.migrate.trial import LOG, Outcome, Trial
from sophia_cli.output import WIDTH, Output


def roll_out(output: Output, asked: Asked, options: Options, trial: Trial | None) -> None:
    """Write batches and show each step as it is done; exit code 1 where one is put back."""
    steps = rollout.roll_out(options, trial, lambda options: look(options, output))
    data = _show(output, steps, asked)
    output.envelope("migrate", data)
    if any(not batch["kept"] or batch["skipped"] for batch in data["batches"]):
        raise typer.Exit(1)


def check_again(output: Output, root: Path, run: Run, asked: Asked) -> None:
    """Judge a run that was cut short before it was."""
    data = _show(output, rollout.check_again(root, run), asked)
    output.envelope("migrate resume", data)
    if not data["batches"][0]["kept"]:
        raise typer.Exit(1)


def _show(output: Output, steps: Iterator[Step], asked: Asked) -> dict[str, Any]:
    """Every step on the screen; all of them as data."""
    data: dict[str, Any] = {"before": None, "batches": [], "left": None, "next": None}
    skipped: dict[str, str] = {}
    after: Outcome | None = None
    for step in steps:
        if isinstance(step, Tried):
            _row(output, step.when, _said(step.outcome))
            if step.when == "before":
                data["before"] = step.outcome.data()
            else:
                after = step.outcome
        elif isinstance(step, Wrote):
            skipped = _show_wrote(output, step)
        elif isinstance(step, Ended):
            said = {"after": after.data() if after else None, "skipped": skipped}
            data["batches"].append({**step.data(), **said})
            _show_ended(output, step, after)
        else:
            data["left"] = step.data()
            data["next"] = _show_left(output, step, asked, data["batches"])
    if data["left"] is None:
        _show_next(output, data["batches"], asked.command(), asked)
    undo = [batch["run"] for batch in reversed(data["batches"]) if batch["kept"]]
    data["undo"] = asked.command("rollback", *undo) if undo else None
    return data


def _row(output: Output, name: str, words: str) -> None:
    output.line(f"  {name.ljust(9)}  {words}")


def _said(outcome: Outcome) -> str:
    failed = outcome.failed or ()
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return outcome.words + (f": {failed[0]}{more}" if failed else "")


def _show_wrote(output: Output, step: Wrote) -> dict[str, str]:
    report = step.report
    sites = sum(report.choice.takes(site) and site.path in report.changed for site in report.sites)
    files = _number(len(report.changed), "file")
    _row(output, shown(step.batch), f"{files}, {_number(sites, 'site')} written")
    for path, reason in report.skipped.items():
        output.line(f"    left alone  {path}: {reason}")
    if report.held_back:
        held = _number(len(report.held_back), "site")
        output.line(f"    held back   {held}: they share an object with what is left out")
    if report.advice:
        output.line(f"    by hand     {report.advice}")
    return report.skipped


def _show_ended(output: Output, ended: Ended, after: Outcome | None) -> None:
    if ended.reason:
        assert after is not None
        if ended.reason != after.words:
            _row(output, "worse" if after.failed else "because", ended.reason)
        output.line(f"  the end of what it said (all: .sophia/migrate/{ended.run}/{LOG})")
        for line in after.tail:
            output.line(f"    {line[: WIDTH - 4]}")
        files = f"the {ended.files} files are" if ended.files != 1 else "the file is"
        them = "they were" if ended.files != 1 else "it was"
        output.line(f"Rolled back: {files} as {them}, byte for byte.")
    elif ended.run:
        more = f", with what the command itself changed in {', '.join(ended.changed)}"
        output.line(f"Run {ended.run} is kept{more if ended.changed else ''}.")


def _show_left(
    output: Output, left: Left, asked: Asked, batches: list[dict[str, Any]]
) -> str | None:
    """What is left and the command that goes on with it."""
    if not batches:
        named = f" in batch {asked.batch}" if asked.batch not in ("", "all") else ""
        output.line(f"Nothing was written: there is nothing to write{named}.")
    if left.batches:
        where = _number(len(left.batches), "batch", "batches")
        names = ", ".join(shown(batch.name) for batch in left.batches)
        output.line(f"{left.sites:,} of {_number(left.total, 'site')} left in {where}: {names}.")
    else:
        output.line(f"{left.total:,} of {_number(left.total, 'site')} moved, none is left.")
    name = rollout.next_batch(left, [batch["batch"] for batch in batches])
    following = asked.again(name) if name else replace(asked, batch="").command()
    _show_next(output, batches, following, asked)
    return following


def _show_next(output: Output, batches: list[dict[str, Any]], following: str, asked: Asked) -> None:
    """How to undo what is kept, the newest run first, and how to go on."""
    kept = [batch["run"] for batch in reversed(batches) if batch["kept"]]
    if len(kept) > 1:
        output.line(f"Undo all {len(kept)}:  {asked.command('rollback', *kept)}")
    undo = asked.command("rollback", kept[0]) if len(kept) == 1 else ""
    if batches and batches[-1]["reason"]:
        screens.show_undo(output, undo)
        why = asked.command("show", f"run:{batches[-1]['run']}")
        output.line(f"See why:  {why}")
    else:
        screens.show_undo(output, undo, following)


def _number(value: int, noun: str, several: str = "") -> str:
    return f"{value:,} {noun if value == 1 else several or noun + 's'}"
