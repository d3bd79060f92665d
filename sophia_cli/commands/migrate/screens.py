"""The screens of `sophia migrate`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import fill, indent
from typing import Any

from sophia_cli.commands.migrate.asked import Asked, Class
from sophia_cli.commands.migrate.ways import show_ways
from sophia_cli.counted import counted
from sophia_cli.migrate.batches import list_batches, shown
from sophia_cli.migrate.journal import Run, State
from sophia_cli.migrate.report import Report, count
from sophia_cli.migrate.site import Site, Verdict, site_data
from sophia_cli.migrate.trial import LOG
from sophia_cli.migrate.write import Written
from sophia_cli.output import WIDTH, Output

CLASSES = ("safe", "review", "report-only", "carried", "done", "noted", "not-edited", "held-back")
_HEAD = 8
_ROWS = (
    (Verdict.SAFE, "safe", "rewritten: proven to keep its meaning"),
    (Verdict.REVIEW, "review", "rewritten with --class review; read them first"),
    (Verdict.REPORT, "report only", "left alone, the reason is beside each"),
    (Verdict.CARRIED, "carried", "not touched: they go through the clients above"),
    (Verdict.NOTED, "noted", "exceptions and tests' replacements that go with them"),
    (Verdict.DONE, "already there", "on the service"),
)


def show_report(output: Output, report: Report, asked: Asked) -> None:
    """The screen of a run, dry or not."""
    if report.run or report.skipped:
        _show_applied(output, report, asked)
        return
    output.line(_looked_at(report))
    output.line()
    _show_counts(output, report)
    _show_reported(output, report, asked)
    _show_unseen(output, report, asked)
    if report.advice:
        output.line(f"By hand: {report.advice}")
        output.line()
    _show_end(output, report, asked)


def _looked_at(report: Report) -> str:
    others = ((report.notebooks, "notebook"), (report.pages, "page"), (report.queries, "SQL file"))
    pages = "".join(f", {counted(value, noun)}" for value, noun in others if value)
    broken = (
        f"; {counted(len(report.broken), 'file')} not parsed (listed below)"
        if report.broken
        else ""
    )
    return f"Looked at {counted(report.python, 'Python file')}{pages} in {report.seconds:.1f} s{broken}."


def _show_counts(output: Output, report: Report) -> None:
    rows: list[tuple[object, ...]] = []
    for verdict, name, words in _ROWS:
        numbers = count(report.of(verdict))
        if numbers["sites"] or verdict in (Verdict.SAFE, Verdict.REVIEW, Verdict.REPORT):
            rows.append((name, numbers["sites"], numbers["files"], words))
    if report.aside:
        numbers = count(report.aside)
        rows.append(
            (
                "tests, archives",
                numbers["sites"],
                numbers["files"],
                "left alone unless --include names them",
            )
        )
    for name, sites, words in (
        ("left out", report.left_out, "not named by --only, --changed-since or --batch"),
        ("held back", report.held_back, "they share an object with what is left out"),
    ):
        if sites:
            rows.append((name, len(sites), count(sites)["files"], words))
    output.table(("", "sites", "files", "on --apply"), rows)
    output.line()


def _show_reported(output: Output, report: Report, asked: Asked) -> None:
    sites = report.of(Verdict.REPORT)
    if not sites:
        return
    output.line("  report only")
    rows = [(site.place, site.reason.words) for site in sites[:_HEAD]]
    output.places(rows, indent=4)
    if len(sites) > _HEAD:
        more = f"    ... {len(sites) - _HEAD:,} more:"
        output.line(f"{more}  {asked.command('show', 'report-only')}")
    output.line()


def _show_unseen(output: Output, report: Report, asked: Asked) -> None:
    left = [*report.broken, *report.unseen]
    if not left:
        return
    output.line("  not looked at")
    output.places([(item.path, item.reason) for item in left[:_HEAD]], indent=4)
    if len(left) > _HEAD:
        more = f"    ... {len(left) - _HEAD:,} more are in:"
        output.line(f"{more}  {asked.command('--json')}")
    output.line()


def _show_end(output: Output, report: Report, asked: Asked) -> None:
    if report.cut_short is not None:
        output.line(f"{report.cut_short.words[0].upper()}{report.cut_short.words[1:]}.")
        output.line(f"Next:  {report.cut_short.ways_on}")
        return
    if not report.changed:
        _show_nothing(output, report, asked)
        return
    output.line("Nothing was changed. The patch: .sophia/migrate/plan.patch (git apply takes it)")
    if not report.in_git:
        output.line("There is no git here: after --apply only the journal in .sophia can undo.")
    batches = list_batches(site for site in report.sites if report.choice.takes(site))
    if len(batches) > 1 and not report.choice.batch:
        names = ", ".join(f"{shown(batch.name)} {batch.sites:,}" for batch in batches)
        output.line(fill(f"In batches (--batch NAME, sites each): {names}", 80))
    apply = asked.again(report.choice.batch)
    kind = "safe" if report.of(Verdict.SAFE) else "review"
    show_ways(output, "Next:", asked.command("show", kind), apply)


def _show_nothing(output: Output, report: Report, asked: Asked) -> None:
    """Why nothing would change: what waits for a person is not nothing."""
    review = report.of(Verdict.REVIEW)
    if not review:
        output.line("Nothing was changed, and there is nothing to change.")
        return
    end = "by hand" if report.choice.review else "after a look: --class review"
    output.line(f"Nothing was changed. {counted(len(review), 'site')} can change {end}.")
    show_ways(output, "Next:", asked.command("show", "review"))


def _show_applied(output: Output, report: Report, asked: Asked) -> None:
    taken = [
        site for site in report.sites if report.choice.takes(site) and site.path in report.changed
    ]
    output.line(f"{counted(len(report.changed), 'file')}, {counted(len(taken), 'site')} written.")
    for path, reason in report.skipped.items():
        output.line(f"  left alone  {path}: {reason}")
    _show_unseen(output, report, asked)
    if report.advice:
        output.line(f"By hand: {report.advice}")
    if not report.run:
        output.line(f"Next:  {asked.command()}")
        return
    if not report.in_git:
        output.line("There is no git here: only the journal in .sophia can undo.")
    output.line(f"Run {report.run} is kept.")
    show_undo(output, asked.command("rollback", report.run), asked.command())


def show_undo(output: Output, undo: str, following: str = "") -> None:
    """The command that undoes, and the one that goes on."""
    parts = [f"Undo:  {undo}" if undo else "", f"Next:  {following}" if following else ""]
    parts = [part for part in parts if part]
    line = "        ".join(parts)
    for part in [line] if 0 < len(line) <= WIDTH else parts:
        output.line(part)


def select(report: Report, what: str) -> tuple[Site, ...]:
    """The sites that `show` lists."""
    if what == "held-back":
        return report.held_back
    return report.aside if what == "not-edited" else report.of(Verdict(what))


def show_sites(output: Output, what: str, sites: Sequence[Site], asked: Asked) -> None:
    """One line for each site of a class."""
    output.line(f"{counted(len(sites), 'site')} of class {what}")
    if sites:
        output.line()
    for site in sites:
        output.line(f"  {site.place}  {site.operation}")
        for reason in site.reason.every:
            output.line(indent(fill(reason.words, 74), " " * 6))
    output.line()
    kind = Class.REVIEW if what == "review" else Class.SAFE
    going_on = bool(sites) and what in tuple(Class)
    following = replace(asked, kind=kind).again(asked.batch) if going_on else asked.command()
    output.line(f"Next:  {following}")


def sites_data(sites: Sequence[Site]) -> list[dict[str, Any]]:
    return [site_data(site) for site in sites]


def show_run(output: Output, run: Run, asked: Asked) -> None:
    """What one run did to which files."""
    output.line(f"Run {run.name}: {run.state}, {counted(len(run.written), 'file')}")
    output.line()
    for entry in run.entries:
        output.line(f"  {entry.path}" + (f"  left alone: {entry.skipped}" if entry.skipped else ""))
        for site in run.sites:
            if site["path"] == entry.path:
                first = site["reason"]["words"]
                output.line(f"      line {site['line']}: {site['operation']}, {first}")
                for reason in site.get("also", ()):  # older journals have none
                    output.line(f"          {reason['words']}")
    output.line()
    if run.trial:
        _show_trial(output, run, run.trial)
    ends = {
        State.DONE: f"Undo:  {asked.command('rollback', run.name)}",
        State.UNDONE: f"Next:  {asked.command()}",
    }
    output.line(ends.get(run.state, f"Next:  {asked.command('resume')}"))


def _show_trial(output: Output, run: Run, trial: Mapping[str, Any]) -> None:
    """The command that judged a run, and where all that it said is kept."""
    rows = [("checked by", shlex.join(trial["command"]))]
    for when in ("before", "after"):
        if when in trial:
            failed = trial[when]["failed"] or []
            rows += [
                (when, trial[when]["words"]),
                *(("", f"failed: {name}") for name in failed[:_HEAD]),
            ]
    if trial.get("reason"):
        rows.append(("put back", trial["reason"]))
    output.table(("", ""), [*rows, ("log", f".sophia/migrate/{run.name}/{LOG}")])
    output.line()


def run_data(run: Run) -> dict[str, Any]:
    return {
        "run": run.name,
        "number": run.number,
        "state": str(run.state),
        "files": [{"path": entry.path, "skipped": entry.skipped or None} for entry in run.entries],
        "sites": list(run.sites),
        "trial": run.trial,
    }


def show_written(output: Output, written: Written) -> None:
    """What `resume` or `rollback` did."""
    run = written.run
    undone = run is not None and run.state == "undone"
    files = counted(len(written.files), "file")
    if run is None:
        output.line("Nothing was written, and the run is forgotten.")
    elif undone:
        output.line(f"Rolled back run {run.name}: {files} as before the run, byte for byte.")
    else:
        output.line(f"Finished run {run.name}: {files} written.")
    for path, reason in written.skipped.items():
        output.line(f"  left alone  {path}: {reason}")


def show_way_on(output: Output, written: Written, asked: Asked) -> None:
    """What comes after `resume` or `rollback`."""
    if written.run is None or written.run.state is State.UNDONE:
        output.line(f"Next:  {asked.command()}")
    else:
        output.line(f"Undo:  {asked.command('rollback', written.run.name)}")


def written_data(written: Written) -> dict[str, Any]:
    return {**(run_data(written.run) if written.run else {}), "skipped": written.skipped}


def show_status(output: Output, runs: Sequence[Run], asked: Asked) -> None:
    """The runs that the journal keeps."""
    if not runs:
        output.line("No run is kept here.")
        output.line(f"Next:  {asked.command()}")
        return
    output.line(f"{counted(len(runs), 'run')} kept here")
    output.line()
    rows = [(run.name, str(run.state), len(run.written), len(run.sites)) for run in runs]
    output.table(("run", "state", "files", "sites"), rows)
    output.line()
    cut = next((run for run in runs if run.unfinished), None)
    if cut is not None:
        show_ways(output, "Next:", asked.command("resume"), asked.command("rollback", cut.name))
    else:
        output.line(f"Next:  {asked.command('show', f'run:{runs[-1].name}')}")
