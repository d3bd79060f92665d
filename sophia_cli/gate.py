"""`sophia-gate`, the program of the hook: it says nothing when there is nothing to say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sophia_cli.hooks.gate import USAGE, check, parse
from sophia_cli.hooks.hold import Held


def main() -> None:
    """Judge the files named by the arguments of the process and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Judge; every error ends here. Returns the exit code."""
    if words in (["--help"], ["-h"]):
        sys.stdout.write(USAGE)
        return 0
    try:
        held = check(parse(words, os.environ), Path.cwd())
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # as of any command: a line and an exit code
        from sophia_cli.__main__ import report

        return report([], error)
    if not held.passed:
        _show(held)
    return 0 if held.passed else 1


def _show(held: Held) -> None:
    from sophia_cli.hooks.words import rows, stays, summary
    from sophia_cli.output import Output, show_error

    output = Output()
    output.places(list(rows(held)))
    for line in stays(held):
        output.text(line, indent=2)
    for error in held.errors:
        show_error([], error.message, error.mend, as_json=False)
    output.line(summary(held))


if __name__ == "__main__":
    main()
