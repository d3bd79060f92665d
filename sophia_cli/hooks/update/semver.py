"""Versions and ranges as npm reads them: `^8.57.0 || ^9.0.0`, `>=4.8.4 <6.1.0`, `1.x`, `1.2 - 2`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import total_ordering

_FULL = re.compile(r"[v=\s]*(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$")
_PART = re.compile(
    r"(?P<sign>[~^<>=]*)\s*v?(?P<numbers>(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2})"
    r"(?:-(?P<early>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$"
)
_HYPHEN = re.compile(r"(\S+)\s+-\s+(\S+)$")
_SIGNS = ("", "=", "~", "~>", "^", "<", "<=", ">", ">=")


@total_ordering
@dataclass(frozen=True)
class Version:
    """`major.minor.patch`, and what stands before a release in `early`."""

    numbers: tuple[int, int, int]
    early: tuple[str, ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        parts = tuple(
            (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in self.early
        )
        return self.numbers, not self.early, parts


def version(text: str) -> Version | None:
    """The version of a text; None where it is none."""
    found = _FULL.match(text.strip())
    if not found:
        return None
    major, minor, patch, early = found.groups()
    return Version((int(major), int(minor), int(patch)), tuple(early.split(".")) if early else ())


def fits(text: str, wanted: str) -> bool:
    """Whether a version is in a range. What cannot be read, such as a URL, excludes nothing."""
    found = version(text)
    try:
        alternatives = [tuple(_bounds(part)) for part in wanted.split("||")]
    except ValueError:
        return True
    return found is None or any(_within(found, bounds) for bounds in alternatives)


_Bound = tuple[str, Version]


def _within(found: Version, bounds: tuple[_Bound, ...]) -> bool:
    holds = {
        "<": lambda bound: found < bound,
        "<=": lambda bound: found <= bound,
        ">": lambda bound: found > bound,
        ">=": lambda bound: found >= bound,
    }
    if not all(holds[sign](bound) for sign, bound in bounds):
        return False
    # A version before a release is only in a range that names one of the same numbers.
    return not found.early or any(
        bound.early and bound.numbers == found.numbers for _, bound in bounds
    )


def _bounds(words: str) -> Iterator[_Bound]:
    """The bounds that all must hold. Raises ValueError."""
    words = words.strip()
    hyphen = _HYPHEN.match(words)
    if hyphen:
        yield from _one(f">={hyphen[1]}")
        yield from _one(f"<={hyphen[2]}")
        return
    for word in re.sub(r"([<>=~^]+)\s+", r"\1", words).split():
        yield from _one(word)


def _one(word: str) -> Iterator[_Bound]:
    found = _PART.match(word)
    if not found or found["sign"] not in _SIGNS:
        raise ValueError(word)
    given = [int(part) for part in found["numbers"].split(".") if part.isdigit()]
    early = tuple(found["early"].split(".")) if found["early"] else ()
    low = Version((*given, *[0] * (3 - len(given))), early)  # type: ignore[arg-type]
    sign = found["sign"]
    if not given:
        if sign in ("<", ">"):
            yield "<", Version((0, 0, 0), ("0",))
    elif sign in ("", "="):
        yield from [(">=", low), ("<=", low)] if len(given) == 3 else _from(low, len(given) - 1)
    elif sign in ("~", "~>"):
        yield from _from(low, min(len(given) - 1, 1))
    elif sign == "^":
        fixed = next((at for at, number in enumerate(given) if number), len(given) - 1)
        yield from _from(low, fixed)
    elif len(given) == 3:
        yield sign, low
    else:
        above = _after(low, len(given) - 1)
        yield {"<": ("<", low), ">=": (">=", low), "<=": ("<", above), ">": (">=", above)}[sign]


def _from(low: Version, fixed: int) -> Iterator[_Bound]:
    """From a version up to where the number at `fixed` would rise."""
    yield ">=", low
    yield "<", _after(low, fixed)


def _after(low: Version, fixed: int) -> Version:
    numbers = [*low.numbers[:fixed], low.numbers[fixed] + 1, 0, 0][:3]
    return Version((numbers[0], numbers[1], numbers[2]), ("0",))
