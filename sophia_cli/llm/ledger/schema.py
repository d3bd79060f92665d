"""The tables. Rows are for people and replay, totals for metrics and reports: no scan per scrape."""

from __future__ import annotations

from functools import lru_cache

VERSION = 5

# Upper bounds in seconds, each twice the one before: OpenTelemetry's list, carried on past 82 s.
BUCKETS = tuple(0.01 * 2**n for n in range(15))

_FIGURES = (
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "tokens_written",
    "tokens_reasoning",
    "cost_nano",
    "saved_nano",
)
_OPENING = (
    "id, started_ns, door, operation, service, task, data_class, user, session, team, metadata,"
    " requested_model, stream, route, via"
)
_OPENING_BEFORE = _OPENING.removesuffix(", via")  # until version 5
_FINAL = (
    f"outcome, error_kind, error, status, provider, model, attempts, {', '.join(_FIGURES)}, cost_source,"
    " latency_us, first_us, bytes_sent, bytes_received, kept_local, simulated, finish_reason"
)
_COUNTS = f"calls, unpriced, {', '.join(_FIGURES)}, kept_local"

_TABLES = (
    """CREATE TABLE IF NOT EXISTS calls(
        id TEXT PRIMARY KEY, started_ns INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
        door TEXT, operation TEXT, service TEXT DEFAULT '', task TEXT DEFAULT '', data_class TEXT DEFAULT '',
        user TEXT DEFAULT '', session TEXT DEFAULT '', metadata TEXT DEFAULT '',
        requested_model TEXT DEFAULT '', stream INTEGER DEFAULT 0, route TEXT,
        outcome TEXT NOT NULL DEFAULT 'open', error_kind TEXT DEFAULT '', error TEXT DEFAULT '',
        status INTEGER DEFAULT 0, provider TEXT DEFAULT '', model TEXT DEFAULT '', attempts INTEGER DEFAULT 0,
        tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER, tokens_reasoning INTEGER,
        cost_nano INTEGER, cost_source TEXT DEFAULT '', latency_us INTEGER, first_us INTEGER,
        bytes_sent INTEGER DEFAULT 0, bytes_received INTEGER DEFAULT 0, kept_local INTEGER DEFAULT 0,
        simulated INTEGER DEFAULT 0, finish_reason TEXT DEFAULT '')""",
    "CREATE INDEX IF NOT EXISTS calls_started ON calls(started_ns)",
    "CREATE INDEX IF NOT EXISTS calls_open ON calls(outcome) WHERE outcome = 'open'",
    """CREATE TABLE IF NOT EXISTS attempts(
        call_id TEXT NOT NULL, number INTEGER NOT NULL, provider TEXT, model TEXT, outcome TEXT,
        error_kind TEXT, status INTEGER, latency_us INTEGER, PRIMARY KEY(call_id, number)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS totals(
        provider TEXT, model TEXT, task TEXT, outcome TEXT, error_kind TEXT,
        calls INTEGER, unpriced INTEGER, tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER,
        tokens_reasoning INTEGER, cost_nano INTEGER, kept_local INTEGER, last_ns INTEGER,
        PRIMARY KEY(provider, model, task, outcome, error_kind)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS attempt_totals(
        provider TEXT, model TEXT, outcome TEXT, error_kind TEXT, attempts INTEGER,
        PRIMARY KEY(provider, model, outcome, error_kind)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS fallback_totals(
        origin TEXT, target TEXT, reason TEXT, fallbacks INTEGER,
        PRIMARY KEY(origin, target, reason)) WITHOUT ROWID""",
    # bucket is the index into BUCKETS, len(BUCKETS) for +Inf.
    """CREATE TABLE IF NOT EXISTS histograms(
        name TEXT, provider TEXT, model TEXT, outcome TEXT, bucket INTEGER, count INTEGER, sum_us INTEGER,
        PRIMARY KEY(name, provider, model, outcome, bucket)) WITHOUT ROWID""",
)
_SECOND = (
    "ALTER TABLE calls ADD COLUMN team TEXT DEFAULT ''",
    "ALTER TABLE calls ADD COLUMN tokens_written INTEGER",
    "ALTER TABLE calls ADD COLUMN saved_nano INTEGER",
    "ALTER TABLE totals ADD COLUMN tokens_written INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE totals ADD COLUMN saved_nano INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE totals ADD COLUMN simulated INTEGER NOT NULL DEFAULT 0",
    # An answer at the first attempt is all in its call's row: most calls need no second one.
    "ALTER TABLE attempts RENAME TO tries",
    "DELETE FROM tries WHERE call_id IN (SELECT id FROM calls WHERE outcome='ok' AND attempts=1)",
    """CREATE VIEW attempts AS SELECT * FROM tries UNION ALL
        SELECT id, 1, provider, model, outcome, '', status, latency_us FROM calls
        WHERE outcome='ok' AND attempts=1""",
    # What a report of any span of days adds up; `day` is a date in UTC.
    """CREATE TABLE days(
        day TEXT, service TEXT, team TEXT, task TEXT, provider TEXT, model TEXT, outcome TEXT,
        calls INTEGER, unpriced INTEGER, tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER,
        tokens_written INTEGER, tokens_reasoning INTEGER, cost_nano INTEGER, saved_nano INTEGER,
        kept_local INTEGER, simulated INTEGER,
        PRIMARY KEY(day, service, team, task, provider, model, outcome)) WITHOUT ROWID""",
    """INSERT INTO days SELECT date(started_ns / 1000000000, 'unixepoch'), service, team, task, provider, model,
        outcome, COUNT(*), SUM(cost_nano IS NULL AND outcome = 'ok'), TOTAL(tokens_in), TOTAL(tokens_out),
        TOTAL(tokens_cached), 0, TOTAL(tokens_reasoning), TOTAL(cost_nano), 0, TOTAL(kept_local), MAX(simulated)
        FROM calls WHERE outcome != 'open' GROUP BY 1, 2, 3, 4, 5, 6, 7""",
    # What is taken out of a budget in one of its days or months. `held` is the sum of its leases.
    """CREATE TABLE accounts(
        name TEXT, window TEXT, limit_nano INTEGER, spent INTEGER, held INTEGER, unknown INTEGER,
        calls INTEGER, unpriced INTEGER, warned REAL,
        PRIMARY KEY(name, window)) WITHOUT ROWID""",
    # A lease whose process is gone stays counted, as `unknown`.
    """CREATE TABLE leases(
        id TEXT PRIMARY KEY, account TEXT, window TEXT, host TEXT, pid INTEGER, held INTEGER,
        expires_ns INTEGER, state TEXT) WITHOUT ROWID""",
)
_THIRD = (
    # Which of the processes that had the number `pid`: asked of those that are open or held.
    "ALTER TABLE calls ADD COLUMN born TEXT DEFAULT ''",
    "ALTER TABLE leases ADD COLUMN born TEXT DEFAULT ''",
)
_EVERY = f"{_OPENING_BEFORE}, host, pid, born, {_FINAL}"
_FOURTH = (
    # A call's moment is its number in the table, the next free one where two begin in the same nanosecond:
    # what is new stands at the end, in one place on the disk, and no index of names or moments is kept up.
    "DROP VIEW attempts",
    "DROP INDEX calls_open",
    "ALTER TABLE calls RENAME TO calls_before",
    """CREATE TABLE calls(
        id TEXT NOT NULL, started_ns INTEGER PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL,
        born TEXT DEFAULT '', door TEXT, operation TEXT, service TEXT DEFAULT '', task TEXT DEFAULT '',
        data_class TEXT DEFAULT '', user TEXT DEFAULT '', session TEXT DEFAULT '', team TEXT DEFAULT '',
        metadata TEXT DEFAULT '', requested_model TEXT DEFAULT '', stream INTEGER DEFAULT 0, route TEXT,
        outcome TEXT NOT NULL DEFAULT 'open', error_kind TEXT DEFAULT '', error TEXT DEFAULT '',
        status INTEGER DEFAULT 0, provider TEXT DEFAULT '', model TEXT DEFAULT '', attempts INTEGER DEFAULT 0,
        tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER, tokens_written INTEGER,
        tokens_reasoning INTEGER, cost_nano INTEGER, saved_nano INTEGER, cost_source TEXT DEFAULT '',
        latency_us INTEGER, first_us INTEGER, bytes_sent INTEGER DEFAULT 0, bytes_received INTEGER DEFAULT 0,
        kept_local INTEGER DEFAULT 0, simulated INTEGER DEFAULT 0, finish_reason TEXT DEFAULT '')""",
    f"""INSERT INTO calls({_EVERY}) SELECT {_EVERY.replace("started_ns", "moment")} FROM (
        SELECT number, place + MAX(started_ns - place) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS moment
        FROM (SELECT rowid AS number, started_ns, ROW_NUMBER() OVER (ORDER BY started_ns, rowid) AS place
            FROM calls_before)) JOIN calls_before ON calls_before.rowid = number ORDER BY moment""",
    "DROP TABLE calls_before",
    "CREATE INDEX calls_open ON calls(id) WHERE outcome = 'open'",
    """CREATE VIEW attempts AS SELECT * FROM tries UNION ALL
        SELECT id, 1, provider, model, outcome, '', status, latency_us FROM calls
        WHERE outcome='ok' AND attempts=1""",
)
_SUMMED = f"{_COUNTS}, last_ns, simulated"
_FIFTH = (
    # By which route: what was counted before is of an unknown one. `missed` had no answer in the cache.
    "ALTER TABLE calls ADD COLUMN via TEXT DEFAULT ''",
    "ALTER TABLE totals RENAME TO totals_before",
    """CREATE TABLE totals(
        provider TEXT, model TEXT, route TEXT, task TEXT, outcome TEXT, error_kind TEXT,
        calls INTEGER, unpriced INTEGER, tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER,
        tokens_written INTEGER, tokens_reasoning INTEGER, cost_nano INTEGER, saved_nano INTEGER,
        kept_local INTEGER, last_ns INTEGER, simulated INTEGER, missed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(provider, model, route, task, outcome, error_kind)) WITHOUT ROWID""",
    f"""INSERT INTO totals(provider, model, route, task, outcome, error_kind, {_SUMMED})
        SELECT provider, model, '', task, outcome, error_kind, {_SUMMED} FROM totals_before""",
    "DROP TABLE totals_before",
    # The ways by which the totals go out, one of which is in use at a time: `scrape`, or `write`. `place` is
    # where; `at_ns` is the moment of the last sample, and `until_ns` how long a way is in use, or rests.
    """CREATE TABLE ways(
        way TEXT PRIMARY KEY, place TEXT, host TEXT, pid INTEGER, born TEXT, at_ns INTEGER, until_ns INTEGER)
        WITHOUT ROWID""",
)
# What brings a file of each earlier version one version further.
UPGRADES = (_TABLES, _SECOND, _THIRD, _FOURTH, _FIFTH)

