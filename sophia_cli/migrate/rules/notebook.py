"""What of a notebook is not seen as code: calls in other cells, requests of a shell; they are told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sophia_cli.migrate.notebook import Cell, Notebook
from sophia_cli.migrate.rules.curl import sent_by_shell
from sophia_cli.migrate.rules.markdown import told
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Reason, Site, Use, Verdict

_SHELL = re.compile(r"\s*%%(?:bash|sh|zsh|script|system|sx|!)[^\n]*\n")
# `!curl ...`, `!!curl ...`, `%sx curl ...`, also where what it gives is given a name.
_COMMAND = re.compile(r"[^!%]*?(?:!!?|%(?:sx|system)\b)")


def find(scan: Scan) -> None:
    """Add a site for each call in a cell of another language, or in one that does not parse, and
    for each request to a model that a shell sends."""
    for file in scan.files:
        notebook = file.source
        if not isinstance(notebook, Notebook):
            continue
        for cell, words in ((item.cell, item.reason) for item in notebook.skipped):
            lines, inside = [], 0
            for line in cell.text.decode().splitlines(keepends=True):
                lines.append((notebook.line_of(cell, inside), line))
                inside += len(line)
            found = told(scan, file.path, lines, Reason("no-python", words), cell.number)
            scan.sites.extend(found)
        scan.sites.extend(_requests(scan, file.path, notebook))


def _requests(scan: Scan, path: str, notebook: Notebook) -> Iterator[Site]:
    """A site for each request of a shell's cell, or of a command among the Python."""
    for cell, start, text in _shells(notebook):
        for offset, sent in sent_by_shell(text):
            yield Site(
                rule="raw_http",
                verdict=Verdict.REPORT,
                reason=sent.reason,
                path=path,
                line=notebook.line_of(cell, start + offset),
                column=1,
                cell=cell.number,
                provider="http",
                operation=sent.operation,
                is_async=False,
                model=sent.model,
                endpoint=sent.provider,
                use=Use(sent.streaming),
                category=scan.category(path),
            )


def _shells(notebook: Notebook) -> Iterator[tuple[Cell, int, str]]:
    """The text that a shell is given: its cell, and where in that it begins, in characters."""
    for cell in (item.cell for item in notebook.skipped):
        text = cell.text.decode()
        if found := _SHELL.match(text):
            yield cell, found.end(), text[found.end() :]
    for cell in notebook.cells:
        for start, end in cell.commands:
            command = cell.text[start:end].decode()
            if found := _COMMAND.match(command):
                inside = len(cell.text[:start].decode()) + found.end()
                yield cell, inside, command[found.end() :]
