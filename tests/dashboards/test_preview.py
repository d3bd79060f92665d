"""Boards drawn without Grafana: figures by unit, marks of axes, and pages of what a Prometheus answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

import pytest
from serving import serving

from sophia_cli.dashboards.preview.axis import clock, marks
from sophia_cli.dashboards.preview.page import page_of
from sophia_cli.dashboards.preview.read import Cells, Curve, Shown, read
from sophia_cli.dashboards.preview.span import Span, choices, length_of, seconds
from sophia_cli.dashboards.preview.units import shown, shown_alike
from sophia_cli.dashboards.prometheus import Prometheus
from sophia_cli.errors import SophiaError

UNITS = [
    (2400, "locale", 0, "2,400"),
    (2400, "short", None, "2.40 K"),
    (1_100_000, "short", 1, "1.1 Mil"),
    (0, "short", None, "0"),
    (-3, "short", 0, "-3"),
    (0.992, "percentunit", 2, "99.20%"),
    (0.992, "percentunit", None, "99.2%"),
    (9.7731, "currencyUSD", 2, "$9.77"),
    (0.0042, "currencyUSD", None, "$0.0042"),
    (-0.5, "currencyUSD", None, "-$0.50"),
    (31_200, "currencyUSD", None, "$31.20 K"),
    (0.44, "s", 0, "440 ms"),
    (4.94, "s", 2, "4.94 s"),
    (90, "s", 1, "1.5 min"),
    (0, "s", 2, "0 s"),
    (440, "ms", 0, "440 ms"),
    (6_114_668, "decbytes", 1, "6.1 MB"),
    (12, "decbytes", 0, "12 B"),
    (1500, "Bps", 1, "1.5 kB/s"),
    (4, "cpm", 0, "4 c/m"),
    (65_880, "dtdurations", None, "18 hours, 18 minutes"),
    (1, "dtdurations", None, "1 second"),
    (0.25, "dtdurations", None, "250 ms"),
    ((1000 + 7200) * 1000, "dateTimeFromNow", None, "in 2 hours"),
    ((1000 - 60) * 1000, "dateTimeFromNow", None, "1 minute ago"),
    (3, "suffix: calls", 0, "3"),
]


@pytest.mark.parametrize(("value", "unit", "decimals", "text"), UNITS)
def test_a_figure(value: float, unit: str, decimals: int | None, text: str) -> None:
    assert shown(value, unit, decimals, now=1000) == text


@pytest.mark.parametrize(
    ("most", "unit", "texts"),
    [
        (0.17, "cpm", ["0.00 c/m", "0.05 c/m", "0.10 c/m", "0.15 c/m", "0.20 c/m"]),
        (1.68, "currencyUSD", ["$0.00", "$0.50", "$1.00", "$1.50", "$2.00"]),
        (5, "short", ["0", "2", "4", "6"]),
        (8600, "short", ["0.0", "2.5 K", "5.0 K", "7.5 K", "10.0 K"]),
        (95, "s", ["0 s", "30.0 s", "1.0 min", "1.5 min", "2.0 min"]),
        (0.9, "percentunit", ["0%", "25%", "50%", "75%", "100%"]),
        (0, "short", ["0", "1"]),
    ],
)
def test_the_marks_of_an_axis(most: float, unit: str, texts: list[str]) -> None:
    assert shown_alike(marks(most, unit), unit, None) == texts


def test_the_hours_of_an_axis() -> None:
    assert clock(0, 86_400, 5) == [
        (0, "00:00"), (21_600, "06:00"), (43_200, "12:00"), (64_800, "18:00"), (86_400, "00:00")
    ]  # fmt: skip
    assert [text for _, text in clock(0, 3 * 86_400, 4)] == ["01 Jan", "02 Jan", "03 Jan", "04 Jan"]


def test_a_span() -> None:
    day = Span(1000, 87_400, 60)
    assert (day.step, day.moments) == (300, (1200, 87_300))
    assert day.own()["__rate_interval"] == "360s" and day.own()["__range"] == "86400s"
    assert Span(0, 3600).own()["__rate_interval"] == "60s"
    assert (seconds("90m"), seconds("now-7d/d")) == (5400, 604_800)
    assert length_of({"time": {"from": "now-24h"}}) == 86_400 and length_of({}) == 21_600
    for text in ("", "0h", "h", "-1h"):
        with pytest.raises(SophiaError, match="is no length of time"):
            seconds(text)


def test_what_variables_are_filled_with() -> None:
    board = {
        "uid": "b",
        "templating": {
            "list": [
                {"name": "a", "current": {"value": "$__all"}, "allValue": ".+"},
                {"name": "b", "current": {"value": ["x", "y"]}},
                {"name": "c", "current": {"value": "z"}},
                {"name": "d"},
            ]
        },
    }
    assert choices(board, {"c": "w"}) == {"a": ".+", "b": "x|y", "c": "w", "d": ".*"}
    with pytest.raises(SophiaError, match="the board `b` has no variable `e`"):
        choices(board, {"e": "1"})


class _Answers(BaseHTTPRequestHandler):
    """A Prometheus that knows what it was told, and refuses any other query."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known: Any = self.server.known  # type: ignore[attr-defined]
        found = known.get(asked["query"][0])
        if found is None:
            self._send(400, {"status": "error", "error": "parse error: here"})
            return
        many = self.path.endswith("query_range")
        result = [
            {"metric": labels, **({"values": points} if many else {"value": points[-1]})}
            for labels, points in found
        ]
        kind = "matrix" if many else "vector"
        self._send(200, {"status": "success", "data": {"resultType": kind, "result": result}})

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def prometheus(known: dict[str, Any]) -> Iterator[Prometheus]:
    with (
        serving(_Answers, {"known": known}) as port,
        Prometheus(f"http://127.0.0.1:{port}") as asked,
    ):
        yield asked


