"""Which samples of a page tell what was: a code base moves on, what is told of its past does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_FOLDERS = frozenset(
    [
        "adr", "adrs", "decisions", "rfc", "rfcs", "changelog", "changelogs", "changes", "news",
        "newsfragments", "release", "releases", "release-notes", "release_notes", "history",
        "archive", "archived", "archives", "old", "deprecated", "legacy", "migration", "migrations",
        "blog", "post", "posts", "_posts", "meetings", "journal", "postmortem", "postmortems",
    ]
)  # fmt: skip
_FILE = re.compile(
    r"(change-?_?logs?|changes|history|news|release|upgrad|migrat|deprecat|whats-?_?new|post-?mortem"
    r"|retrospective|adr\b|rfc\b)|.*[-_](change-?_?log|migration|upgrade|changes|history)\b"
)
# 0007-use-openai.md is a decision, 2024-05-01-launch.md a post.
_DATED = re.compile(r"(^|.*[-_.])(\d{3,4}[-_]|(19|20)\d{2}[-_.]?[01]\d[-_.]?[0-3]\d)")
_FRONT = re.compile(r"\A---\r?\n(?:.*\r?\n)*?date\s*:.*\r?\n(?:.*\r?\n)*?---")
# Words that name one half of a comparison when they are all that is said.
_HALF = re.compile(
    r"\W*(the\s+)?(before|after|old|new|from|to|was|now|then|previous|current)\b"
    r"\W*((way|code|style|version|api|sdk|client|usage|form|syntax|openai|migration|pattern|\d[\w.]*)\b\W*)*"
    r"(\(.*\)\W*|[:\u2014-].*)?",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"\b(before|after)\s*:|\bold(er)?\b(?! (?:than|enough))|\bprevious(ly)?\b|\blegacy\b|\bformerly\b"
    r"|\bdeprecat\w+|\bobsolete\b|\bhistor\w+|\bchange-?log\b|\brelease notes?\b|\bwhat.?s new\b"
    r"|\bmigrat\w+|\bupgrad\w+|\bmov(e|ing) (from|off|away)\b|\breplac(es|ed|ing)\b|\binstead of\b"
    r"|\bused to\b|\bno longer\b|\bsupersed\w+|\bin the past\b|\brefactor\w+"
    r"|\bdon.?t\b|\bdo not\b|\bnever\b|\bavoid\w*|\bbad\b|\bwrong\b|\bincorrect\w*|\banti-?patterns?\b"
    r"|[\u274c\u2717\u2718\U0001f6ab\U0001f44e]",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\W*((version|release|python sdk)\s+v?\d|v\d+(\.\d+)*\b|\d+\.\d+\.\d+|(19|20)\d{2}-\d{2})",
    re.IGNORECASE,
)
_COMMENT = re.compile(
    r"#\W*((before|after|old|new|was|now)\b\W*((way|code|style|version|api|sdk|client|usage)\b\W*)*"
    r"(\(.*\)\W*|[:\u2014-].*)?$"
    r"|(bad|wrong|incorrect|legacy|deprecated|obsolete|don.?t|do not|avoid|never|previously|formerly"
    r"|no longer|instead of|old|v?\d+\.\d+)\b)"
    r"|#.*[\u274c\u2717\u2718\U0001f6ab\U0001f44e]",
    re.IGNORECASE,
)


def is_past(path: str, text: str) -> bool:
    """Whether a whole page is a record: a changelog, a decision, a migration guide, a dated post."""
    place = PurePosixPath(path.lower())
    if _FOLDERS.intersection(place.parts[:-1]) or _FILE.match(place.stem):
        return True
    return any(_DATED.match(part) for part in place.parts) or bool(_FRONT.match(text))


def tells_of_past(headings: Iterable[str], lead: str, lines: Iterable[str]) -> bool:
    """Whether the headings over a sample, the words before it or a comment in it say so."""
    if any(_TELLING.search(words) or _HALF.fullmatch(words) for words in (*headings, lead)):
        return True
    return any(map(_VERSION.match, headings)) or any(map(_COMMENT.search, lines))