OPEN_CALL = f"INSERT INTO calls({_OPENING}, host, pid, born) VALUES({', '.join('?' * 18)})"
SINCE = "SELECT id, started_ns FROM calls WHERE started_ns>=? ORDER BY started_ns"

WHOLE = tuple(name.strip() for name in f"{_OPENING}, host, pid, {_FINAL}".split(","))
# Columns whose default says the same as an empty value: where a whole write has none, they are left out.
# A figure that is 0 is known, one that is left out is not.
_WITH_DEFAULT = (
    "service, task, data_class, user, session, team, metadata, requested_model, stream, via,"
    " error_kind, error, kept_local, simulated, finish_reason, cost_source"
)
_WITHOUT_FIGURE = "tokens_cached, tokens_written, tokens_reasoning, saved_nano, first_us"
EMPTY = tuple(WHOLE.index(name.strip()) for name in _WITH_DEFAULT.split(","))
UNKNOWN = tuple(WHOLE.index(name.strip()) for name in _WITHOUT_FIGURE.split(","))
# Columns with very few values: where all calls have the same, it is said once, in the statement.
_OF_FEW = "door, operation, service, via, host, pid, outcome, status, attempts, cost_source, finish_reason"
FEW = tuple(WHOLE.index(name.strip()) for name in _OF_FEW.split(","))


