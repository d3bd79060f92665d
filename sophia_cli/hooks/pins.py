"""The versions of other people's programs that the hooks run: the one place that names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pin:
    """A package of PyPI (`separator` is `==`) or of npm (`@`), at one version."""

    name: str
    version: str
    separator: str = "=="
    extras: str = ""

    @property
    def requirement(self) -> str:
        """As pip or npm take it: `bandit[toml]==1.9.4`, `eslint@10.15.0`."""
        return f"{self.name}{self.extras}{self.separator}{self.version}"


def _npm(name: str, version: str) -> Pin:
    return Pin(name, version, "@")


RUFF = Pin("ruff", "0.17.6")
BLACK = Pin("black", "26.10.1")
BANDIT = Pin("bandit", "1.9.4", extras="[toml]")
PYTHON = (RUFF, BLACK, BANDIT)

ESLINT = _npm("eslint", "10.15.0")
NODE = (
    ESLINT,
    _npm("@eslint/js", "10.0.1"),
    _npm("typescript-eslint", "8.73.0"),
    _npm("typescript", "6.0.3"),  # typescript-eslint 8.73 refuses 6.1 and later
    _npm("globals", "17.14.0"),
    _npm("eslint-plugin-react-hooks", "7.1.1"),
)
FILES = Pin("pre-commit-hooks", "6.0.0")  # checks of files; those that change none are used
SECRETS = Pin("detect-secrets", "1.5.0")
