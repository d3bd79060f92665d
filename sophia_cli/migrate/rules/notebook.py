"""Cells of a notebook that are not seen as code: what reads like a call there is told."""

from __future__ import annotations

from sophia_cli.migrate.notebook import Notebook
from sophia_cli.migrate.rules.markdown import told
from sophia_cli.migrate.scan import Scan
from sophia_cli.migrate.site import Reason


def find(scan: Scan) -> None:
    """Add a site for each call in a cell of another language, or in one that does not parse."""
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
