"""What may be kept of prompts and answers: nothing, unless `[privacy]` says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sophia_cli.llm.call import Labels
from sophia_cli.llm.configfile import ConfigFile, Key
from sophia_cli.llm.errors import ConfigError
from sophia_cli.llm.redaction import RULES, Redaction

KEYS = (
    Key(
        "privacy.store_prompts",
        bool,
        False,
        "keep prompts and answers, redacted, in `transcripts.sqlite3` beside the ledger",
        "SOPHIA_STORE_PROMPTS",
    ),
    Key("privacy.redact", tuple, RULES, "what is taken out of them before they are kept"),
    Key("privacy.keep_days", int, 30, "after so many days a transcript is deleted", minimum=1),
    Key(
        "privacy.never_store",
        tuple,
        (),
        "data classes of which neither prompts nor answers are kept, in the cache neither",
    ),
    Key(
        "privacy.store_classes",
        tuple,
        (),
        "data classes whose prompts may be kept; of any other class they are not",
    ),
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")


@dataclass(frozen=True)
class Privacy:
    """The `[privacy]` table, checked."""

    store_prompts: bool = False
    redaction: Redaction = field(default_factory=Redaction)
    keep_days: int = 30
    never_store: tuple[str, ...] = ()
    store_classes: tuple[str, ...] = ()

    def stores(self, labels: Labels) -> bool:
        """Whether the prompt and the answer of such a call are kept."""
        data_class = labels.data_class
        if not self.store_prompts or data_class in self.never_store:
            return False
        return not data_class or data_class in self.store_classes


def parse_privacy(
    file: ConfigFile, environ: Mapping[str, str], data_classes: Mapping[str, object]
) -> Privacy:
    """The `[privacy]` table. Raises ConfigError naming what is not known."""
    names = tuple(key.path.partition(".")[2] for key in KEYS)
    table = file.table("privacy", (*names, "patterns"))
    store, redact, days, never, classes = (file.value(key, environ) for key in KEYS)
    _known(file, "redact", redact, RULES)
    _known(file, "never_store", never, tuple(data_classes))
    _known(file, "store_classes", classes, tuple(data_classes))
    patterns = _patterns(file, table.get("patterns", {}))
    return Privacy(store, Redaction(redact, patterns), days, never, classes)


def _known(file: ConfigFile, key: str, found: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for name in found:
        if name not in allowed:
            raise ConfigError(
                f"{file.at('privacy', key)}: [privacy] {key} names '{name}', which is not known",
                f"known: {', '.join(allowed) or 'none, [data_classes] is empty'}",
            )


def _patterns(file: ConfigFile, table: object) -> dict[str, re.Pattern[str]]:
    if not isinstance(table, dict):
        words = f"{file.at('privacy', 'patterns')}: [privacy.patterns] must be a table"
        raise ConfigError(words, 'such as ticket = "ABC-[0-9]+"')
    found = {}
    for name, text in table.items():
        fault = _fault(name, text)
        if fault:
            at = file.at("privacy", "patterns", name)
            raise ConfigError(f"{at}: [privacy.patterns] {name} {fault}")
        found[name] = re.compile(text)
    return found


def _fault(name: str, text: object) -> str:
    """What is wrong with a pattern; empty where nothing is."""
    if not _NAME.fullmatch(name) or not isinstance(text, str):
        return "must be a name and a regular expression"
    try:
        if re.compile(text).match(""):
            return "matches nothing at all, so it is everywhere"
    except re.error as error:
        return f"is no regular expression: {error}"
    return ""
