"""The ledger of a project, opened to be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sophia_cli.errors import SophiaError
from sophia_cli.llm.config import Config
from sophia_cli.llm.ledger import Ledger


@contextmanager
def books(config: Config) -> Iterator[Ledger | None]:
    """The ledger that the configuration names; None where no call was ever written into one.

    Raises SophiaError where it cannot be read; LLMError comes of reading one that is in use.
    """
    ledger = Ledger(config.ledger)
    try:
        if not ledger.exists:
            yield None
            return
        ledger.read("SELECT 1")
        if ledger.problem:
            raise SophiaError(
                f"the ledger {config.ledger} cannot be read",
                "name another with SOPHIA_LEDGER, or see  sophia llm budgets",
            )
        yield ledger
    finally:
        ledger.close()
