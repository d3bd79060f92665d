"""Which part of a code base a path belongs to."""

from __future__ import annotations

import pytest

from sophia_cli.migrate.parts import PARTS, part_named, part_of
from sophia_cli.migrate.site import Category

SOURCE: list[tuple[str, str]] = [
    ("shop/summaries.py", "other"),
    ("main.py", "other"),
    ("reagents/a.py", "other"),
    ("robots/a.py", "other"),
    ("agency/a.py", "other"),
    ("backend/agents/core/base.py", "agent"),
    ("backend/Agents/base.py", "agent"),
    ("backend/sales_agents/base.py", "agent"),
    ("backend/sales-agent/base.py", "agent"),
    ("backend/sales_agent.py", "agent"),
    ("backend/services/agents/a.py", "agent"),
    ("backend/agents/services/a.py", "service"),
    ("backend/services/sales_agent.py", "service"),
    ("backend/llm_service.py", "service"),
    ("flows/daily.py", "workflow"),
    ("integrations/gong.py", "integration"),
    ("api/routes/chat.py", "api"),
    ("scripts/load.py", "script"),
    ("examples/a.py", "example"),
    ("examples/a.ipynb", "notebook"),
    ("agents/a.IPYNB", "notebook"),
]


@pytest.mark.parametrize(("path", "part"), SOURCE)
def test_a_part_is_read_from_the_path(path: str, part: str) -> None:
    assert part_of(path, Category.SOURCE) == part
    assert part in PARTS


@pytest.mark.parametrize("category", [kind for kind in Category if kind is not Category.SOURCE])
def test_what_is_no_source_is_a_part_of_its_own(category: Category) -> None:
    assert part_of("agents/a.py", category) == str(category)
    assert str(category) in PARTS


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("agent", "agent"),
        ("Agents", "agent"),
        ("services", "service"),
        ("documentation", "documentation"),
        ("other", "other"),
        ("s", None),
        ("gents", None),
        ("", None),
    ],
)
def test_a_part_is_named_by_one_or_by_many(word: str, part: str | None) -> None:
    assert part_named(word) == part
