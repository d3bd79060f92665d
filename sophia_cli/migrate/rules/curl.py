"""Requests to a model that another program sends: `curl` and its like in the text or the list of a command."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from sophia_cli.migrate.hosts import VERSION, path_of, provider_at, reads_like_one
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.raw_http import HIDDEN, REASON, fields_of
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Reason, Use, Verdict
from sophia_cli.migrate.spelling import last
from sophia_cli.migrate.text import HOLE, text_of
from sophia_cli.migrate.use import result_of
from sophia_cli.migrate.value import Symbol

_STARTING = frozenset(
    {
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
        *("subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"),
        *("asyncio.create_subprocess_shell", "asyncio.create_subprocess_exec"),
    }
)
_NAMES = frozenset(name.rpartition(".")[2] for name in _STARTING)
_PROGRAMS = frozenset({"curl", "wget"})
_BODY = re.compile(r"-[dFT]|--(?:data|json|form|upload-file|post-data|post-file|body-data)")
_READING = re.compile(r"--(?:get|head)$|-[A-Za-z]*[GI]$")
_VERB = re.compile(r"(?:-X|--request=?|--method=?)([A-Za-z]*)$")
# What another command may stand before, and what it ends at.
_BEFORE = re.compile(r"(?:.*[|;&({`\n]|sudo|time|exec|env|command|\w+=.*|-l?c)$", re.DOTALL)
_END = re.compile(r"[|;&]+$")
_FIELD = re.compile(r'["\'](model|messages|input|prompt)["\']\s*:\s*(?:["\']([^"\'{}]+)["\'])?')
_VARIABLE = re.compile(r"\$\w+|\$?\{\w+\}")
# What a shell reads as one: a line end in it ends no command.
_PIECE = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|(?:^|(?<=[\s;]))#[^\n]*|\n""", re.DOTALL)
_STREAMS = re.compile(r'["\']stream["\']\s*:\s*true', re.IGNORECASE)


@dataclass(frozen=True)
class Sent:
    """A request of a command: method, address, who answers ("" where only its shape tells), and its body."""

    verb: str
    address: str
    provider: str
    model: str | None
    streaming: bool | None

    @property
    def operation(self) -> str:
        return f"{self.verb} {path_of(self.address)}"

    @property
    def reason(self) -> Reason:
        return REASON if self.provider else HIDDEN


def find(scan: Scan) -> None:
    """Add a site for each command that sends something to a provider's host."""
    for file in scan.files:
        if not any(program.encode() in file.source.data for program in _PROGRAMS):
            continue
        for call in file.table.calls:
            if last(call.func) in _NAMES and (call.args or call.keywords):
                _command(scan, file, call)


def _command(scan: Scan, file: Parsed, call: ast.Call) -> None:
    name = scan.near.one(file, call.func)
    if not isinstance(name, Symbol) or name.name not in _STARTING:
        return
    sent = next(_sent(_words(scan, file, call)), None)
    if sent is None:
        return
    found = Found(
        "raw_http",
        Verdict.REPORT,
        sent.reason,
        "http",
        sent.operation,
        is_async=name.name.startswith("asyncio."),
        model=sent.model,
        endpoint=sent.provider,
        use=Use(sent.streaming, False, result_of(file, call)),
    )
    site_at(scan, file, call, found)


def sent_by_shell(text: str) -> Iterator[tuple[int, Sent]]:
    """The requests to models in a shell's text, each with the offset of the command that it is in."""
    for start, command in _commands(text):
        yield from ((start, sent) for sent in _sent(_split(command)))


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """The commands of a shell's text: lines, those together that a backslash or a quote joins."""
    start = 0
    for piece in _PIECE.finditer(text):
        if piece.group() == "\n":
            yield start, text[start : piece.end()]
            start = piece.end()
    yield start, text[start:]


def _sent(words: list[str]) -> Iterator[Sent]:
    """The requests among the words of a command that a model answers."""
    for request in _requests(words):
        verb, body = _verb(request), " ".join(request)
        if verb in ("GET", "HEAD"):
            continue
        fields = {found.group(1): found.group(2) for found in _FIELD.finditer(body)}
        streaming = bool(_STREAMS.search(body)) if fields else None
        told_by = {*fields, VERSION} if VERSION in body.lower() else set(fields)
        for word in request:
            address = _VARIABLE.sub(HOLE, word)
            provider = provider_at(address)
            told = "/" in address or address == HOLE
            if provider or (told and reads_like_one(address, told_by)):
                yield Sent(verb, address, provider, fields.get("model"), streaming)
                break


def _words(scan: Scan, file: Parsed, call: ast.Call) -> list[str]:
    """The words of a command, in a text or in a list; HOLE for one that cannot be seen."""
    keywords = [k.value for k in call.keywords if k.arg in ("args", "cmd", "command", "program")]
    given = call.args[0] if call.args else next(iter(keywords), None)
    if last(call.func) == "create_subprocess_exec":
        return [_word(scan, file, arg) for arg in call.args]
    if isinstance(given, ast.Name):
        found = file.table.scopes[given].lookup(given.id)
        value = found[1][0].value if found and len(found[1]) == 1 else None
        given = value if isinstance(value, ast.List | ast.Tuple | ast.Call) else given
    if isinstance(given, ast.Call) and last(given.func) == "split":
        owner = given.func.value if isinstance(given.func, ast.Attribute) else None
        given = given.args[0] if given.args else owner  # shlex.split(text), text.split()
    if isinstance(given, ast.List | ast.Tuple):
        words = [_word(scan, file, item) for item in given.elts]
        shell = next((at for at, word in enumerate(words[:-1]) if word in ("-c", "-lc")), None)
        return words if shell is None else [words[shell], *_split(words[shell + 1])]
    return _split(text_of(scan.near, file, given) or "")


def _word(scan: Scan, file: Parsed, node: ast.expr) -> str:
    """One word of a list; of a body that is made of a dict, the fields."""
    text = text_of(scan.near, file, node)
    if text is None and isinstance(node, ast.Call):
        fields = fields_of(file, node).items()
        text = " ".join(f'"{name}": "{text_of(scan.near, file, n) or ""}"' for name, n in fields)
    return text or HOLE


def _split(text: str) -> list[str]:
    """The words of a shell's text; what stands in quotes is one."""
    text = text.replace("\\\n", " ")
    try:
        parts = shlex.shlex(text, posix=True, punctuation_chars="|;&")
        parts.whitespace_split, parts.commenters = True, ""
        return list(parts)
    except ValueError:  # an odd quote
        return text.split()


def _requests(words: list[str]) -> Iterator[list[str]]:
    """The words of each program that sends requests, up to the next command."""
    for at, word in enumerate(words):
        program = word.lstrip("$({`").rpartition("/")[2]
        if program in _PROGRAMS and (at == 0 or _BEFORE.match(words[at - 1])):
            rest = words[at + 1 :]
            end = next((n for n, one in enumerate(rest) if _END.match(one)), len(rest))
            yield rest[:end]


def _verb(words: list[str]) -> str:
    """The method in capitals, as the flags have it."""
    for at, word in enumerate(words):
        found = _VERB.match(word)
        if found:
            given = found.group(1) or (words[at + 1] if at + 1 < len(words) else "")
            return given.upper()
    if any(_READING.match(word) for word in words):
        return "GET"
    return "POST" if any(map(_BODY.match, words)) else "GET"
