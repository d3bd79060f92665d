"""What newer versions of the tools find, as `sophia hooks update` shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sophia_cli.output import Output

if TYPE_CHECKING:
    from sophia_cli.hooks.update.trial import Trial

_RULES = 8


def show_trials(output: Output, trials: Sequence[Trial], others: Sequence[str]) -> None:
    """How much more and less each tool finds; `others` are those whose findings cannot be read."""
    if not trials and not others:
        return
    output.line()
    for trial in trials:
        output.text(f"{_title(trial)}: {_words(trial)}", hang=4)
        rules = [*trial.more, *(rule for rule in trial.fewer if rule not in trial.more)]
        rows = [
            (rule, _signed(trial.more, rule, "+"), _signed(trial.fewer, rule, "-"))
            for rule in rules
        ]
        output.table(("", "", ""), rows[:_RULES], indent=4)
        if len(rows) > _RULES:
            output.line(f"    ... {len(rows) - _RULES} more rules: --json has them all")
    if others:
        output.text(f"Not tried, since only their own hooks can read them: {', '.join(others)}")


def trial_data(trial: Trial) -> dict[str, Any]:
    """A trial for the envelope."""
    old, new = trial.bump.versions
    return {
        "tool": trial.bump.tool,
        "old": old,
        "new": new,
        "files": trial.files,
        "findings": trial.total,
        "more": dict(trial.more),
        "fewer": dict(trial.fewer),
        "error": trial.error.message if trial.error else None,
    }


def _title(trial: Trial) -> str:
    old, new = trial.bump.versions
    change = f"{old} -> {new}" if old != new else f"{old} with other packages"
    return f"{trial.bump.tool} {change}"


def _words(trial: Trial) -> str:
    if trial.error:
        return f"not tried: {trial.error.message}"
    files = f"{trial.files:,} file{'' if trial.files == 1 else 's'}"
    more, fewer = sum(trial.more.values()), sum(trial.fewer.values())
    if not more and not fewer:
        return f"finds the same {trial.total:,} in {files}"
    return f"this bump adds {_count(more)} and takes away {fewer:,}, in {files}"


def _count(number: int) -> str:
    return f"{number:,} finding{'' if number == 1 else 's'}"


def _signed(counts: Any, rule: str, sign: str) -> str:
    return f"{sign}{counts[rule]:,}" if rule in counts else ""
