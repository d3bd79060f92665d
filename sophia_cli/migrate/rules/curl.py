"""Requests to a model that another program sends: `curl` and its like in the text or the list of a command."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from sophia_cli.migrate.hosts import path_of, provider_at, reads_like_one
from sophia_cli.migrate.modules import Parsed
from sophia_cli.migrate.rules.raw_http import HIDDEN, REASON, fields_of
from sophia_cli.migrate.scan import Found, Scan, site_at
from sophia_cli.migrate.site import Use, Verdict
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
_STREAMS = re.compile(r'["\']stream["\']\s*:\s*true', re.IGNORECASE)


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
    words = _words(scan, file, call)
    for sent in _requests(words):
        verb, body = _verb(sent), " ".join(sent)
        if verb in ("GET", "HEAD"):
            continue
        fields = {found.group(1): found.group(2) for found in _FIELD.finditer(body)}
        for address in sent:
            provider = provider_at(address)
            if not provider and not (
                ("/" in address or address == HOLE) and reads_like_one(address, fields)
            ):
                continue
            site_at(
                scan,
                file,
                call,
                Found(
                    "raw_http",
                    Verdict.REPORT,
                    REASON if provider else HIDDEN,
                    "http",
                    f"{verb} {path_of(address)}",
                    is_async=name.name.startswith("asyncio."),
                    model=fields.get("model"),
                    endpoint=provider,
                    use=Use(
                        bool(_STREAMS.search(body)) if fields else None,
                        False,
                        result_of(file, call),
                    ),
                ),
            )
            return


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