SPAN = Span(0, 3600, 15)
PLACE = {"x": 0, "y": 0, "w": 12, "h": 8}


def panel(
    kind: str, *exprs: str, instant: bool = False, legend: str = "", **more: Any
) -> dict[str, Any]:
    queries = [
        {"refId": ref, "expr": expr, "instant": instant, "legendFormat": legend}
        for ref, expr in zip("ABC", exprs, strict=False)
    ]
    return {"id": 1, "type": kind, "title": "P", "gridPos": PLACE, "targets": queries, **more}


def look(one: dict[str, Any], known: dict[str, Any], **chosen: str) -> Shown:
    with prometheus(known) as server:
        [found] = read({"panels": [one]}, server, SPAN, chosen)
    return found


def test_curves_with_their_names() -> None:
    known = {
        'rate(x{p=~"a"}[60s])': [
            ({"p": "a"}, [[0, "1"], [15, "NaN"], [30, "2"]]),
            ({}, [[0, "3"]]),
        ]
    }
    one = panel("timeseries", 'rate(x{p=~"$p"}[$__rate_interval])', legend="{{p}}")
    assert look(one, known, p="a").curves == (
        Curve("a", ((0.0, 1.0), (30.0, 2.0))),
        Curve("no name", ((0.0, 3.0),)),
    )


def test_a_table_of_several_queries() -> None:
    known = {
        "calls": [({"m": "a"}, [[0, "1"]]), ({"m": "b"}, [[0, "5"]])],
        "usd": [({"m": "a"}, [[0, "0.5"]])],
    }
    names = {"m": "Model", "Value #A": "Calls", "Value #B": "USD"}
    order = {"m": 0, "Value #A": 1, "Value #B": 2}
    one = panel(
        "table",
        "calls",
        "usd",
        instant=True,
        transformations=[
            {"id": "merge"},
            {"id": "organize", "options": {"renameByName": names, "indexByName": order}},
        ],
        options={"sortBy": [{"displayName": "Calls", "desc": True}]},
    )
    assert look(one, known).cells == Cells(
        ("Model", "Calls", "USD"), (("b", 5.0, None), ("a", 1.0, 0.5))
    )


def test_a_query_that_is_not_taken_is_that_panels_trouble() -> None:
    found = look(panel("stat", "sum("), {})
    assert "does not take `sum(`: parse error: here" in found.trouble
    assert "parse error" in page_of({"title": "B"}, [found], SPAN, {}).text


