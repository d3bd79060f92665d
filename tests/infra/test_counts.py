"""What SonarQube holds, at two moments."""

from __future__ import annotations

import pytest
from sonar_server import Sonar, sonar

from sophia_cli.client import Refused
from sophia_cli.errors import SophiaError
from sophia_cli.infra.counts import Counts, count, differences, must_be_same
from sophia_cli.infra.login import ADMIN, Login
from sophia_cli.infra.sonarqube import SonarQube

ONE = Counts(1, 5, {"shop": {"ncloc": "10", "violations": "5"}})


def counted(server: Sonar, patience: float = 20) -> Counts:
    with SonarQube(server.url, Login(ADMIN, server.password)) as asked:
        return count(asked, patience)


def test_projects_beyond_a_page_and_measures_beyond_what_is_given_at_once() -> None:
    projects = {f"p{n}": {"measures": {"ncloc": str(n), "lines": "0"}} for n in range(1203)}
    with sonar(projects=projects, issues=7) as server:
        found = counted(server)
    assert found == Counts(1203, 7, {f"p{n}": {"ncloc": str(n)} for n in range(1203)})


def test_it_waits_for_the_index() -> None:
    with sonar(issues=7, indexing=1) as server:
        assert counted(server) == Counts(0, 7, {})


def test_it_does_not_wait_for_ever_nor_for_anything_else() -> None:
    with sonar(indexing=10**6) as server, pytest.raises(Refused, match="Indexing of issues"):
        counted(server, 0)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (ONE, []),
        (Counts(1, 5, {**ONE.measures, "more": {"ncloc": "1"}}), []),
        (Counts(2, 4, ONE.measures), ["1 projects became 2", "5 issues became 4"]),
        (
            Counts(1, 5, {"shop": {"ncloc": "11"}}),
            ["ncloc of `shop` was 10, is 11", "violations of `shop` was 5, is nothing"],
        ),
        (
            Counts(1, 5, {}),
            ["ncloc of `shop` was 10, is nothing", "violations of `shop` was 5, is nothing"],
        ),
    ],
)
def test_what_differs(other: Counts, words: list[str]) -> None:
    assert list(differences(ONE, other)) == words


def test_many_differences_are_an_error_of_one_line() -> None:
    must_be_same(ONE, ONE)
    with pytest.raises(SophiaError) as caught:
        must_be_same(ONE, Counts(0, 0, {}))
    assert caught.value.message == (
        "SonarQube holds something else: 1 projects became 0; 5 issues became 0;"
        " ncloc of `shop` was 10, is nothing; 1 more"
    )
