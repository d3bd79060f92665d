"""What goes on with a run knows how it was begun."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shell import sophia

PACK = """\
[[service]]
module = "app.old_ai"
instances = ["old_ai"]
[[service.method]]
name = "ask"
to = "complete_text"
async = false
arguments = { q = "prompt" }
"""
FILES = {
    "main.py": "from app.old_ai import old_ai\n\nold_ai.ask(q='hi')\n",
    "requirements.txt": "sophia-cli\n",
    "pack.toml": PACK,
}
OLD = "class OldAI:\n    def ask(self, q):\n        return q\n\n\nold_ai = OldAI()\n"
BEGUN = ("--pack", "pack.toml", "--exclude", "docs", "--include", "tests/*")
NEXT = "sophia migrate --include 'tests/*' --exclude docs --pack pack.toml\n"


def test_resume_and_rollback_name_what_the_run_was_told(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    sophia("migrate", "--apply", *BEGUN, cwd=tmp_path)
    (manifest,) = tmp_path.glob(".sophia/migrate/*/manifest.json")
    cut_short(manifest, "writing")
    said = sophia("migrate", "resume", cwd=tmp_path)
    name = manifest.parent.name
    undo = f"Undo:  sophia migrate rollback {name}\n"
    assert said.out == f"Finished run {name}: 1 file written.\n{undo}"
    assert sophia("migrate", "show", f"run:{name}", cwd=tmp_path).out.endswith(undo)
    back = sophia("migrate", "rollback", cwd=tmp_path).out
    assert back == (
        f"Rolled back run {name}: 1 file as before the run, byte for byte.\nNext:  {NEXT}"
    )
    cut_short(manifest, "undoing")
    assert sophia("migrate", "resume", cwd=tmp_path).out == back
    assert sophia("migrate", "show", f"run:{name}", cwd=tmp_path).out.endswith(f"Next:  {NEXT}")


def test_a_run_that_is_judged_again_goes_on_as_it_was_begun(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    sophia("migrate", "--apply", "--verify", "true", *BEGUN, cwd=tmp_path)
    (manifest,) = tmp_path.glob(".sophia/migrate/*/manifest.json")
    cut_short(manifest, "checking")
    said = sophia("migrate", "resume", cwd=tmp_path)
    assert said.out.endswith(f"Next:  {NEXT}")


def test_a_journal_of_before_says_nothing_of_it(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    sophia("migrate", "--apply", *BEGUN, cwd=tmp_path)
    (manifest,) = tmp_path.glob(".sophia/migrate/*/manifest.json")
    data = json.loads(manifest.read_text())
    del data["asked"]
    manifest.write_text(json.dumps(data))
    assert sophia("migrate", "rollback", cwd=tmp_path).out.endswith("\nNext:  sophia migrate\n")


def test_a_run_keeps_how_it_is_begun_again(tmp_path: Path) -> None:
    for name, text in {**FILES, "app/old_ai.py": OLD}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    words = ("--apply", "--class", "review", "--allow-dirty", "--pack", "pack.toml")
    sophia("migrate", *words, cwd=tmp_path)
    sophia("migrate", "cleanup", "--apply", "--pack", "pack.toml", cwd=tmp_path)
    manifests = [
        json.loads(p.read_text()) for p in tmp_path.glob(".sophia/migrate/*/manifest.json")
    ]
    begun = [data["asked"]["again"] for data in sorted(manifests, key=lambda data: data["number"])]
    assert begun == [
        "sophia migrate --apply --class review --allow-dirty --pack pack.toml",
        "sophia migrate cleanup --apply --pack pack.toml",
    ]


def cut_short(manifest: Path, state: str) -> None:
    """As if the run had been killed after its last file, before it said so."""
    text, times = re.subn(r'"state": "\w+"', f'"state": "{state}"', manifest.read_text())
    assert times == 1
    manifest.write_text(text)
