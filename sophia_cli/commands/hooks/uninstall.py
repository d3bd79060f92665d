"""`sophia hooks uninstall`: the repository as it was before."""

from __future__ import annotations

import os

from sophia_cli.commands.hooks.asked import Plan, Yes, agreed, files_data, row, show_difference
from sophia_cli.commands.options import Json, Root
from sophia_cli.output import Output
from sophia_cli.surroundings import here


def uninstall(
    plan: Plan = False, yes: Yes = False, root: Root = None, as_json: Json = False
) -> None:
    """Take out what `install` wrote: files get the bytes they had, earlier hooks come back.

    Of a file that was changed since only our part goes.

    Example:  sophia hooks uninstall
    """
    from sophia_cli.hooks.uninstall import plan_removal
    from sophia_cli.hooks.uninstall import uninstall as remove

    output = Output(as_json=as_json)
    made = plan_removal(here(root))
    data = {
        "root": str(made.clone.root),
        "files": files_data(made.files),
        "left": list(made.left),
        "git_hooks": list(made.kinds),
        "restored": list(made.restored),
    }
    if made.is_done:
        output.envelope("hooks uninstall", {**data, "written": False})
        output.line("Nothing to do: no hook of ours is here.  Next:  sophia hooks install")
        return
    for name in made.left:
        row(output, "left", f"{name}: it was changed since")
    row(output, "git", _words(made.kinds, made.restored))
    for one in made.files:
        row(output, "removes", one.path if one.after is None else "")
    show_difference(output, [one for one in made.files if one.after is not None])
    go = not plan and agreed(output, "Write it?", yes=yes, command="sophia hooks uninstall")
    if go:
        remove(made, os.environ)
    output.envelope("hooks uninstall", {**data, "written": go})
    if go:
        output.line("Uninstalled.  Again:  sophia hooks install")


def _words(kinds: tuple[str, ...], restored: tuple[str, ...]) -> str:
    if not kinds:
        return "the hook stays as it is"
    words = f"the hook {' and '.join(kinds)} goes"
    return f"{words}; the earlier {' and '.join(restored)} comes back" if restored else words
