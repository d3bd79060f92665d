"""Usage exports of OpenRouter and Snowflake, read row by row; which one it is, its header says."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sophia_cli.errors import SophiaError

LARGEST = 500_000_000  # bytes
_NANO = 10**9
_MOST = Decimal(10**9)  # USD or credits of one row; beyond it a figure is a mistake
_KNOWN = """\
known: OpenRouter's activity export (CSV) or /api/v1/activity (JSON),
and of Snowflake (CSV):  CORTEX_REST_API_USAGE_HISTORY,
  CORTEX_AISQL_USAGE_HISTORY, CORTEX_AI_FUNCTIONS_USAGE_HISTORY,
  CORTEX_FUNCTIONS_USAGE_HISTORY"""


@dataclass(frozen=True)
class Billed:
    """One line of a bill: its day in UTC, the model by the biller's names, and what it counts.

    `nano` is nano-USD and `credits` a warehouse's; None where the export has none. `requests` is
    None where a line may be of several.
    """

    day: str
    models: tuple[str, ...]
    nano: int | None = None
    credits: Decimal | None = None
    requests: int | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Bill:
    """A read export. `kind` is the kind of provider that it is of, `name` what it is called."""

    kind: str
    name: str
    lines: tuple[Billed, ...]
    note: str = ""


Row = Mapping[str, str]


@dataclass(frozen=True)
class _Form:
    """One form of export: told by the columns that it `needs`."""

    kind: str
    name: str
    needs: frozenset[str]
    read: Callable[[Row], Billed]
    note: str = ""


def read_bill(path: Path) -> Bill:
    """Read an export. Raises SophiaError with the line that cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise SophiaError(f"{path} is larger than {LARGEST // 10**6} MB", "export fewer days")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SophiaError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SophiaError(f"{path}: line {line} is not UTF-8", "export it as CSV") from error
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(path, text)
    return _read_csv(path, text)


def _read_csv(path: Path, text: str) -> Bill:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        form = _form_of(path, frozenset(header))
        lines = tuple(_lines(path, reader, header, form))
    except csv.Error as error:
        raise SophiaError(f"{path}: line {reader.line_num}: {error}", "export it anew") from error
    return Bill(form.kind, form.name, lines, form.note)


def _lines(path: Path, reader: Any, header: list[str], form: _Form) -> Iterator[Billed]:
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path}: line {reader.line_num}"
        if len(cells) != len(header):
            raise SophiaError(
                f"{where} has {len(cells)} columns, the header {len(header)}", "export it anew"
            )
        yield _line(where, form, dict(zip(header, map(str.strip, cells), strict=True)))


def _line(where: str, form: _Form, row: Row) -> Billed:
    try:
        return form.read(row)
    except ValueError as error:
        raise SophiaError(f"{where}: {error}", "export it anew, or take the line out") from None


def _form_of(path: Path, header: frozenset[str]) -> _Form:
    for form in _FORMS:
        if form.needs <= header:
            return form
    if {"query_id", "token_credits"} <= header:
        raise SophiaError(
            f"{path} is CORTEX_FUNCTIONS_QUERY_USAGE_HISTORY, which has no time",
            "export CORTEX_AI_FUNCTIONS_USAGE_HISTORY instead",
        )
    raise SophiaError(f"{path}: line 1 is the header of no usage export that is known", _KNOWN)


def _read_json(path: Path, text: str) -> Bill:
    try:
        found = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise SophiaError(f"{path}: line {line} is not JSON", "export it anew") from None
    rows = found.get("data") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SophiaError(f"{path}: line 1 begins no usage export that is known", _KNOWN)
    lines = []
    for number, row in enumerate(rows, 1):
        plain = {str(name): "" if value is None else str(value) for name, value in row.items()}
        where = f"{path}: item {number}"
        if not _ACTIVITY.needs <= plain.keys():
            missing = ", ".join(sorted(_ACTIVITY.needs - plain.keys()))
            raise SophiaError(f"{where} has no {missing}", _KNOWN)
        lines.append(_line(where, _ACTIVITY, plain))
    return Bill(_ACTIVITY.kind, _ACTIVITY.name, tuple(lines))


