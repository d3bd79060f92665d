"""The tables. Rows are for people and replay, totals for metrics: no scan per scrape."""

from __future__ import annotations

VERSION = 1

# Upper bounds in seconds, each twice the one before: OpenTelemetry's list, carried on past 82 s.
BUCKETS = tuple(0.01 * 2**n for n in range(15))

STATEMENTS = (
    """CREATE TABLE IF NOT EXISTS calls(
        id TEXT PRIMARY KEY, started_ns INTEGER NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
        door TEXT, operation TEXT, service TEXT, task TEXT, data_class TEXT, user TEXT, session TEXT,
        metadata TEXT, requested_model TEXT, stream INTEGER, route TEXT,
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

OPEN_CALL = """INSERT OR IGNORE INTO calls(id, started_ns, host, pid, door, operation, service, task, data_class,
    user, session, metadata, requested_model, stream, route)
    VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""

# The guard on `outcome` makes the end of a call happen once, whoever says it twice.
CLOSE_CALL = """UPDATE calls SET outcome=?, error_kind=?, error=?, status=?, provider=?, model=?, attempts=?,
    tokens_in=?, tokens_out=?, tokens_cached=?, tokens_reasoning=?, cost_nano=?, cost_source=?, latency_us=?,
    first_us=?, bytes_sent=?, bytes_received=?, kept_local=?, simulated=?, finish_reason=?
    WHERE id=? AND outcome='open' RETURNING task"""

ADD_ATTEMPT = "INSERT OR IGNORE INTO attempts VALUES(?,?,?,?,?,?,?,?)"

ADD_TOTAL = """INSERT INTO totals VALUES(?,?,?,?,?,1,?,?,?,?,?,?,?,?)
    ON CONFLICT DO UPDATE SET calls=calls+1, unpriced=unpriced+excluded.unpriced,
    tokens_in=tokens_in+excluded.tokens_in, tokens_out=tokens_out+excluded.tokens_out,
    tokens_cached=tokens_cached+excluded.tokens_cached,
    tokens_reasoning=tokens_reasoning+excluded.tokens_reasoning,
    cost_nano=cost_nano+excluded.cost_nano, kept_local=kept_local+excluded.kept_local,
    last_ns=max(last_ns, excluded.last_ns)"""

ADD_ATTEMPT_TOTAL = """INSERT INTO attempt_totals VALUES(?,?,?,?,1)
    ON CONFLICT DO UPDATE SET attempts=attempts+1"""

ADD_FALLBACK = """INSERT INTO fallback_totals VALUES(?,?,?,1)
    ON CONFLICT DO UPDATE SET fallbacks=fallbacks+1"""

ADD_DURATION = """INSERT INTO histograms VALUES(?,?,?,?,?,1,?)
    ON CONFLICT DO UPDATE SET count=count+1, sum_us=sum_us+excluded.sum_us"""

SUMMARY = """SELECT provider, model, task, COUNT(*), SUM(outcome='ok'), SUM(tokens_in), SUM(tokens_out),
    SUM(cost_nano), SUM(cost_nano IS NULL), MAX(simulated) FROM calls WHERE outcome != 'open'
    GROUP BY provider, model, task ORDER BY provider, model, task"""
