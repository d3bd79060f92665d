"""Takes out of a text what names a person, an account or a key; `[email]` stands where it was."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from sophia_cli.llm.secret import hide_known

Match = re.Match[str]

# Every repetition is bounded or begins where no other can: ten megabytes take no longer than ten
# times one.
_API_KEY = r"""
    \b(?:sk|rk|pk)[-_][A-Za-z0-9_-]{16,} | \bgsk_\w{20,} | \bxai-\w{20,} | \bAIza[\w-]{30,}
  | \bgh[pousr]_\w{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{16,} | \bhf_[A-Za-z0-9]{20,}
  | \bxox[abeprs]-[\w-]{10,} | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
  | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}
  | -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----[^-]{0,20000}(?:-----END\ [A-Z ]{0,30}PRIVATE\ KEY-----)?
  | (?i:(?<=\bbearer\ )|(?<=\bapi-key:\ )|(?<=\bapi_key=)|(?<=\bapi_key":\ ")|(?<=\bapi_key":"))
    (?=[^\s"']{0,200}\d)[^\s"',;&]{12,}
"""
_EMAIL = r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b"
_IBAN = r"\b[A-Z]{2}\d{2}(?:\ ?[A-Z0-9]{4}){2,7}(?:\ ?[A-Z0-9]{1,3})?\b"
_CARD = r"(?<![\d.-])(?:\d{13,19}|\d{3,6}(?:[ -]\d{1,6}){2,6})(?!\d)"
_PHONE = r"""
    (?<![\w.+-])(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(?\d{1,12}\)?){1,6}(?!\w)
  | (?<![\w.+-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)
"""
_IP = r"""
    (?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d)
  | (?<![\w:.])[0-9A-Fa-f:]{3,39}(?![\w:])
"""


def _always(mark: str, found: Match) -> str:
    return mark


def _if_iban(mark: str, found: Match) -> str:
    """ISO 13616: the rest modulo 97 is 1."""
    text = found[0].replace(" ", "")
    digits = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return mark if int(digits) % 97 == 1 else found[0]


def _if_card(mark: str, found: Match) -> str:
    """The digits that pass Luhn's check; an expiry date or a count may stand beside them."""
    parts = re.split(r"([ -])", found[0])
    for size in range(len(parts), 0, -1):
        for begin in range(0, len(parts) - size + 1, 2):
            digits = "".join(parts[begin : begin + size : 2])
            if size % 2 and 13 <= len(digits) <= 19 and _passes_luhn(digits):
                return "".join(parts[:begin]) + mark + "".join(parts[begin + size :])
    return found[0]


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return (
        sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)
    ) % 10 == 0 and len(set(digits)) > 1


def _if_phone(mark: str, found: Match) -> str:
    """E.164: at most 15 digits."""
    return mark if 8 <= sum(map(str.isdigit, found[0])) <= 17 else found[0]


def _if_ip(mark: str, found: Match) -> str:
    text = found[0]
    try:  # `12:30:45` is none, nor is `a::b`, though it could be
        ipaddress.ip_address(text)
    except ValueError:
        return text
    return mark if any(map(str.isdigit, text)) else text


_RULES: dict[str, tuple[str, Callable[[str, Match], str]]] = {
    "api_key": (_API_KEY, _always),
    "email": (_EMAIL, _always),
    "iban": (_IBAN, _if_iban),
    "credit_card": (_CARD, _if_card),
    "phone": (_PHONE, _if_phone),
    "ip": (_IP, _if_ip),
}
RULES = tuple(_RULES)


@dataclass(frozen=True)
class Redaction:
    """Which rules are followed: some of the built-in ones, and patterns of one's own by name."""

    names: tuple[str, ...] = RULES
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """The text without what the rules find. A key that this process uses is never left."""
        text = hide_known(text)
        for name, pattern in self.patterns.items():
            text = pattern.sub(f"[{name}]", text)
        return _apply(self.names, text)

    def value(self, value: Any) -> Any:
        """The same for every text within a parsed request; names of fields stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


def hide_keys(text: str, also: Iterable[str] = ()) -> str:
    """A text of a provider without keys: those that this process has read, others by their shape."""
    for value in also:
        text = text.replace(value, "[api_key]")
    return _apply(("api_key",), hide_known(text))


def _apply(names: tuple[str, ...], text: str) -> str:
    for name, (_, judge) in _RULES.items():
        if name in names:
            text = _compiled(name).sub(partial(judge, f"[{name}]"), text)
    return text


@cache
def _compiled(name: str) -> re.Pattern[str]:
    # A blank within brackets stays one; the patterns of one line are written without any other.
    return re.compile(_RULES[name][0], re.VERBOSE)