def _generation(row: Row) -> Billed:
    """A row of OpenRouter's CSV: one request. With a key of one's own the upstream's price comes on top."""
    cost = _money(row, "cost_total") + _money(row, "byok_usage_inference")
    model = row["model_permaslug"]
    variant = row.get("variant", "")
    plain = variant in ("", "standard")
    return Billed(
        _day(row["created_at"]),
        (model,) if plain else (f"{model}:{variant}", model),
        _nano(cost),
        requests=1,
        tokens=_count(row, "tokens_prompt") + _count(row, "tokens_completion"),
    )


def _activity(row: Row) -> Billed:
    """A row of OpenRouter's list: one day and endpoint."""
    cost = _money(row, "usage") + _money(row, "byok_usage_inference")
    slugs = (row["model"], row.get("model_permaslug", ""))
    return Billed(
        _day(row["date"]),
        tuple(dict.fromkeys(filter(None, slugs))),
        _nano(cost),
        requests=_count(row, "requests"),
        tokens=_count(row, "prompt_tokens") + _count(row, "completion_tokens"),
    )


def _snowflake(time: str, credits: str = "", *, one_each: bool = False) -> Callable[[Row], Billed]:
    def read(row: Row) -> Billed:
        return Billed(
            _day(row[time]),
            (row["model_name"].lower(),),
            credits=_money(row, credits) if credits else None,
            requests=1 if one_each else None,
            tokens=_count(row, "tokens") if row.get("tokens") else None,
        )

    return read


def _columns(names: str) -> frozenset[str]:
    return frozenset(names.split())


_OVER_SQL = "it is about SQL functions; calls of the service go over REST, in another view"
_ACTIVITY = _Form(
    "openrouter", "OpenRouter's activity", _columns("date model usage requests"), _activity
)
_FORMS = (
    _Form(
        "openrouter",
        "OpenRouter's activity export",
        _columns("generation_id created_at cost_total model_permaslug"),
        _generation,
    ),
    _ACTIVITY,
    _Form(
        "cortex",
        "Snowflake's CORTEX_REST_API_USAGE_HISTORY",
        _columns("start_time request_id model_name tokens"),
        _snowflake("start_time", one_each=True),
        "it has tokens and no credits: money cannot be compared",
    ),
    _Form(
        "cortex",
        "Snowflake's CORTEX_AISQL_USAGE_HISTORY",
        _columns("usage_time function_name model_name token_credits tokens"),
        _snowflake("usage_time", "token_credits"),
        _OVER_SQL,
    ),
    _Form(
        "cortex",
        "Snowflake's CORTEX_AI_FUNCTIONS_USAGE_HISTORY",
        _columns("start_time function_name model_name credits"),
        _snowflake("start_time", "credits"),
        _OVER_SQL,
    ),
    _Form(
        "cortex",
        "Snowflake's CORTEX_FUNCTIONS_USAGE_HISTORY",
        _columns("start_time function_name model_name token_credits tokens"),
        _snowflake("start_time", "token_credits"),
        _OVER_SQL,
    ),
)


def _money(row: Row, name: str) -> Decimal:
    text = row.get(name, "").replace("$", "").replace(",", "")
    if not text:
        return Decimal(0)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} is no amount: '{text[:40]}'") from None
    if not value.is_finite() or abs(value) > _MOST:
        raise ValueError(f"{name} is no amount: '{text[:40]}'")
    return value


def _nano(usd: Decimal) -> int:
    return round(usd * _NANO)


def _count(row: Row, name: str) -> int:
    text = row.get(name, "").replace(",", "")
    if not text:
        return 0
    value = _money({name: text}, name)
    if value < 0 or value != value.to_integral_value():
        raise ValueError(f"{name} is no number of tokens or requests: '{text[:40]}'")
    return int(value)


def _day(text: str) -> str:
    """The day in UTC; a time without a zone is one."""
    cleaned = text.strip().replace(" UTC", "+00:00").replace("/", "-")
    head, _, zone = cleaned.rpartition(" ")
    if head and zone[:1] in "+-" and zone[1:].replace(":", "").isdigit():
        cleaned = head + zone  # Snowflake's `2026-11-20 10:00:00.000 -0800`
    try:
        moment = datetime.fromisoformat(cleaned)
    except ValueError:
        raise ValueError(f"no date: '{text[:40]}'") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.date().isoformat()
