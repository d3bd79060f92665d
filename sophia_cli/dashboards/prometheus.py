"""Prometheus' HTTP API, as far as boards are read from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sophia_cli.client import Client
from sophia_cli.errors import SophiaError

_PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Series:
    """One series: its labels, and its values by moments in seconds since 1970; no NaN is among them."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def last(self) -> float | None:
        return self.points[-1][1] if self.points else None


class Prometheus(Client):
    """One server. Raises SophiaError where it cannot be reached, or does not take a query."""

    title = "Prometheus"

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(url, headers, _PATIENCE)

    def at(self, expr: str, moment: float) -> tuple[Series, ...]:
        """A query's series at one moment."""
        found = self._ask("query", {"query": expr, "time": f"{moment:.3f}"})
        if found["resultType"] == "scalar":
            return (_series({"metric": {}, "values": [found["result"]]}),)
        return tuple(_series({**one, "values": [one["value"]]}) for one in found["result"])

    def between(self, expr: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """A query's series from `start` to `end`, a point each `step` seconds."""
        asked = {"query": expr, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:.3f}"}
        return tuple(map(_series, self._ask("query_range", asked)["result"]))

    def _ask(self, what: str, asked: Mapping[str, str]) -> Any:
        answer = self._request("POST", f"/api/v1/{what}", data=dict(asked))
        try:
            found = answer.json()
        except ValueError as error:
            words = f"what answers at {self.url} is not Prometheus ({answer.status_code})"
            raise SophiaError(words) from error
        if not isinstance(found, dict) or found.get("status") != "success":
            told = found.get("error", "") if isinstance(found, dict) else ""
            raise SophiaError(f"Prometheus at {self.url} does not take `{asked['query']}`: {told}")
        return found["data"]


def _series(found: Mapping[str, Any]) -> Series:
    points = ((float(moment), float(value)) for moment, value in found.get("values", ()))
    kept = tuple(point for point in points if not math.isnan(point[1]))
    return Series(dict(found["metric"]), kept)
