"""What SonarQube holds, counted so that two moments can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep

from sophia_cli.client import Refused
from sophia_cli.errors import SophiaError
from sophia_cli.infra.sonarqube import SonarQube

_METRICS = ("ncloc", "violations", "security_hotspots", "coverage", "duplicated_lines_density")
_AT_ONCE = 100  # projects that the server gives measures of
_LOOK = 1.0  # seconds


@dataclass(frozen=True)
class Counts:
    """How many projects and issues there are, and the measures of each project by metric."""

    projects: int
    issues: int
    measures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def count(server: SonarQube, patience: float) -> Counts:
    """Count, waiting `patience` seconds at most while the server still builds its index. Raises SophiaError."""
    keys = server.projects()
    until = monotonic() + patience
    while True:
        try:
            issues = server.issue_count()
            break
        except Refused as error:
            # After a restore: "Results are temporarily unavailable. Indexing of issues is in progress."
            if "ndexing" not in error.words or monotonic() > until:
                raise
            sleep(_LOOK)
    measures: dict[str, dict[str, str]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        measures.update(server.measures(keys[start : start + _AT_ONCE], _METRICS))
    return Counts(len(keys), issues, measures)


def differences(before: Counts, after: Counts) -> Iterator[str]:
    """In words, where the second differs from the first."""
    for what, one, other in (
        ("projects", before.projects, after.projects),
        ("issues", before.issues, after.issues),
    ):
        if one != other:
            yield f"{one} {what} became {other}"
    for project, measures in before.measures.items():
        found = after.measures.get(project, {})
        for metric, value in measures.items():
            if found.get(metric, "nothing") != value:
                yield f"{metric} of `{project}` was {value}, is {found.get(metric, 'nothing')}"


def must_be_same(before: Counts, after: Counts) -> None:
    """Raises SophiaError with the first differences."""
    found = list(differences(before, after))
    if found:
        more = f"; {len(found) - 3} more" if len(found) > 3 else ""
        raise SophiaError(f"SonarQube holds something else: {'; '.join(found[:3])}{more}")
