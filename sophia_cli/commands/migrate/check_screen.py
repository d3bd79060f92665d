"""The screen of `sophia migrate check`."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli import __version__
from sophia_cli.counted import counted
from sophia_cli.migrate.baseline import Baseline, Counts
from sophia_cli.migrate.ratchet import UNREAD, Checked, count_calls
from sophia_cli.output import Output

_HEAD = 8


@dataclass(frozen=True)
class Ways:
    """The commands to go on with: one shows the calls, one writes the counts, one shows all of it."""

    look: str
    update: str
    whole: str


def show_check(
    output: Output,
    checked: Checked,
    known: Baseline,
    file: str,
    written: Counts | None,
    ways: Ways,
    *,
    failed: bool,
) -> None:
    """What the check found; `written` are the counts that the baseline has from now on, if it does."""
    output.envelope("migrate check", _data(checked, known, file, written, failed))
    output.line(_head(checked, known, failed))
    for old, new in checked.moved:
        output.line(f"  moved  {old} is now {new}")
    passed = [item for item in checked.unseen if not failed or item.path not in checked.unread]
    for item in passed[:_HEAD]:
        output.line(f"  not looked at  {item.path}: {item.reason}")
    if len(passed) > _HEAD:
        output.line(f"  ... {len(passed) - _HEAD:,} more are in:  {ways.whole}")
    if failed:
        _show_increases(output, checked)
    if written is not None and written != known.counts:
        output.line(f"{file} now allows {_calls(count_calls(written))}.")
    if failed:
        _show_ways_on(output, known, ways)
    elif written is None and checked.found < checked.allowed:
        output.line(f"Next:  {ways.update}, so that they stay gone")


def _show_ways_on(output: Output, known: Baseline, ways: Ways) -> None:
    if known.path is None:
        output.line(f"Next:  {ways.look}      or, to allow those there are and no more:")
        output.line(f"       {ways.update}")
        return
    if known.written_by != __version__:
        words = f"The baseline is of sophia {known.written_by}, this is {__version__}"
        output.line(f"{words}: it may know more.")
    output.line(f"Next:  {ways.look}      or, to allow them:")
    output.line(f"       {ways.update} --accept-new")


def _head(checked: Checked, known: Baseline, failed: bool) -> str:
    if known.path is None:
        there = f"{_calls(checked.found)}, and no baseline"
    else:
        there = f"{_calls(checked.found)}, the baseline allows {checked.allowed:,}"
    if not failed:
        return f"{there}."
    unread = f"{counted(len(checked.unread), 'file')} not looked at" if checked.unread else ""
    new = f"{checked.more:,} new in {_files(checked)}" if known.path else "none is allowed"
    return f"{there}: {', '.join(filter(None, (new if checked.more else '', unread)))}."


def _show_increases(output: Output, checked: Checked) -> None:
    output.line()
    new = [site for increase in checked.increases for site in increase.new]
    rows = [
        (site.path if site.rule == UNREAD else site.place, site.operation, site.rule)
        for site in sorted(new, key=lambda site: site.key)
    ]
    output.places(rows)
    for increase in checked.increases:
        if not increase.new:
            words = f"{len(increase.sites)} of {increase.rule}, {increase.allowed} allowed"
            lines = ", ".join(str(site.line) for site in increase.sites)
            output.line(f"  {increase.path}: {words}; lines {lines}")
    output.line()


def _calls(count: int) -> str:
    return counted(count, "direct call")


def _files(checked: Checked) -> str:
    paths = {increase.path for increase in checked.increases if increase.rule != UNREAD}
    return counted(len(paths), "file")


def _data(
    checked: Checked, known: Baseline, file: str, written: Counts | None, failed: bool
) -> dict[str, object]:
    return {
        "passed": not failed,
        "baseline": file,
        "exists": known.path is not None,
        "found": checked.found,
        "allowed": checked.allowed,
        "new": checked.more,
        "increases": [increase.data() for increase in checked.increases],
        "moved": [{"from": old, "to": new} for old, new in checked.moved],
        "not_looked_at": [{"path": i.path, "reason": i.reason} for i in checked.unseen],
        "written": written,
    }
