"""`sophia migrate --shim` as it is typed."""

from __future__ import annotations

import re
from pathlib import Path

from shell import sophia

PACK = """\
[[service]]
module = "app.old_ai"
class = "OldAI"
instances = ["old_ai"]
[[service.method]]
name = "ask"
to = "complete_text"
async = false
arguments = { q = "prompt" }
"""
OLD = "class OldAI:\n    def ask(self, q):\n        return q\n\n\nold_ai = OldAI()\n"
FILES = {
    "app/__init__.py": "",
    "app/old_ai.py": OLD,
    "app/main.py": "from app.old_ai import old_ai\n\nold_ai.ask('hi')\n",
    "requirements.txt": "sophia-cli\n",
    "pack.toml": PACK,
}


def test_it_is_shown_then_done_then_undone(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    said = sophia("migrate", "--shim", "--pack", "pack.toml", cwd=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith(
        "  safe             0      0  rewritten: proven to keep its meaning\n"
        "  review           1      1  rewritten with --class review; read them first\n"
        "  report only      0      0  left alone, the reason is beside each\n\n"
        "Nothing was changed. 1 site can change after a look: --class review.\n"
        "Next:  sophia migrate show review --shim --pack pack.toml\n"
    )
    shown = sophia("migrate", "show", "review", "--shim", "--pack", "pack.toml", cwd=tmp_path)
    assert shown.out == (
        "1 site of class review\n\n"
        "  app/old_ai.py:1  shim of app.old_ai\n"
        "      its names stay, its calls go through the new service; read its methods\n"
        "      beside the old ones: what those did besides the call goes\n\n"
        "Next:  sophia migrate --apply --class review --shim --pack pack.toml\n"
    )
    apply = ("--apply", "--class", "review")
    said = sophia("migrate", "--shim", "--pack", "pack.toml", *apply, cwd=tmp_path)
    assert re.sub(r"\b([Rr]un|rollback) [0-9a-f]{4}\b", r"\1 RUN", said.out) == (
        "1 file, 1 site written.\n"
        "There is no git here: only the journal in .sophia can undo.\n"
        "Run RUN is kept.\n"
        "Undo:  sophia migrate rollback RUN\n"
        "Next:  sophia migrate --shim --pack pack.toml\n"
    )
    again = sophia("migrate", "--shim", "--pack", "pack.toml", cwd=tmp_path).out
    assert again.endswith("Nothing was changed, and there is nothing to change.\n")
    assert sophia("migrate", "rollback", cwd=tmp_path).code == 0
    assert {name: (tmp_path / name).read_text() for name in FILES} == FILES


def test_it_needs_a_pack(tmp_path: Path) -> None:
    said = sophia("migrate", "--shim", cwd=tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "sophia: --shim needs a rule pack, which says what the old services are\n"
        "        sophia migrate --shim --pack FILE, or by name: "
    )
