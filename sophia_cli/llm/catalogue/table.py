"""`models.json`, read when it is first asked for. A damaged file knows nothing: it breaks no call."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("models.json")
FORMAT = 1
_LOG = logging.getLogger("sophia_cli.llm.catalogue")


@dataclass(frozen=True)
class Table:
    """The parsed file, by vendor. `prices_source` says who states the prices, and since when."""

    vendors: Mapping[str, Any] = field(default_factory=dict)
    prices_source: tuple[str, str] = ("", "")

    def facts(self, vendor: str, name: str) -> Any:
        """The row of a model in the vendor's `facts`; None where there is none."""
        return self.vendors.get(vendor, {}).get("facts", {}).get(name)

    def prices(self, vendor: str, name: str) -> Sequence[Mapping[str, Any]]:
        """The rows of prices of a vendor's model; none where it is not listed.

        A vendor that sells models of others under their names (`also`) has their prices for them.
        """
        name = name.lower()
        for spelling in dict.fromkeys((name, _COMPACT_DATE.sub(r"-\1-\2-\3", name))):
            for listed in (vendor, *self.vendors.get(vendor, {}).get("also", ())):
                for model in self.vendors.get(listed, {}).get("prices", ()):
                    if is_match(model[0], spelling):
                        rows: Sequence[Mapping[str, Any]] = model[1]
                        return rows
        return ()

    def priced(self) -> list[tuple[str, str]]:
        """Every vendor and model that can be named and has a price."""
        return [
            (vendor, name)
            for vendor, parts in self.vendors.items()
            for clause, rows in parts.get("prices", ())
            if rows
            for name in names_in(clause)
        ]


def is_match(clause: Any, name: str) -> bool:
    """Whether a name is meant: a plain text is the name itself, a list is met by one of its members."""
    if isinstance(clause, str):
        return name == clause
    if isinstance(clause, list):
        return any(is_match(part, name) for part in clause)
    [(word, text)] = clause.items()
    return bool(_CLAUSES[word](text, name))


def names_in(clause: Any) -> list[str]:
    """The names that a clause spells out, beginnings of names among them."""
    if isinstance(clause, str):
        return [clause]
    if isinstance(clause, dict):
        text = clause.get("starts_with", clause.get("contains", ""))
        return [text] if text and text[-1].isalnum() else []
    parts = clause if isinstance(clause, list) else ()
    return [name for part in parts for name in names_in(part)]


_CLAUSES: Mapping[str, Any] = {
    "starts_with": lambda text, name: name.startswith(text),
    "ends_with": lambda text, name: name.endswith(text),
    "contains": lambda text, name: text in name,
    "regex": lambda text, name: re.search(text, name) is not None,
    "and": lambda parts, name: all(is_match(part, name) for part in parts),
}
# Some write `-20251211` for what the lists call `-2025-12-11`.
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


@cache
def load_table() -> Table:
    """The table of this installation."""
    return read_table(FILE)


def read_table(path: Path) -> Table:
    """The table in a file; an empty one, and a warning, when it cannot be used."""
    try:
        data = json.loads(path.read_bytes())
        if data["format"] != FORMAT:
            raise ValueError(f"it is of format {data['format']}")
        source, as_of = data["prices_source"]
        for vendor, parts in data["vendors"].items():
            if not (isinstance(parts["prices"], list) and isinstance(parts["facts"], dict)):
                raise ValueError(f"its part about {vendor} is damaged")
        return Table(data["vendors"], (source, as_of))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        _LOG.warning("the catalogue of models %s cannot be used: %s", path, error)
        return Table()
