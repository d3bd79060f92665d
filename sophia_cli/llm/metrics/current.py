"""A configuration whose budgets are those of its file as it stands: who exports for weeks tells of an edit too."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sophia_cli.llm.admission.desk import EditedBudgets
from sophia_cli.llm.config import Config
from sophia_cli.llm.errors import ConfigError


class Current:
    """Calling it gives the configuration now; budgets of a file that cannot be used stay as they were."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._edited = EditedBudgets(config)

    def __call__(self) -> Config:
        with suppress(ConfigError):
            budgets = tuple(self._edited())
            if budgets != self._config.budgets:
                self._config = replace(self._config, budgets=budgets)
        return self._config
