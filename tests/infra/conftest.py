"""Servers that exist already, with the tokens that let somebody in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from grafana_server import Account, Grafana, grafana
from sonar_server import Sonar, sonar
from theirs import TOKENS


@pytest.fixture
def quality() -> Iterator[Sonar]:
    with sonar(password="theirs", user_tokens=(TOKENS["sonarqube"],)) as made:
        yield made


@pytest.fixture
def metrics() -> Iterator[Grafana]:
    account = Account("theirs", "Admin", {1: ("theirs", TOKENS["grafana"], None)})
    with grafana(password="theirs", accounts={1: account}, last_id=1) as made:
        yield made
