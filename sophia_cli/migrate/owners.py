"""Who owns a file: CODEOWNERS, read as GitHub and GitLab read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Where the two look, in an order that is right for both.
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?(?=\s|$)(.*)")
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_TOKEN = re.compile(r"\\.|\*+|\[[!^]?(?:a-z|A-Z|0-9|[\w.])+\]|.", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """One line: the files it names, as a regular expression, and who owns them."""

    section: str
    pattern: str
    owners: tuple[str, ...]

    @cached_property
    def files(self) -> re.Pattern[str]:
        """Compiled where a file asks: there may be thousands of rules, and no site."""
        return re.compile(self.pattern, re.DOTALL)


@dataclass(frozen=True)
class Owners:
    """The rules of one file; `prefix` is the way from the repository's top to the tree's root."""

    rules: tuple[Rule, ...] = ()
    prefix: str = ""

    def of(self, path: str) -> str:
        """The owners of a file of the tree with spaces between them; "" where it has none.

        The last rule that names it wins, in each section of its own.
        """
        full = self.prefix + path
        found: dict[str, tuple[str, ...]] = {rule.section: () for rule in self.rules}
        left = set(found)
        for rule in reversed(self.rules):
            if rule.section in left and rule.files.fullmatch(full):
                left.remove(rule.section)
                found[rule.section] = rule.owners
        return " ".join(dict.fromkeys(name for names in found.values() for name in names))


def read_owners(root: Path) -> Owners:
    """The owners of a tree, which may be a folder of a repository; none where no file says them."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    prefix = root.relative_to(top).as_posix()
    for place in PLACES:
        try:
            text = (top / place).read_text("utf-8-sig", "replace")
        except OSError:
            continue
        rules = _gitlab(text) if _is_gitlab(top, place, text) else _github(text)
        return Owners(tuple(rules), "" if prefix == "." else f"{prefix}/")
    return Owners()


def _is_gitlab(top: Path, place: str, text: str) -> bool:
    """Sections are GitLab's alone; else the place decides, and what else the repository holds."""
    if place.startswith("."):
        return place.startswith(".gitlab")
    sections = any(_SECTION.match(line.strip()) for line in text.splitlines())
    return sections or ((top / ".gitlab-ci.yml").exists() and not (top / ".github").exists())


def _github(text: str) -> Iterator[Rule]:
    """A line that GitHub does not take, such as one with `!` or `[`, is left out as it does."""
    for line in text.splitlines():
        pattern, owners = _words(line)
        if not pattern or pattern.startswith(("!", "\\#")) or "[" in pattern or "***" in pattern:
            continue
        if all("@" in owner for owner in owners):
            yield Rule("", _github_pattern(pattern), owners)


def _gitlab(text: str) -> list[Rule]:
    """Each section has rules of its own, and owners of its rules that name none.

    What a rule with `!` takes out of a section no later rule brings back: those come last.
    """
    rules, exclusions = [], []
    section, default = "", tuple[str, ...]()
    for line in text.splitlines():
        heading = _SECTION.match(line.strip())
        if heading:
            section = heading[1].strip().lower()
            default = _owners(_split(heading[2]))
            continue
        pattern, owners = _words(line)
        if pattern.startswith("!"):
            exclusions.append(Rule(section, _gitlab_pattern(pattern[1:]), ()))
        elif pattern:
            rules.append(Rule(section, _gitlab_pattern(pattern), _owners(owners) or default))
    return [*rules, *exclusions]


def _owners(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if "@" in word)


def _words(line: str) -> tuple[str, tuple[str, ...]]:
    """The pattern of a line and its owners; no pattern where it is a comment or empty."""
    words = _split(line)
    return (words[0], tuple(words[1:])) if words else ("", ())


def _split(line: str) -> list[str]:
    words = _WORD.findall(line)
    end = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:end]


def _github_pattern(pattern: str) -> str:
    """As in .gitignore: a slash but at the end ties it to the top, a folder is all that is in it.

    Other than there, `docs/*` names the files of `docs` and none below.
    """
    tied = "/" in pattern.rstrip("/")
    folder, body = pattern.endswith("/"), pattern.strip("/")
    front = "" if tied else "(?:.*/)?"
    if folder:
        return f"{front}{_glob(body)}/.*"
    return front + _glob(body) + ("" if pattern.endswith("/*") else "(?:/.*)?")


def _gitlab_pattern(pattern: str) -> str:
    """A path that begins with no slash may begin anywhere; only a slash at its end names a folder."""
    if pattern == "*":
        return ".*"
    front = "" if pattern.startswith("/") else "(?:.*/)?"
    return front + _glob(pattern.strip("/")) + ("/.*" if pattern.endswith("/") else "")


def _glob(pattern: str) -> str:
    """The regular expression of a path with `*` and `?`, and `**` where it is a whole step."""
    steps = pattern.split("/")
    text = ""
    for number, step in enumerate(steps, start=1):
        last = number == len(steps)
        if step == "**":
            text += ".*" if last else "(?:.*/)?"
        else:
            text += "".join(map(_one, _TOKEN.findall(step))) + ("" if last else "/")
    return text


def _one(token: str) -> str:
    if token[0] == "*":
        return "[^/]*"
    if token == "?":
        return "[^/]"
    if token[0] == "[" and len(token) > 1:
        return token.replace("[!", "[^", 1)
    return re.escape(token[1:] if len(token) > 1 else token)
