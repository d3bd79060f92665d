"""Batch by batch: write, let the project's command judge, keep or put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sophia_cli.errors import Interrupted, SophiaError
from sophia_cli.migrate import journal
from sophia_cli.migrate.batches import ALL, Batch, list_batches
from sophia_cli.migrate.drift import changed, gone_back
from sophia_cli.migrate.inventory import Options
from sophia_cli.migrate.journal import Run, State
from sophia_cli.migrate.pipeline import migrate, refuse_dirty
from sophia_cli.migrate.report import Report
from sophia_cli.migrate.trial import LOG, Outcome, Trial, attempt, refuse_unclear, worse
from sophia_cli.migrate.write import Written, keep, rollback

Look = Callable[[Options], Report]


@dataclass(frozen=True)
class Tried:
    """What the project's command said, `before` a batch or `after` it."""

    when: str
    outcome: Outcome


@dataclass(frozen=True)
class Ended:
    """What became of a batch. `reason` says why it was rolled back, "" where it is kept.

    `changed` are its files that the command changed itself and passed with.
    """

    batch: str
    run: str
    files: int
    reason: str = ""
    changed: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The same for --json."""
        kept = bool(self.run) and not self.reason
        return {
            "batch": self.batch,
            "run": self.run or None,
            "files": self.files,
            "kept": kept,
            "reason": self.reason or None,
            "changed_by_command": list(self.changed),
        }


@dataclass(frozen=True)
class Wrote:
    """A batch whose files are written."""

    batch: str
    report: Report


@dataclass(frozen=True)
class Left:
    """What is still to be moved, of `total` with what runs of this journal have moved."""

    batches: tuple[Batch, ...]
    total: int

    @property
    def sites(self) -> int:
        return sum(batch.sites for batch in self.batches)

    def data(self) -> dict[str, Any]:
        """The same for --json."""
        batches = [batch.data() for batch in self.batches]
        return {"sites": self.sites, "of": self.total, "batches": batches}


Step = Tried | Wrote | Ended | Left


def roll_out(options: Options, trial: Trial | None, look: Look = migrate) -> Iterator[Step]:
    """Write the batch that is named, or one after the other, up to the first that is put back.

    Raises SophiaError, before anything is written, where the command cannot judge a change;
    Interrupted says how far it got.
    """
    cut = journal.cut_short(options.root)
    if cut is not None:
        raise SophiaError(cut.words, cut.ways_on)
    names = _names(options, look)
    before: Outcome | None = None
    if trial is not None and names:
        _refuse_dirty(options, names[0], look)
        before = attempt(options.root, trial, journal.prepare(options.root) / LOG)
        yield Tried("before", before)
        refuse_unclear(before)
    for name in names:
        ended: Ended | None = None
        for step in _batch(options, name, trial, before, look):
            if isinstance(step, Tried):
                before = step.outcome  # nothing happens between this batch and the next
            ended = step if isinstance(step, Ended) else ended
            yield step
        if ended is not None and ended.reason:
            break
    yield _left(options, look)


def check_again(root: Path, run: Run) -> Iterator[Step]:
    """Judge a run that was cut short while it was checked. Raises SophiaError."""
    kept = run.trial or {}
    try:
        trial = Trial(tuple(kept["command"]), float(kept["timeout"]))
        failed = kept["before"]["failed"]
        names = None if failed is None else tuple(failed)
        before = Outcome(kept["before"]["code"], kept["before"]["words"], names)
    except (KeyError, TypeError, ValueError) as error:
        words = f"run {run.name} does not say how it is to be checked"
        raise SophiaError(words, f"sophia migrate rollback {run.name}") from error
    yield Tried("before", before)
    yield from _judge(root, run, kept.get("batch", ""), trial, before)


def _names(options: Options, look: Look) -> list[str]:
    """The batches to be written, of those in which there is something to move now."""
    found = [found.name for found in _movable(options, look)]
    batch = options.choice.batch
    if batch.startswith("@"):
        return [batch]
    return [name for name in found if batch in ("", ALL, name)]


def _refuse_dirty(options: Options, batch: str, look: Look) -> None:
    """What would be refused as it is written is refused before the command runs."""
    report = look(
        replace(options, apply=False, keep_patch=False, choice=replace(options.choice, batch=batch))
    )
    refuse_dirty(options, report.in_git, report.changed)


def _movable(options: Options, look: Look) -> tuple[Batch, ...]:
    whole = replace(
        options, apply=False, keep_patch=False, choice=replace(options.choice, batch="")
    )
    report = look(whole)
    return list_batches(site for site in report.sites if report.choice.takes(site))


def _batch(
    options: Options, name: str, trial: Trial | None, before: Outcome | None, look: Look
) -> Iterator[Step]:
    """Write one batch and see it to its end."""
    kept = None
    if trial is not None and before is not None:
        kept = {
            "batch": name,
            "command": list(trial.command),
            "timeout": trial.timeout,
            "before": before.data(),
        }
    asked = replace(options, apply=True, trial=kept, choice=replace(options.choice, batch=name))
    report = look(asked)
    yield Wrote(name, report)
    if not report.run:
        yield Ended(name, "", 0)
    elif trial is None or before is None:
        yield Ended(name, report.run, len(report.changed))
    else:
        run = journal.find(options.root, report.run)
        yield from _judge(options.root, run, name, trial, before)


def _judge(root: Path, run: Run, batch: str, trial: Trial, before: Outcome) -> Iterator[Step]:
    """Run the command on what was written; keep it, or put it back when things got worse."""
    log = journal.home(root) / run.name / LOG
    try:
        after = attempt(root, trial, log)
    except KeyboardInterrupt:
        raise _interrupted(root) from None
    yield Tried("after", after)
    back, others = gone_back(root, run), changed(root, run)
    reason = worse(before, after)
    if back and not reason:
        reason = f"the command itself took back {_some(back)}: it did not judge what was written"
    said = {**(run.trial or {}), "after": after.data(), "reason": reason}
    if not reason:
        keep(root, run.name, {**said, "changed": list(others)})
        yield Ended(batch, run.name, len(run.written), changed=others)
        return
    journal.mark(root, run, State.CHECKING, trial=said)
    if others:
        raise _meddled(run, others, reason)
    written: Written = rollback(root, run.name)
    yield Ended(batch, run.name, len(written.files), reason)


def _some(paths: Sequence[str]) -> str:
    return paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def _meddled(run: Run, paths: Sequence[str], reason: str) -> SophiaError:
    """The run is worse and could be undone only over what the command wrote: a person decides."""
    lines = [
        f"its own changes are in {_some(paths)}: take them out, then",
        f"  sophia migrate rollback {run.name}",
        "or keep a copy of them beside the journal and have all files as before the run:",
        f"  sophia migrate rollback {run.name} --force",
        "from then on name a command that leaves these files alone",
    ]
    words = f"the command made changes of its own and got worse ({reason})"
    return SophiaError(
        f"{words}: run {run.name} was not put back, nothing is lost", "\n".join(lines)
    )


def _interrupted(root: Path) -> Interrupted:
    found = journal.cut_short(root)
    if found is None:
        return Interrupted("interrupted: no run is half done", "sophia migrate status")
    return Interrupted(f"interrupted: {found.words}", found.ways_on)


def _left(options: Options, look: Look) -> Left:
    batches = _movable(options, look)
    done = [run for run in journal.runs(options.root) if run.state is State.DONE]
    moved = sum(_moved(run) for run in done)
    return Left(batches, sum(batch.sites for batch in batches) + moved)


def _moved(run: Run) -> int:
    written = {entry.path for entry in run.written}
    return sum(site["path"] in written for site in run.sites)


def next_batch(left: Left, tried: Sequence[str]) -> str:
    """The batch to go on with; "" where only those are left that were just tried."""
    return next((batch.name for batch in left.batches if batch.name not in tried), "")
