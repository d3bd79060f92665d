"""Which versions are chosen, and the reason of each that is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sophia_cli.hooks.update.fit import Rules, clash, newest, objection
from sophia_cli.hooks.update.release import Release
from sophia_cli.hooks.update.semver import version

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = Rules(NOW, timedelta(days=7), "3.11.7", "20.20.2")


def release(text: str, days: float = 100, **more: Any) -> Release:
    return Release(text, version(text), NOW - timedelta(days=days), **more)


def releases(*texts: str, **peers: str) -> list[Release]:
    return [release(text, peers=peers) for text in texts]


@pytest.mark.parametrize(
    "one",
    [
        release("1.0.0", 7),
        release("1.0.0", python=">=3.8"),
        release("1.0.0", python=">=3.12 || >=3.9,<3.12"),
        release("1.0.0", python="a word of nobody's"),
        release("1.0.0", node="^20.19.0 || >=24"),
        release("1.0.0", node="unknown"),
    ],
)
def test_what_is_taken(one: Release) -> None:
    assert objection(one, RULES) == ""


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (release("1.0.0", 6.9), "is 6 days old, the cooldown is 7"),
        (release("1.0.0", 1.5), "is 1 day old, the cooldown is 7"),
        (release("1.0.0", 0.5), "is less than a day old, the cooldown is 7"),
        (Release("1.0.0", version("1.0.0")), "has no date, so its age is not known"),
        (release("1.0.0", withdrawn="yanked: broken"), "is yanked: broken"),
        (release("1.0.0", python=">=3.12"), "needs Python >=3.12, the hook runs on 3.11.7"),
        (release("1.0.0", node=">=22.22.1"), "needs Node >=22.22.1, this is 20.20.2"),
    ],
)
def test_what_is_not_taken(one: Release, why: str) -> None:
    assert objection(one, RULES) == why


def test_a_python_of_which_only_the_minor_is_known() -> None:
    rules = Rules(NOW, timedelta(0), "3.11")
    assert objection(release("1.0.0", python=">=3.11.4"), rules) == ""
    assert objection(release("1.0.0", python=">=3.12"), rules)


def chosen(offers: dict[str, list[Release]]) -> dict[str, str] | None:
    found = newest(offers)
    return found and {name: one.version for name, one in found.items()}


def test_what_nobody_binds_is_the_newest() -> None:
    assert chosen(
        {"globals": releases("1.0.0", "2.0.0"), "eslint": releases("9.0.0", "10.0.0")}
    ) == {
        "globals": "2.0.0",
        "eslint": "10.0.0",
    }


def test_typescript_stays_below_what_its_reader_takes() -> None:
    offers = {
        "typescript": releases("5.9.3", "6.0.3", "7.0.2"),
        "eslint": releases("10.15.0"),
        "typescript-eslint": [
            release("8.0.0", peers={"typescript": ">=4.8.4"}),
            release("8.73.0", peers={"typescript": ">=4.8.4 <6.1.0", "eslint": "^9 || ^10"}),
        ],
    }
    assert chosen(offers) == {
        "typescript": "6.0.3",
        "eslint": "10.15.0",
        "typescript-eslint": "8.73.0",
    }
    found = newest(offers)
    assert found and clash(found, "typescript", offers["typescript"][-1]) == (
        "typescript-eslint 8.73.0 takes typescript >=4.8.4 <6.1.0"
    )


def test_eslint_stays_where_a_plugin_stopped() -> None:
    offers = {
        "eslint": releases("9.39.1", "10.15.0"),
        "@eslint/js": [release("9.39.1"), release("10.0.1", peers={"eslint": "^10.0.0"})],
        "eslint-plugin-react": [release("7.37.5", peers={"eslint": "^3 || ^9.7"})],
    }
    assert chosen(offers) == {
        "eslint": "9.39.1",
        "@eslint/js": "9.39.1",
        "eslint-plugin-react": "7.37.5",
    }


def test_where_nothing_fits() -> None:
    offers = {"a": [release("1.0.0", peers={"b": "^2"})], "b": releases("1.0.0", "3.0.0")}
    assert newest(offers) is None


def test_a_search_without_an_end_is_given_up() -> None:
    many = [f"1.0.{number}" for number in range(400)]
    offers = {name: [release(one, peers={"z": "^2"}) for one in many] for name in "abc"}
    assert newest({**offers, "z": releases("1.0.0")}) is None