@lru_cache(maxsize=256)
def whole_call(columns: tuple[int, ...], same: tuple[tuple[int, str | int], ...]) -> str:
    """The statement for calls that are written whole: columns of WHOLE, and those where all have the same value."""
    names = ", ".join(WHOLE[column] for column in (*columns, *(column for column, _ in same)))
    values = ", ".join((*"?" * len(columns), *(_literal(value) for _, value in same)))
    return f"INSERT INTO calls({names}) VALUES({values})"


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


# As many as there are rows, without a look at each.
COUNT = """SELECT (SELECT COALESCE(SUM(calls), 0) FROM totals)
    + (SELECT COUNT(*) FROM calls WHERE outcome='open')"""

# The guard on `outcome` makes the end of a call happen once, whoever says it twice.
CLOSE_CALL = f"""UPDATE calls SET {', '.join(f'{name.strip()}=?' for name in _FINAL.split(','))}
    WHERE id=? AND outcome='open' RETURNING started_ns, service, team, task, via"""

# Of a ledger in memory: so many calls are kept as rows, all of them in the totals.
FORGET = (
    "DELETE FROM calls WHERE started_ns <= (SELECT started_ns FROM calls ORDER BY started_ns DESC LIMIT 1 OFFSET ?)",
    "DELETE FROM tries WHERE ? AND call_id NOT IN (SELECT id FROM calls)",
)

