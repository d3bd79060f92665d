"""Finds the pins in the text of a pre-commit configuration; nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from sophia_cli.hooks.config import Config
from sophia_cli.hooks.update.pin import GIT, NPM, PYPI, Loose, Pin
from sophia_cli.hooks.update.tags import is_commit

# A pin as a whole dependency, and as an argument: there it may follow the name of an option.
_BEFORE = r"(?:--[\w-]+=)?"
_FOUND = {
    PYPI: re.compile(
        _BEFORE + r"(?P<name>[A-Za-z0-9][\w.-]*)(?P<extras>\s*\[[^\]]*\])?\s*==\s*"
        r"(?P<version>[\w.!+-]+)(?=\s*(?:;.*)?$)"
    ),
    NPM: re.compile(
        _BEFORE + r"(?P<name>(?:@[\w.~-]+/)?[\w.~-]+)(?P<extras>)@"
        r"(?P<version>\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)$"
    ),
}
_LANGUAGES = {"python": PYPI, "python_venv": PYPI, "node": NPM}
_NOT_REMOTE = ("local", "meta", "builtin")
_FROZEN = re.compile(r"[ \t]*#[ \t]*frozen:[ \t]*(?P<tag>\S+)")
_LOOKS_NPM = re.compile(r"(?:@[\w.~-]+/)?[\w.~-]+@[\w^~<>=*.|-]+$")


@dataclass(frozen=True)
class Found:
    """The pins of a configuration, and what looks like one and is none."""

    pins: tuple[Pin, ...]
    loose: tuple[Loose, ...]


def read(config: Config) -> Found:
    """Every pin of a configuration, in the order of its text."""
    found = list(_Reader(config).all())
    places: dict[int, Pin] = {}
    for one in found:
        if isinstance(one, Pin):
            places.setdefault(one.start, one)  # an alias stands in one place, whoever uses it
    pins = sorted(places.values(), key=lambda pin: pin.start)
    return Found(tuple(pins), tuple(one for one in found if isinstance(one, Loose)))


class _Reader:
    """Walks one configuration; what is not shaped as one is passed over, for pre-commit to complain of."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._text = config.text
        self._group = 0

    def all(self) -> Iterator[Pin | Loose]:
        python = _scalar(self._config.node("default_language_version", "python"))
        for repo in _items(self._config.node("repos")):
            where = _scalar(_child(repo, "repo"))
            if where and where not in _NOT_REMOTE:
                self._group += 1
                yield from self._rev(where, _child(repo, "rev"))
            for hook in _items(_child(repo, "hooks")):
                self._group += 1
                yield from self._hook(hook, where, python)

    def _rev(self, url: str, node: yaml.Node | None) -> Iterator[Pin | Loose]:
        value = _scalar(node)
        if node is None or not value:
            return
        span, line = self._span(node, value), self._line(node)
        if span is None:
            yield Loose(value, line, url, "it is written in a way that cannot be moved")
        elif not is_commit(value) and not re.search(r"\d", value):
            yield Loose(value, line, url, "a branch, not a version:  pre-commit autoupdate")
        else:
            pin = Pin(GIT, url, value, *span, line, url, self._group)
            yield replace(pin, frozen=self._frozen(node)) if is_commit(value) else pin

    def _frozen(self, node: yaml.Node) -> tuple[int, int] | None:
        found = _FROZEN.match(self._text, node.end_mark.index)
        return found.span("tag") if found else None

    def _hook(self, hook: yaml.Node, where: str, python: str) -> Iterator[Pin | Loose]:
        name = _scalar(_child(hook, "id"))
        entry = _scalar(_child(hook, "entry"))
        language = _scalar(_child(hook, "language"))
        kinds = [_LANGUAGES[language]] if language in _LANGUAGES else [PYPI, NPM]
        if where == "local" and language not in _LANGUAGES:
            kinds = []  # of other languages, whose pins are spelled otherwise
        asked = _scalar(_child(hook, "language_version")) or python
        for node in _items(_child(hook, "additional_dependencies")):
            yield from self._dependency(node, kinds, name, asked)
        if "sophia-gate" in entry.split()[:1] or name.startswith("sophia-"):
            for node in _items(_child(hook, "args")):
                yield from self._pins(node, [PYPI, NPM], name, asked)

    def _dependency(
        self, node: yaml.Node, kinds: list[str], hook: str, python: str
    ) -> Iterator[Pin | Loose]:
        value = _scalar(node)
        pins = list(self._pins(node, kinds, hook, python))
        yield from pins
        if pins or not kinds or not value or value[0] in "./-" or "://" in value:
            return
        if any(pattern.match(value) for kind, pattern in _FOUND.items() if kind in kinds):
            why = "it is written in a way that cannot be moved"
        elif kinds == [NPM] or _LOOKS_NPM.match(value):
            why = "held to no version; pin it as NAME@1.2.3"
        else:
            why = "held to no version; pin it as NAME==1.2.3"
        yield Loose(value, self._line(node), hook, why)

    def _pins(self, node: yaml.Node, kinds: list[str], hook: str, python: str) -> Iterator[Pin]:
        value = _scalar(node)
        for kind in kinds:
            found = _FOUND[kind].match(value)
            span = self._span(node, value)
            if found and span and not found["version"].endswith("*"):
                start, end = (span[0] + at for at in found.span("version"))
                extras = (found["extras"] or "").strip()
                yield Pin(
                    kind, found["name"], found["version"], start, end, self._line(node),
                    hook, self._group, extras, python,
                )  # fmt: skip
                return

    def _span(self, node: yaml.Node, value: str) -> tuple[int, int] | None:
        """Where the value stands as it is, without quotes; None where the text spells it otherwise."""
        if not value:
            return None
        start, end = node.start_mark.index, node.end_mark.index
        at = self._text.find(value, start, end)
        return (at, at + len(value)) if at >= 0 else None

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + 1


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if _scalar(name) == key), None)
    return None


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _scalar(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
