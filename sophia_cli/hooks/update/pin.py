"""Pins: the versions that a pre-commit configuration holds its tools to."""

from __future__ import annotations

from dataclasses import dataclass

from sophia_cli.hooks.elsewhere import NPM as NPM
from sophia_cli.hooks.elsewhere import PYPI as PYPI

GIT = "git"


@dataclass(frozen=True)
class Pin:
    """One version in the text of the configuration: `text[start:end]` is `version`.

    `hook` is the id of the hook that it stands in, `group` what is installed together with it;
    `python` is the interpreter that the hook asks for, empty for any. `frozen` is where the comment
    `# frozen: TAG` names the tag of a commit.
    """

    kind: str
    name: str
    version: str
    start: int
    end: int
    line: int
    hook: str
    group: int
    extras: str = ""
    python: str = ""
    frozen: tuple[int, int] | None = None

    @property
    def spelled(self) -> str:
        """As a person writes it: `bandit[toml]==1.9.4`, `eslint@10.15.0`, `URL at v1`."""
        if self.kind == GIT:
            return f"{self.name} {self.version}"
        return f"{self.name}{self.extras}{'==' if self.kind == PYPI else '@'}{self.version}"


@dataclass(frozen=True)
class Loose:
    """What names a package and holds it to no single version, or in a way that cannot be moved: left alone."""

    text: str
    line: int
    hook: str
    why: str
