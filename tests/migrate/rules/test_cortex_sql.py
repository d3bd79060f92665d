"""SQL that asks Cortex for a model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

SQL = "SELECT SNOWFLAKE.CORTEX.COMPLETE('mistral-large', prompt) FROM t"
NOT_OURS = {
    "a docstring": f'def f():\n    """{SQL}"""\n',
    "a string by itself": f'"""Cortex."""\n"{SQL}"\n',
    "a comment": f'# session.sql("{SQL}")\n',
    "a comment of SQL": "session.sql('''SELECT 1 -- SNOWFLAKE.CORTEX.COMPLETE('m', x)\n''')\n",
    "a block comment of SQL": "session.sql('SELECT /* AI_COMPLETE(1) */ 1')\n",
    "a name without a call": "session.sql('GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER')\n",
    "a permission": "WORDS = ['SNOWFLAKE.CORTEX.COMPLETE', 'AI_COMPLETE']\n",
    "a function of one's own": "session.sql('SELECT MAIN_COMPLETE(x), XAI_COMPLETE(x)')  # cortex\n",
    "another schema": "session.sql('SELECT MY.CORTEX.COMPLETE(x)')\n",
    "what is looked for": f'assert "{SQL}" in text\n',
    "what is printed": f'print("{SQL}")\n',
    "what is logged": f'log.info("{SQL}")\n',
    "what is raised": f'raise ValueError("{SQL}")\n',
    "a help text": f'add_argument("--x", help="{SQL}")\n',
    "prose": 'text = "AI_COMPLETE(...) answers in the warehouse"\n',
    "longer prose": 'text = "AI_COMPLETE(x) answers with what you create"\n',
    "a method of that name": "def ai_complete(x): ...\n\n\nai_complete('SELECT 1')\n",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"app.py": text})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


OLD = "SNOWFLAKE.CORTEX.COMPLETE is deprecated: AI_COMPLETE replaces it"
UNSEEN = "; where it is run cannot be seen"
FOUND = {
    "executed": (f'cur.execute("{SQL}")\n', ("mistral-large", OLD)),
    "a name that is executed": (f'q = "{SQL}"\ncur.execute(q)\n', ("mistral-large", OLD)),
    "wrapped": (f'q = "{SQL}"\nawait_ = db.fetch(text(q))\n', ("mistral-large", OLD)),
    "formatted": (f'cur.execute("{SQL} WHERE {{}}".format(x))\n', ("mistral-large", OLD)),
    "an f-string": (
        "session.sql(f\"select snowflake.cortex.complete('{model}', '{x}')\").collect()\n",
        (None, OLD),
    ),
    "in a class": (
        f'class A:\n    Q = "{SQL}"\n\n    def f(self):\n        self.c.execute(self.Q)\n',
        ("mistral-large", OLD),
    ),
    "newer": (
        "cur.execute(\"SELECT AI_CLASSIFY(x, ['a'])\")\n",
        (None, "AI_CLASSIFY calls a model in SQL"),
    ),
    "newer, with names": (
        "cur.execute(\"SELECT AI_COMPLETE(model => 'claude-4-sonnet', prompt => x)\")\n",
        ("claude-4-sonnet", "AI_COMPLETE calls a model in SQL"),
    ),
    "returned": (f'def f():\n    return "{SQL}"\n', ("mistral-large", OLD + UNSEEN)),
    "a comment after it": (
        "cur.execute('''SELECT AI_AGG(x, 'sum')  -- AI_COMPLETE(x)\n''')\n",
        (None, "AI_AGG calls a model in SQL"),
    ),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: tuple[str | None, str]) -> None:
    plant(tmp_path, {"app.py": text})
    (site,) = look(tmp_path).sites
    assert (site.model, site.reason.words) == expected
    assert (str(site.verdict), site.rule, site.provider) == ("report-only", "cortex_sql", "cortex")
