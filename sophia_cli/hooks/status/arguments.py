"""Arguments that YAML has split: `[--skip=B101,B601]` is two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sophia_cli.checked import FAIL, Check
from sophia_cli.hooks.config import Config

_OPTION = re.compile(r"--?[\w-]+=(?P<value>[^\s]+)")


def arguments(config: Config) -> Iterator[Check]:
    """The hooks whose list of arguments has been cut at the commas of one of them."""
    for _, hook in config.hooks:
        for key in ("args", "additional_dependencies"):
            words = hook.get(key)
            if not isinstance(words, list):
                continue
            mended = joined([str(word) for word in words])
            if len(mended) < len(words):
                split = next(one for one, old in zip(mended, words, strict=False) if one != old)
                told = f"{key} of {hook['id']}: YAML splits {split} at its commas"
                listed = ", ".join(f'"{word}"' if "," in word else word for word in mended)
                yield Check("arguments", FAIL, told, f"{key}: [{listed}]")


def joined(words: Sequence[str]) -> list[str]:
    """The words as they were meant: what follows an option's value and looks like it belongs to it."""
    found: list[str] = []
    shape = ""
    for word in words:
        option = _OPTION.fullmatch(word)
        if shape and not word.startswith("-") and _shape(word) == shape:
            found[-1] += f",{word}"
            continue
        found.append(word)
        shape = _shape(option["value"].rpartition(",")[2]) if option else ""
    return found


def _shape(word: str) -> str:
    """Like what a word looks: letters and digits stand for their kinds. Plain words look like nothing."""
    shape = re.sub(r"\d+", "9", re.sub(r"[A-Z]+", "A", re.sub(r"[a-z]+", "a", word)))
    return shape if shape not in ("a", "A", "9", "") and "/" not in word else ""
