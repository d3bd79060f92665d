"""Files of SQL that ask Cortex for a model: what only looks like it first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from trees import apply, contents, look, plant

from sophia_cli.migrate.change import Choice
from sophia_cli.migrate.inventory import Options, take_inventory
from sophia_cli.migrate.ratchet import direct_sites, holds, unread_sites

NOT_OURS = {
    "a comment": "SELECT 1 -- SNOWFLAKE.CORTEX.COMPLETE('m', x)\n;",
    "a comment in slashes": "// AI_COMPLETE('m', x)\nSELECT 1;",
    "a comment in a block": "/* once:\nSELECT AI_COMPLETE('m', x) */ SELECT 1;",
    "a block that never ends": "SELECT 1; /* AI_COMPLETE('m', x)",
    "a comment of a template": "{# AI_COMPLETE('m', x) #} SELECT 1",
    "a string": "SELECT 'AI_COMPLETE(x)';",
    "a string with quotes": "SELECT 'it''s AI_COMPLETE(x)', 'a \\' AI_FILTER(x)';",
    "a name in quotes": 'SELECT 1 AS "AI_COMPLETE(x)";',
    "a comment with an apostrophe": "-- don't\nSELECT 1; -- AI_COMPLETE('m', 'x')\n",
    "another schema": 'SELECT MINE.CORTEX.COMPLETE(x), PUBLIC.AI_COMPLETE(x), "A".AI_FILTER(x);',
    "a longer name": "SELECT AI_COMPLETE_LOG(x), MY_AI_COMPLETE(x), AI_COMPLETED(x);",
    "a function of one's own": "CREATE OR REPLACE FUNCTION AI_COMPLETE(x VARCHAR) RETURNS INT AS '1';",
    "a function that goes": "DROP FUNCTION IF EXISTS AI_FILTER(VARCHAR);",
    "a permission": "GRANT USAGE ON FUNCTION SNOWFLAKE.CORTEX.COMPLETE(VARCHAR) TO ROLE r;",
    "a table": "CREATE TABLE IF NOT EXISTS AI_EMBED (id INT); INSERT INTO ai_embed (id) VALUES (1);",
    "a part with a name": "WITH ai_extract (a) AS (SELECT 1) SELECT a FROM ai_extract;",
    "a name without a call": "SELECT ai_complete FROM t; GRANT ROLE SNOWFLAKE.CORTEX_USER TO ROLE r;",
    "a comment in a body": "CREATE PROCEDURE p() AS $$ BEGIN -- AI_COMPLETE(x)\nEND $$;",
    "a remark in a program": (
        "CREATE FUNCTION f() LANGUAGE PYTHON AS $$\n# session.sql('SELECT AI_COMPLETE(x)')\n1\n$$;"
    ),
    "another name in quotes": 'SELECT \'a\' AS "x AI_COMPLETE"(x), "Snowflake"."Cortex"."Complete"(x);',
    "another schema in use": "USE SCHEMA SNOWFLAKE.CORTEX; USE SCHEMA MINE.APP; SELECT COMPLETE(x);",
    "another schema of the database in use": "USE DATABASE MINE; USE SCHEMA CORTEX; SELECT SUMMARIZE(x);",
    "a schema that is only spoken of": "-- USE SCHEMA SNOWFLAKE.CORTEX;\nSELECT COMPLETE(x), 1;",
    "a method in a schema in use": "USE SNOWFLAKE.CORTEX; SELECT MINE.COMPLETE(x);",
    "a text in what is run": "EXECUTE IMMEDIATE 'SELECT ''AI_COMPLETE(x)'' -- AI_FILTER(x)';",
    "a text beside what is run": "LET a := 'AI_COMPLETE(x)'; EXECUTE IMMEDIATE 'SELECT 1';",
    "a text in a template": "{{ log('AI_COMPLETE(x)') }} SELECT 1",
    "a comment after an address": "PUT file:///tmp/a @s; // AI_COMPLETE(x)\n",
    "a description": "COMMENT ON TABLE t IS 'made by AI_COMPLETE(x)';",
}


@pytest.mark.parametrize("text", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_leaves_alone(tmp_path: Path, text: str) -> None:
    plant(tmp_path, {"a.sql": text})
    before = contents(tmp_path)
    assert apply(tmp_path, review=True).sites == ()
    assert contents(tmp_path) == before


FOUND = {
    "deprecated": (
        "SELECT id,\n  snowflake.cortex.complete('mistral-large', p) FROM t;",
        [(2, 3, "SNOWFLAKE.CORTEX.COMPLETE", "mistral-large")],
    ),
    "newer": ("select ai_complete(model => 'm', prompt => x);", [(1, 8, "AI_COMPLETE", "m")]),
    "by its schema": ("SELECT SNOWFLAKE.CORTEX.AI_FILTER(x);", [(1, 25, "AI_FILTER", None)]),
    "in a condition": ("SELECT 1 FROM a JOIN b ON AI_FILTER(x);", [(1, 27, "AI_FILTER", None)]),
    "after a string and a comment": (
        "SELECT 'a''b' /* ' */, AI_AGG(x, 'sum') -- '\n;",
        [(1, 24, "AI_AGG", None)],
    ),
    "in a view": ("CREATE VIEW v AS SELECT AI_CLASSIFY(x, ['a']);", [(1, 25, "AI_CLASSIFY", None)]),
    "in a body": (
        "CREATE PROCEDURE p() AS $$\nBEGIN SELECT AI_EMBED('e', x); END $$;",
        [(2, 14, "AI_EMBED", "e")],
    ),
    "in a body in quotes": (
        "CREATE PROCEDURE p() LANGUAGE SQL AS 'BEGIN SELECT AI_SENTIMENT(x); END';",
        [(1, 52, "AI_SENTIMENT", None)],
    ),
    "in a program": (
        "CREATE PROCEDURE p() LANGUAGE PYTHON AS $$\ns.sql(\"SELECT AI_COMPLETE('m', x)\")\n$$;",
        [(2, 15, "AI_COMPLETE", "m")],
    ),
    "run by hand": ("EXECUTE IMMEDIATE 'SELECT AI_REDACT(x)';", [(1, 27, "AI_REDACT", None)]),
    "a template": (
        "SELECT AI_COMPLETE('{{ m }}', x) FROM {{ ref('t') }}",
        [(1, 8, "AI_COMPLETE", None)],
    ),
    "names in quotes": (
        'SELECT "SNOWFLAKE"."CORTEX"."COMPLETE"(\'m\', x), snowflake.cortex."COMPLETE"(\'n\', x);',
        [
            (1, 8, "SNOWFLAKE.CORTEX.COMPLETE", "m"),
            (1, 49, "SNOWFLAKE.CORTEX.COMPLETE", "n"),
        ],
    ),
    "run in brackets": ("EXECUTE IMMEDIATE ('SELECT AI_REDACT(x)');", [(1, 28, "AI_REDACT", None)]),
    "run in parts": (
        "EXECUTE IMMEDIATE 'SELECT ''' || p || ''', ' || 'AI_COMPLETE(''m'', x)';",
        [(1, 50, "AI_COMPLETE", "m")],
    ),
    "half of a string": (
        "EXECUTE IMMEDIATE 'SELECT AI_COMPLETE(''m'', ''' || x || ''')';",
        [(1, 27, "AI_COMPLETE", "m")],
    ),
    "a name that is run": (
        "LET q VARCHAR := 'SELECT ' || 'AI_REDACT(x)'; EXECUTE IMMEDIATE :q;",
        [(1, 32, "AI_REDACT", None)],
    ),
    "a variable that is run": (
        "SET q = 'SELECT AI_REDACT(x)';\nEXECUTE IMMEDIATE $q;",
        [(1, 17, "AI_REDACT", None)],
    ),
    "a body with a body in quotes": (
        "CREATE PROCEDURE p() AS $$ BEGIN EXECUTE IMMEDIATE 'SELECT AI_REDACT(x)'; END $$;",
        [(1, 60, "AI_REDACT", None)],
    ),
    "the schema in use": (
        "USE SCHEMA SNOWFLAKE.CORTEX; USE ROLE r;\nSELECT COMPLETE('m', x);",
        [(2, 8, "SNOWFLAKE.CORTEX.COMPLETE", "m")],
    ),
    "the database and the schema in use": (
        "USE DATABASE SNOWFLAKE; USE SCHEMA CORTEX; SELECT SENTIMENT(x);",
        [(1, 51, "SNOWFLAKE.CORTEX.SENTIMENT", None)],
    ),
    "after two slashes of a template": (
        "SELECT {{ n // 2 }}, AI_FILTER(x) {% if a // 2 %}, AI_AGG(x, 'y'){% endif %};",
        [(1, 22, "AI_FILTER", None), (1, 52, "AI_AGG", None)],
    ),
    "a statement in a template": (
        "{% set q = \"SELECT AI_COMPLETE('m', x)\" %}{{ run_query(q) }}",
        [(1, 20, "AI_COMPLETE", "m")],
    ),
    "after the slashes of an address": (
        "PUT file:///tmp/a @s; SELECT AI_FILTER(x);",
        [(1, 30, "AI_FILTER", None)],
    ),
    "a mark before all": ("\ufeffSELECT AI_FILTER(x);", [(1, 8, "AI_FILTER", None)]),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_is_told(tmp_path: Path, text: str, expected: list[tuple[object, ...]]) -> None:
    plant(tmp_path, {"a.SQL": text})
    sites = look(tmp_path).sites
    assert [(s.line, s.column, s.operation, s.model) for s in sites] == expected
    assert {(str(s.verdict), s.rule) for s in sites} == {("report-only", "cortex_sql")}


def test_it_has_an_owner_and_a_part_and_counts(tmp_path: Path) -> None:
    ask = "SELECT AI_COMPLETE('m', x);"
    places = ("pipelines/a.sql", "tests/b.sql", "archive/c.sql")
    plant(tmp_path, {"CODEOWNERS": "*.sql @data\n", **dict.fromkeys(places, ask)})
    report = look(tmp_path)
    assert (report.queries, report.python) == (3, 0)
    assert [(s.owner, s.part) for s in report.sites] == [
        ("@data", "archived"),
        ("@data", "workflow"),
        ("@data", "test"),
    ]
    direct = direct_sites(take_inventory(Options(tmp_path)).sites, holds(Choice()))
    assert list(direct) == ["pipelines/a.sql"]


def test_a_dump_is_not_read(tmp_path: Path) -> None:
    plant(tmp_path, {"dump.sql": "SELECT AI_FILTER(x);\n" * 110_000})
    report = look(tmp_path)
    (unseen,) = report.unseen
    assert (report.sites, unseen.reason, unseen.may_call) == ((), "2 MB: taken for data", False)


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_where_it_says_so(tmp_path: Path, code: str) -> None:
    text = "SELECT 'é',\n  AI_FILTER(x);"
    plant(tmp_path, {"a.sql": f"\ufeff{text}".encode(code), "b.sql": text.encode(code)})
    report = look(tmp_path)
    assert [(s.path, s.line, s.column, s.operation) for s in report.sites] == [
        ("a.sql", 2, 3, "AI_FILTER")
    ]
    words = "it is neither UTF-8 nor UTF-16 that says so"
    assert [(item.path, item.reason, item.may_call) for item in report.broken] == [
        ("b.sql", words, True)
    ]
    assert [site.path for site in unread_sites(take_inventory(Options(tmp_path)).unseen)] == [
        "b.sql"
    ]