ADD_ATTEMPT = "INSERT OR IGNORE INTO tries VALUES(?,?,?,?,?,?,?,?)"


def _adding(names: str) -> str:
    return ", ".join(
        f"{name.strip()}={name.strip()}+excluded.{name.strip()}" for name in names.split(",")
    )


ADD_TOTAL = f"""INSERT INTO totals(provider, model, route, task, outcome, error_kind, {_COUNTS}, last_ns,
    simulated, missed) VALUES({', '.join('?' * 19)})
    ON CONFLICT DO UPDATE SET {_adding(_COUNTS)}, {_adding("missed")}, last_ns=max(last_ns, excluded.last_ns),
    simulated=max(simulated, excluded.simulated)"""

ADD_DAY = f"""INSERT INTO days(day, service, team, task, provider, model, outcome, {_COUNTS}, simulated)
    VALUES({', '.join('?' * 18)})
    ON CONFLICT DO UPDATE SET {_adding(_COUNTS)}, simulated=max(simulated, excluded.simulated)"""

ADD_ATTEMPT_TOTAL = """INSERT INTO attempt_totals VALUES(?,?,?,?,?)
    ON CONFLICT DO UPDATE SET attempts=attempts+excluded.attempts"""

ADD_FALLBACK = """INSERT INTO fallback_totals VALUES(?,?,?,?)
    ON CONFLICT DO UPDATE SET fallbacks=fallbacks+excluded.fallbacks"""

ADD_DURATION = """INSERT INTO histograms VALUES(?,?,?,?,?,?,?)
    ON CONFLICT DO UPDATE SET count=count+excluded.count, sum_us=sum_us+excluded.sum_us"""

DURATIONS = """SELECT provider, model, bucket, count FROM histograms
    WHERE name='duration' AND outcome='ok' ORDER BY provider, model, bucket"""

SUMMARY = """SELECT provider, model, task, SUM(calls), SUM(CASE WHEN outcome IN ('ok', 'cached') THEN calls ELSE 0 END),
    SUM(CASE outcome WHEN 'cached' THEN 0 ELSE tokens_in END),
    SUM(CASE outcome WHEN 'cached' THEN 0 ELSE tokens_out END),
    SUM(cost_nano), SUM(unpriced), MAX(simulated) FROM totals
    GROUP BY provider, model, task ORDER BY provider, model, task"""