def test_a_server_that_is_none() -> None:
    with Prometheus("http://127.0.0.1:9") as server, pytest.raises(SophiaError) as caught:
        list(read({"panels": [panel("stat", "up")]}, server, SPAN, {}))
    assert caught.value.message.startswith("Prometheus at http://127.0.0.1:9 cannot be reached")


class _Tags(HTMLParser):
    """Whether every tag is closed, and by which it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOUR = tuple((float(at), 1.0 + at % 7) for at in range(0, 3601, 15))
KINDS = [
    (Shown(panel("timeseries"), (Curve("a<b", HOUR), Curve("c", ((0.0, 1.0),)))), "a&lt;b"),
    (
        Shown(
            panel("timeseries", fieldConfig={"defaults": {"custom": {"stacking": {"mode": "normal"}}}}),
            (Curve("ok", HOUR), Curve("error", HOUR)),
        ),
        "#F2495C",
    ),
    (Shown(panel("heatmap"), (Curve("1.0", HOUR), Curve("+Inf", HOUR), Curve("0.5", HOUR))), "rect"),
    (Shown(panel("stat", fieldConfig={"defaults": {"unit": "s"}}), (Curve("a", ((0.0, 0.44),)),)), "440 ms"),
    (Shown(panel("bargauge"), (Curve("a", ((0.0, 4.0),)), Curve("b", ((0.0, 2.0),)))), "width:50.0%"),
    (Shown(panel("table"), cells=Cells(("A", "B"), (("x", 1.0), ("", None)))), "<td>-</td>"),
    (Shown(panel("stat", fieldConfig={"defaults": {"noValue": "no calls"}})), "no calls"),
    (Shown(panel("timeseries")), "no data"),
    (Shown(panel("geomap"), (Curve("a", HOUR),)), "a panel of kind `geomap` is not drawn here"),
    (Shown(panel("text", options={"content": "Words & more"})), "Words &amp; more"),
    (Shown({"type": "row", "title": "Heading", "gridPos": PLACE}), "<h2"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "there"), KINDS, ids=[str(one.panel["type"]) for one, _ in KINDS])
def test_a_page(one: Shown, there: str) -> None:
    page = page_of({"title": "My <board>"}, [one], SPAN, {"provider": ".*", "task": "bulk"})
    tags = _Tags()
    tags.feed(page.text)
    assert tags.open == [] and "script" not in tags.seen
    assert there in page.text
    assert "preview, not Grafana" in page.text and "My &lt;board&gt;" in page.text
    assert "01 Jan 1970 00:00 to 01 Jan 1970 01:00 UTC" in page.text
    assert "provider: all · task: bulk" in page.text
    assert not re.search(r"https?:|url\(|nan|inf\b", page.text.partition("<body>")[2])


def test_no_board_breaks_it() -> None:
    odd = {"x": "a", "y": None, "w": True, "h": []}
    steps = {
        "thresholds": {"mode": "absolute", "steps": [{"value": "5", "color": '"><script>'}]},
        "max": "9",
    }
    panels = [
        Shown(panel(kind, gridPos=odd, fieldConfig={"defaults": steps}), (Curve("a", HOUR),))
        for kind in ("heatmap", "bargauge", "stat", "timeseries")
    ]
    text = page_of({}, panels, SPAN, {}).text
    assert "<main" in text and "<script" not in text and "#767b80" in text


@pytest.mark.parametrize(
    ("header", "text", "size", "rows"),
    [
        (("A", "B"), "x", "12.0", 10),  # as many as the panel has lines for
        (("A word " * 6, "B word " * 6), "x", "12.0", 9),  # the header takes a line more
        (("A", "B"), "x" * 45, "10.5", 10),
        (("A", "B"), "x" * 900, "7.2", 10),  # what is smaller nobody reads
    ],
)
def test_a_table_finds_room(header: tuple[str, ...], text: str, size: str, rows: int) -> None:
    cells = Cells(header, ((text, text),) * 30)
    page = page_of({"title": "B"}, [Shown(panel("table"), cells=cells)], SPAN, {}).text
    assert re.findall(r'<table style="font-size:([\d.]+)px">', page) == [size]
    assert (page.count("<tr>"), "and 21 more" in page or "and 22 more" in page) == (rows + 1, True)
