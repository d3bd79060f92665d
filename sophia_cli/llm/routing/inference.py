"""What a chat is for, where nobody said so: by the rules of one table, and only where they leave no doubt.

A wrong task can send a question to a dearer or a duller model, so a rule wants a sentence that
plainly asks for the thing. Two that disagree are doubt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sophia_cli.llm.call import CHAT, MESSAGES, Call
from sophia_cli.llm.tasks import TaskType

LOOKED_AT = 2000  # characters of the last message of the user

_SENTENCES = r"[\n.!?]+\s*"
# A request begins its sentence, after no more than courtesy.
_ASKS = (
    r"(?:(?:please|now|then|also|ok|okay|hi|hello|hey)\b[,!]?\s+)*"
    r"(?:(?:can|could|would|will)\s+you\s+(?:please\s+)?(?:help\s+me\s+(?:to\s+)?)?"
    r"|i(?:\s+need|\s+want|'d\s+like|\s+would\s+like)\s+you\s+to\s+|help\s+me\s+(?:to\s+)?)?"
)
_MAKE = (
    r"(?:write|generate|create|compose|produce|draft|give)\s+(?:me\s+)?(?:(?:an?|the|some|one)\s+)?"
)
_ENDS = r"(?=\s*(?:[,.:;!?`\n]|\Z|(?:and|for|to|from|in|with|by|that|which|below|above|here)\b))"
_LANGUAGE = (
    r"(?:python|javascript|typescript|java|c\+\+|c\#|rust|golang|go|ruby|php|swift|kotlin|scala"
    r"|bash|shell|powershell|perl|haskell|react|node(?:\.js)?|html|css)"
)
_CODE_UNIT = r"(?:function|class|method|script|program|module|component|decorator|snippet|code)"
_THIS = r"(?:this|these|my|the\s+following|the\s+attached|following|attached)"


@dataclass(frozen=True)
class Sign:
    """One rule: `needs` are words one of which must be there, `pattern` the sentence, `words` the reason shown.

    `beside`, where given, must be found in the text too.
    """

    task: TaskType
    needs: tuple[str, ...]
    pattern: str
    words: str
    beside: str = ""


SIGNS = (
    Sign(
        TaskType.SQL_GENERATION,
        ("sql",),
        rf"{_ASKS}{_MAKE}(?:[\w-]+\s+){{0,2}}sql\b"
        rf"(?:\s+(?:query|queries|statements?|select|joins?)\b|{_ENDS})",
        "asks for SQL",
    ),
    Sign(
        TaskType.SQL_GENERATION,
        ("sql",),
        rf"{_ASKS}(?:convert|translate|turn)\b[^.\n]{{1,160}}\binto\s+(?:an?\s+)?(?:[\w-]+\s+)?sql"
        rf"(?:\s+(?:query|queries|statements?))?{_ENDS}",
        "asks for SQL",
    ),
    Sign(
        TaskType.CODE_GENERATION,
        ("write", "implement", "generate", "create"),
        rf"{_ASKS}(?:implement\s+(?:(?:an?|the|some)\s+)?|{_MAKE})(?:(?:[\w-]+\s+)?{_LANGUAGE}\s+(?:[\w-]+\s+)?"
        rf"{_CODE_UNIT}\b{_ENDS}|(?:[\w-]+\s+){{0,2}}{_CODE_UNIT}\s+in\s+{_LANGUAGE}(?![\w-]))",
        "asks for code",
    ),
    Sign(
        TaskType.CODE_GENERATION,
        ("unit test",),
        rf"{_ASKS}{_MAKE}unit\s+tests?\s+for\b",
        "asks for tests",
    ),
    Sign(
        TaskType.CODE_ANALYSIS,
        ("code", "function", "script", "snippet", "diff", "traceback", "stack trace", "bug"),
        rf"{_ASKS}(?:review|explain|debug|analy[sz]e|check|find\s+(?:the|a|any)\s+bugs?\s+in"
        rf"|what(?:'s|\s+is)\s+wrong\s+with)\s+{_THIS}\s+(?:(?:{_LANGUAGE}|source)\s+)?"
        rf"(?:code|function|script|snippet|diff|traceback|stack\s+trace){_ENDS}",
        "asks about code, and holds some",
        beside=r"```|(?m:^\s*(?:def\s+\w+\s*\(|class\s+\w+\s*[:({]|import\s+\w+|function\s*\w*\s*\("
        r"|(?:const|let|var)\s+\w+\s*=|\#include\b|diff\s+--git\b|traceback\s+\(most))|[;{]\s*(?:\n|\Z)",
    ),
    Sign(
        TaskType.DOCUMENT_SUMMARY,
        ("summar", "tl;dr"),
        rf"{_ASKS}(?:summari[sz]e|(?:write|give\s+me|provide)\s+(?:me\s+)?(?:an?\s+)?(?:[\w-]+\s+)?summary\s+of"
        rf"|tl;dr\s+of)\s+{_THIS}\b",
        "asks for a summary of a text it names",
    ),
    Sign(
        TaskType.DATA_ANALYSIS,
        ("csv", "data", "spreadsheet", "table"),
        rf"{_ASKS}(?:analy[sz]e|find\s+(?:the\s+)?(?:trends|outliers|anomalies|correlations)\s+in)\s+"
        rf"{_THIS}\s+(?:[\w-]+\s+){{0,2}}(?:csv(?:\s+file)?|data(?:\s?set)?|spreadsheet|table){_ENDS}",
        "asks to analyse data it names",
    ),
    Sign(
        TaskType.BUSINESS_INTELLIGENCE,
        ("kpi", "business intelligence"),
        rf"{_ASKS}{_MAKE}(?:[\w-]+\s+){{0,2}}(?:kpi|business\s+intelligence)\s+(?:dashboard|report|overview)\b",
        "asks for a report of key figures",
    ),
)
# Such a text may be about a request, not make one: then only its very beginning counts.
_ABOUT = (
    r"\A\W*(?:please\s+)?(?:translate|proofread|correct|fix|rephrase|paraphrase|rewrite|improve|edit"
    r"|classify|label|tag|extract|quote|repeat|format|compare|is|are|do|does|did|what|who|why|when"
    r"|where|how|which|should|explain|given)\b"
)


def infer(call: Call) -> Sign | None:
    """The sign that a call's last message shows; None where there is none, or doubt."""
    if call.operation not in (CHAT, MESSAGES):
        return None
    text = _last_words(call.body)
    found: Sign | None = None
    for sign in SIGNS:
        for word in sign.needs:
            if word in text:
                break
        else:
            continue
        if (found is None or sign.task != found.task) and _shows(text, sign):
            if found is not None:
                return None
            found = sign
    return found


def _shows(text: str, sign: Sign) -> bool:
    asks = _compiled(sign.pattern).match
    first, *others = _compiled(_SENTENCES).split(text)
    if not asks(first):
        likely = [one for one in others if any(word in one for word in sign.needs)]
        if not any(asks(one) for one in likely) or _compiled(_ABOUT).match(text):
            return False
    return not sign.beside or _compiled(sign.beside).search(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _last_words(body: Mapping[str, Any]) -> str:
    """The beginning of the last message of the user, in lower case."""
    messages = body.get("messages")
    if not isinstance(messages, list | tuple):
        return ""
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            return _text(message.get("content"))[:LOOKED_AT].strip().lower()
    return ""


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list | tuple):
        return ""
    texts = (part.get("text") for part in content if isinstance(part, Mapping))
    return "\n".join(text for text in texts if isinstance(text, str))
