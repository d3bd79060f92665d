"""Which findings are new: those that no earlier version has as often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sophia_cli.hooks.finding import FORMAT, UNPARSED, Finding, Fingerprint

Lines = Callable[[str], frozenset[int]]  # the lines of a file that no earlier version has
Allowed = Mapping[Fingerprint, int]


@dataclass(frozen=True)
class Compared:
    """`new` findings, and those that `stay`; `fixed` is how many there were before and are not now."""

    new: tuple[Finding, ...] = ()
    stay: tuple[Finding, ...] = ()
    fixed: int = 0


def allowed(versions: Iterable[Iterable[Finding]]) -> Allowed:
    """What is old: each finding as often as the version has it that has it most often."""
    most: Counter[Fingerprint] = Counter()
    for findings in versions:
        most |= Counter(finding.fingerprint for finding in findings)
    return most


def compare(found: Sequence[Finding], old: Allowed, changed: Lines) -> Compared:
    """Tell the new findings of files that were touched from those that stay.

    Of several that are alike the new ones are those on changed lines. Where the old version could
    not be parsed, or was not formatted, only what is on changed lines is new. A file that cannot be
    parsed is never let through.
    """
    groups: dict[Fingerprint, list[Finding]] = defaultdict(list)
    for finding in found:
        groups[finding.fingerprint].append(finding)
    dark = {(tool, path) for tool, rule, path, _ in old if rule == UNPARSED}
    rough = {path for tool, rule, path, _ in old if rule == FORMAT}
    new: list[Finding] = []
    for fingerprint, group in groups.items():
        tool, rule, path, _ = fingerprint
        if rule == UNPARSED:
            new += group
            continue
        count = len(group) - old.get(fingerprint, 0)
        if count <= 0:
            continue
        if count < len(group):
            group = sorted(group, key=lambda one: not _on(one, changed(path)))[:count]
        if (tool, path) in dark or (rule == FORMAT and path in rough):
            group = [one for one in group if _on(one, changed(path))]
        new += group
    stay = list((Counter(found) - Counter(new)).elements())
    now = Counter(finding.fingerprint for finding in found)
    fixed = sum((Counter(dict(old)) - now).values())
    return Compared(told(new), tuple(sorted(stay, key=lambda one: one.order)), fixed)


def told(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """As people are told: one finding for all that Black would change in a file, and one for a
    file that cannot be parsed, however many tools say so."""
    kept: dict[object, Finding] = {}
    rough: dict[str, list[Finding]] = defaultdict(list)
    for index, finding in enumerate(findings):
        if finding.rule == UNPARSED:
            first = kept.setdefault((UNPARSED, finding.path), finding)
            if first.line == 1 and finding.line > 1:
                kept[UNPARSED, finding.path] = finding
        elif finding.rule == FORMAT:
            rough[finding.path].append(finding)
        else:
            kept[index] = finding
    for path, stretches in rough.items():
        stretches.sort(key=lambda one: one.order)
        kept[FORMAT, path] = replace(stretches[0], message=_places(stretches))
    return tuple(sorted(kept.values(), key=lambda one: one.order))


def _places(stretches: Sequence[Finding]) -> str:
    words = [
        str(one.line) if one.end <= one.line else f"{one.line}-{one.end}" for one in stretches[:4]
    ]
    more = f" and {len(stretches) - 4} more" if len(stretches) > 4 else ""
    return f"would be reformatted: {', '.join(words)}{more}"


def _on(finding: Finding, lines: frozenset[int]) -> bool:
    """Whether it stands on changed lines; what is missing before a line may be a fault of the one above."""
    first = finding.line - 1 if finding.rule == FORMAT else finding.line
    return not lines.isdisjoint(range(first, max(finding.end, finding.line) + 1))
