"""`models.json`, read when it is first asked for. A damaged file knows nothing: it breaks no call."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("models.json")
FORMAT = 1
_LOG = logging.getLogger("sophia_cli.llm.catalogue")


@dataclass(frozen=True)
class Table:
    """The parsed file, by vendor."""

    vendors: Mapping[str, Any] = field(default_factory=dict)

    def facts(self, vendor: str, name: str) -> Any:
        """The row of a model in the vendor's `facts`; None where there is none."""
        return self.vendors.get(vendor, {}).get("facts", {}).get(name)


@cache
def load_table() -> Table:
    """The table of this installation."""
    return read_table(FILE)


def read_table(path: Path) -> Table:
    """The table in a file; an empty one, and a warning, when it cannot be used."""
    try:
        data = json.loads(path.read_bytes())
        if data["format"] == FORMAT:
            return Table(data["vendors"])
        problem = f"it is of format {data['format']}"
    except (OSError, ValueError, LookupError, TypeError) as error:
        problem = str(error)
    _LOG.warning("the catalogue of models %s cannot be used: %s", path, problem)
    return Table()
