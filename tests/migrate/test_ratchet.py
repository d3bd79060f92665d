"""The ratchet: which sites count, and what may come in the place of what."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import plant

from sophia_cli.migrate.baseline import Baseline, Counts
from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.pipeline import Options, take_inventory
from sophia_cli.migrate.ratchet import Checked, compare, direct_sites
from sophia_cli.migrate.site import Reason, Site, Verdict

MADE = "from openai import OpenAI\nfrom sophia_cli.llm import openai_http_client\n"
ON = MADE + "client = OpenAI(http_client=openai_http_client())\n"
OFF = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = "client.chat.completions.create(model='m', messages=[])\n"
PASSED = "from openai import OpenAI\ndef ask(client: OpenAI):\n    return client." + CALL[7:]

# What a tree holds, and what counts in it: the trees in which nothing does come first.
TREES: list[tuple[dict[str, str], Counts]] = [
    ({"a.py": "x = 'openai'\n"}, {}),
    ({"a.py": ON + CALL}, {}),
    ({"a.py": ON, "b.py": "from a import client\n" + CALL}, {}),
    ({"a.py": ON, "b.py": PASSED}, {}),
    ({"tests/test_a.py": OFF + CALL, "archive/a.py": OFF}, {}),
    ({"a.md": "```python\nclient = OpenAI()\n```\n"}, {}),
    ({"a.py": PASSED}, {"a.py": {"calls": 1}}),
    ({"a.py": OFF + CALL + CALL}, {"a.py": {"openai_client": 1, "calls": 2}}),
    (
        {"a.py": OFF, "b.py": "from a import client\n" + CALL, "c.py": PASSED},
        {"a.py": {"openai_client": 1}, "b.py": {"calls": 1}},
    ),
    ({"a.py": "import openai\nopenai.ChatCompletion.create()\n"}, {"a.py": {"calls": 1}}),
]


@pytest.mark.parametrize(("files", "counts"), TREES)
def test_what_counts(tmp_path: Path, files: dict[str, str], counts: Counts) -> None:
    sites = take_inventory(Options(plant(tmp_path, files))).sites
    assert _counts(sites, Choice()) == counts


def test_tests_and_pages_count_when_they_are_named(tmp_path: Path) -> None:
    sites = take_inventory(Options(plant(tmp_path, TREES[4][0] | TREES[5][0]))).sites
    assert _counts(sites, Choice(include=("tests/*", "*.md"))) == {
        "a.md": {"markdown": 1},
        "tests/test_a.py": {"calls": 1, "openai_client": 1},
    }


def _counts(sites: tuple[Site, ...], choice: Choice) -> Counts:
    direct = direct_sites(sites, choice.counts)
    return {path: {rule: len(of) for rule, of in rules.items()} for path, rules in direct.items()}


def site(path: str, line: int) -> Site:
    return Site("calls", Verdict.REPORT, Reason("r", "r"), path, line, 1, "openai", "create")


def check(now: dict[str, int], before: Counts, *there: str, **words: object) -> Checked:
    direct = {
        path: {"calls": tuple(site(path, n + 1) for n in range(count))}
        for path, count in now.items()
    }
    exists = {*now, *there}.__contains__
    return compare(direct, Baseline(Path("b"), before), exists=exists, **words)  # type: ignore[arg-type]


def grown(checked: Checked) -> list[tuple[str, int, int]]:
    return [(one.path, one.allowed, len(one.sites)) for one in checked.increases]


def test_the_same_or_less_passes_and_only_the_less_is_kept() -> None:
    checked = check(
        {"a.py": 2, "b.py": 1},
        {"a.py": {"calls": 2}, "b.py": {"calls": 3}, "c.py": {"x": 1}},
        "c.py",
    )
    assert grown(checked) == [] and checked.moved == ()
    assert checked.lowered == {"a.py": {"calls": 2}, "b.py": {"calls": 1}} == checked.raised
    assert (checked.found, checked.allowed) == (3, 6)


def test_one_more_in_one_file_is_not_made_good_by_one_less_in_another() -> None:
    checked = check({"a.py": 3, "b.py": 1}, {"a.py": {"calls": 2}, "b.py": {"calls": 2}})
    assert grown(checked) == [("a.py", 2, 3)] and checked.more == 1
    assert checked.lowered == {"a.py": {"calls": 2}, "b.py": {"calls": 1}}
    assert checked.raised == {"a.py": {"calls": 3}, "b.py": {"calls": 1}}


def test_one_less_of_a_rule_is_not_one_more_of_another() -> None:
    assert grown(check({"a.py": 1}, {"a.py": {"openai_client": 5}})) == [("a.py", 0, 1)]


RENAMES: list[tuple[dict[str, int], dict[str, int], list[str], list[tuple[str, str]]]] = [
    ({"new.py": 2}, {"old.py": 2}, [], [("old.py", "new.py")]),
    ({"new.py": 1}, {"old.py": 2}, [], [("old.py", "new.py")]),
    ({"new.py": 2}, {"old.py": 2}, ["old.py"], []),  # it is still there
    ({"new.py": 3}, {"old.py": 2}, [], []),  # more than moved
    (
        {"x/a.py": 1, "y/b.py": 1},
        {"a.py": 1, "b.py": 1},
        [],
        [("a.py", "x/a.py"), ("b.py", "y/b.py")],
    ),
    (
        {"x/b.py": 1, "y/a.py": 1},
        {"a.py": 1, "b.py": 1},
        [],
        [("a.py", "y/a.py"), ("b.py", "x/b.py")],
    ),
    ({"x.py": 1, "y.py": 1}, {"old.py": 2}, [], [("old.py", "x.py")]),  # one file for one
]


@pytest.mark.parametrize(("now", "before", "there", "moved"), RENAMES)
def test_a_file_that_moved_keeps_its_counts(
    now: dict[str, int], before: dict[str, int], there: list[str], moved: list[tuple[str, str]]
) -> None:
    counts = {path: {"calls": count} for path, count in before.items()}
    checked = check(now, counts, *there)
    assert list(checked.moved) == moved
    taken = {new for _, new in moved}
    assert grown(checked) == [(path, 0, now[path]) for path in now if path not in taken]
    assert checked.lowered == {path: {"calls": now[path]} for path in taken}


def test_files_that_are_not_asked_for_or_not_read_keep_their_counts() -> None:
    before = {"a.py": {"calls": 1}, "b.py": {"calls": 1}, "broken.py": {"calls": 4}}
    checked = check({"a.py": 2, "b.py": 2}, before, "broken.py", among="a.py".__eq__)
    assert grown(checked) == [("a.py", 1, 2)]
    assert checked.lowered == before
    assert checked.raised == {**before, "a.py": {"calls": 2}}
    checked = check({"a.py": 1}, before, unread="broken.py".__eq__)
    assert checked.lowered == {"a.py": {"calls": 1}, "broken.py": {"calls": 4}}
