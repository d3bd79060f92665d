"""`[budgets]`: what it may say, one line for each thing that is wrong with it, and which calls it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sophia_cli.llm import ConfigError, load_config
from sophia_cli.llm.budgets.budget import Budget, facts_of
from sophia_cli.llm.call import Labels

CHOICES = "team, service, task, data_class, user, key, provider, model"
RIGHT = {
    "nothing": ("", ()),
    "a limit alone": (
        "[budgets.all]\nlimit = 50\n",
        (Budget("all", 50 * 10**9, "month", {}, "", (0.5, 0.8, 1.0), "warn", True),),
    ),
    "nothing may be spent": ("[budgets.all]\nlimit = 0\n", (Budget("all", 0),)),
    "less than a cent": ("[budgets.all]\nlimit = 0.000000001\n", (Budget("all", 1),)),
    "everything": (
        "[budgets.data-team]\nlimit = 75.25\nper = 'day'\nteam = 'data'\nservice = 's'\n"
        "task = 'bulk'\ndata_class = 'c'\nuser = 'u'\nkey = 'K'\nprovider = 'p'\nmodel = 'm'\n"
        "each = 'user'\nwarn = [1, 0.25]\nunpriced = 'refuse'\nstop = false\n",
        (
            Budget(
                "data-team",
                75_250_000_000,
                "day",
                {
                    "team": "data", "service": "s", "task": "bulk", "data_class": "c",
                    "user": "u", "key": "K", "provider": "p", "model": "m",
                },
                "user",
                (0.25, 1.0),
                "refuse",
                False,
            ),
        ),
    ),
    "no warning": ("[budgets.all]\nlimit = 1\nwarn = []\n", (Budget("all", 10**9, warn=()),)),
    "two, in order": (
        "[budgets.b]\nlimit = 1\n[budgets.a]\nlimit = 2\n",
        (Budget("b", 10**9), Budget("a", 2 * 10**9)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_a_budget_may_say(tmp_path: Path, name: str) -> None:
    text, budgets = RIGHT[name]
    (tmp_path / "sophia.toml").write_text(text)
    assert load_config({}, tmp_path).budgets == budgets


LIMIT = "[budgets.all]\nlimit = 1\n"
WRONG = {
    "a figure for a table": (
        "[budgets]\nall = 50\n",
        "[budgets.all] must be a table",
        '[budgets.all]  limit = 50  per = "month"',
    ),
    "a list for a table": (
        "budgets = [50]\n",
        "[budgets] must be a table",
        "write it as [budgets]",
    ),
    "a name with a slash": (
        '[budgets."a/b"]\nlimit = 1\n',
        "[budgets.a/b] the name of a budget has no '/'",
        "",
    ),
    "no limit": (
        "[budgets.all]\nper = 'day'\n",
        "[budgets.all] limit must be USD, not None",
        "such as limit = 75.0",
    ),
    "a limit in words": (
        "[budgets.all]\nlimit = '$50'\n",
        "[budgets.all] limit must be USD, not '$50'",
        "such as limit = 75.0",
    ),
    "a truth for a limit": (
        "[budgets.all]\nlimit = true\n",
        "[budgets.all] limit must be USD, not True",
        "such as limit = 75.0",
    ),
    "less than nothing": (
        "[budgets.all]\nlimit = -0.01\n",
        "[budgets.all] limit must be USD, not -0.01",
        "such as limit = 75.0",
    ),
    "no number": (
        "[budgets.all]\nlimit = nan\n",
        "[budgets.all] limit must be USD, not nan",
        "such as limit = 75.0",
    ),
    "without end": (
        "[budgets.all]\nlimit = inf\n",
        "[budgets.all] limit must be USD, not inf",
        "such as limit = 75.0",
    ),
    "more than there is": (
        "[budgets.all]\nlimit = 1000000001\n",
        "[budgets.all] limit must be USD, not 1000000001",
        "such as limit = 75.0",
    ),
    "an unknown key": (
        f"{LIMIT}window = 'day'\n",
        "[budgets.all] has no key 'window'",
        f"allowed: limit, per, each, warn, unpriced, stop, {CHOICES}",
    ),
    "an unknown window": (
        f"{LIMIT}per = 'week'\n",
        "[budgets.all] per = 'week' is not known",
        "allowed: day, month",
    ),
    "a window that is none": (
        f"{LIMIT}per = 1\n",
        "[budgets.all] per = 1 is not known",
        "allowed: day, month",
    ),
    "each of what is no label": (
        f"{LIMIT}each = 'session'\n",
        "[budgets.all] each = 'session' is not known",
        f"allowed: {CHOICES}",
    ),
    "each of several": (
        f"{LIMIT}each = ['team', 'user']\n",
        "[budgets.all] each = ['team', 'user'] is not known",
        f"allowed: {CHOICES}",
    ),
    "each of nothing": (
        f"{LIMIT}each = ''\n",
        "[budgets.all] each = '' is not known",
        f"allowed: {CHOICES}",
    ),
    "a list for a selector": (
        f"{LIMIT}team = ['a', 'b']\n",
        "[budgets.all] team must be a string, not ['a', 'b']",
        "",
    ),
    "a figure for a selector": (
        f"{LIMIT}user = 7\n",
        "[budgets.all] user must be a string, not 7",
        "",
    ),
    "one share": (
        f"{LIMIT}warn = 0.8\n",
        "[budgets.all] warn must be a list of shares of the limit, not 0.8",
        "such as warn = [0.5, 0.8, 1.0]",
    ),
    "per cent for shares": (
        f"{LIMIT}warn = [80]\n",
        "[budgets.all] warn must be a list of shares of the limit, not [80]",
        "such as warn = [0.5, 0.8, 1.0]",
    ),
    "a share of nothing": (
        f"{LIMIT}warn = [0]\n",
        "[budgets.all] warn must be a list of shares of the limit, not [0]",
        "such as warn = [0.5, 0.8, 1.0]",
    ),
    "truths for shares": (
        f"{LIMIT}warn = [true]\n",
        "[budgets.all] warn must be a list of shares of the limit, not [True]",
        "such as warn = [0.5, 0.8, 1.0]",
    ),
    "an unknown policy": (
        f"{LIMIT}unpriced = 'free'\n",
        "[budgets.all] unpriced = 'free' is not known",
        "allowed: allow, warn, refuse",
    ),
    "a policy that is a truth": (
        f"{LIMIT}unpriced = false\n",
        "[budgets.all] unpriced = False is not known",
        "allowed: allow, warn, refuse",
    ),
    "words for a truth": (
        f"{LIMIT}stop = 'no'\n",
        "[budgets.all] stop must be true or false, not 'no'",
        "",
    ),
    "a figure for a truth": (
        f"{LIMIT}stop = 0\n",
        "[budgets.all] stop must be true or false, not 0",
        "",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_one_line_and_its_mend(tmp_path: Path, name: str) -> None:
    text, message, mend = WRONG[name]
    (tmp_path / "sophia.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({}, tmp_path)
    place, _, said = caught.value.message.partition(": ")
    assert place.rpartition(":")[0] == f"{tmp_path}/sophia.toml"
    assert (said, caught.value.mend) == (message, mend)


FACTS = facts_of(Labels(team="data", service="shop", task="bulk"), "p", "m", "P_KEY")
SCOPES = [
    ({}, "", "b"),
    ({"team": "data"}, "", "b"),
    ({"team": "web"}, "", ""),
    ({"team": "data", "model": "m", "key": "P_KEY"}, "", "b"),
    ({"team": "data", "model": "n"}, "", ""),
    ({"user": ""}, "", "b"),
    ({}, "team", "b/data"),
    ({}, "user", "b/"),
    ({"team": "web"}, "team", ""),
    ({"provider": "p"}, "model", "b/m"),
]


@pytest.mark.parametrize(("match", "each", "account"), SCOPES)
def test_which_account_a_call_is_booked_on(match: dict[str, str], each: str, account: str) -> None:
    assert Budget("b", 1, match=match, each=each).scope(FACTS) == account


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


WINDOWS = [
    ("day", "2026-11-24T00:00:00", "2026-11-24"),
    ("day", "2026-11-24T23:59:59.999", "2026-11-24"),
    ("day", "2028-02-29T12:00:00", "2028-02-29"),
    ("month", "2026-12-31T23:59:59.999", "2026-12"),
    ("month", "2027-01-01T00:00:00", "2027-01"),
]


@pytest.mark.parametrize(("per", "now", "window"), WINDOWS)
def test_days_and_months_are_of_utc(per: str, now: str, window: str) -> None:
    assert Budget("b", 1, per=per).window(moment(now)) == window
