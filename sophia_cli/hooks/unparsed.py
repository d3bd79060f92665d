"""Files of data that do not parse today: a check that is new must not stop whoever touches them."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import yaml

KINDS = {"yaml": (".yaml", ".yml"), "toml": (".toml",), "json": (".json",)}
# JSON with comments by custom: its check passes over it anyway.
COMMENTED = r"^\.vscode/|(^|/)(tsconfig|jsconfig|devcontainer|api-extractor)[\w.-]*\.json$"
_LARGEST = 1_000_000  # bytes; what is larger is taken to parse
_MOST = 2_000  # files of a kind
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def unparsed(root: Path, paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The files of each kind that its check would refuse."""
    return {
        kind: tuple(_refused(root, (path for path in paths if path.endswith(ends)), _READ[kind]))
        for kind, ends in KINDS.items()
    }


def _refused(root: Path, paths: Iterable[str], reads: Callable[[str], object]) -> list[str]:
    found = []
    for path in list(paths)[:_MOST]:
        if re.search(COMMENTED, path):
            continue
        try:
            data = (root / path).read_bytes()
            if len(data) <= _LARGEST:
                reads(data.decode("utf-8-sig" if path.endswith(KINDS["yaml"]) else "utf-8"))
        except OSError:
            continue
        except (ValueError, RecursionError, yaml.YAMLError):
            found.append(path)
    return found


def _yaml(text: str) -> None:
    """Its syntax; what its tags and anchors mean is not asked."""
    for _ in yaml.parse(text, Loader=_LOADER):
        pass


def _once(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


_READ: Mapping[str, Callable[[str], object]] = {
    "yaml": _yaml,
    "toml": tomllib.loads,
    "json": lambda text: json.loads(text, object_pairs_hook=_once),
}
