"""One route changed in `sophia.toml`: as a diff that git and patch take, and nothing else changed."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from sophia_cli.usage.patch import patch_of

CHAIN = ["portkey/gpt-5", "cortex/claude-4-sonnet"]
FILES = {
    "replaced": '[routes]\nbulk = ["a/b"]\ndefault = ["c/d"]\n[llm]\ntimeout = 5.0\n',
    "added": '[llm]\n\n[routes] # ours\n# why\ndefault = ["c/d"]\n\n# about budgets\n[budgets.all]\nlimit = 1\n',
    "no table": "[llm]\ntimeout = 5.0\n",
    "many lines": '[routes]\nbulk = [\n  "a/b",  # [first]\n  "c/d",\n]\ndefault = [ "c/d" ]\n',
    "no end of line": '[routes]\ndefault = ["c/d"]',
    "windows": '[routes]\r\nbulk = ["a/b"]\r\n',
    "empty table": "[routes]\n[llm]\n",
    "empty": "",
    "a rule before it": '[[rules]]\nuse = ["a/b"]\n\n[routes]\nbulk = ["a/b"]\n[[rules]]\navoid = ["x"]\n',
    "a string with brackets": '[routes]\ndefault = ["c/d"]\n[data_classes]\nx = ["[routes]"]\n',
}
BY_HAND = {
    "inline": 'routes = {bulk = ["a/b"]}\n',
    "dotted": 'routes.bulk = ["a/b"]\n',
    "a table of its own": '[routes.bulk]\nchain = ["a/b"]\n',
    "no toml": "[routes\n",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("program", ["git", "patch"])
def test_a_program_applies_it(tmp_path: Path, name: str, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    path = tmp_path / "sophia.toml"
    path.write_bytes(FILES[name].encode())
    (tmp_path / "p.diff").write_bytes(patch_of(FILES[name], "bulk", CHAIN).encode())
    words = {"git": ["git", "apply", "p.diff"], "patch": ["patch", "-s", "-p1", "-i", "p.diff"]}
    if program == "patch":
        words["patch"].insert(1, "--binary")
    done = subprocess.run(words[program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    before, after = tomllib.loads(FILES[name]), tomllib.loads(path.read_bytes().decode())
    assert after == {**before, "routes": {**before.get("routes", {}), "bulk": CHAIN}}
    kept = [line for line in FILES[name].splitlines() if "bulk" not in line and "#" in line]
    assert all(line in path.read_text() for line in kept if "[first]" not in line)


@pytest.mark.parametrize("name", BY_HAND)
def test_what_has_to_be_edited_by_hand(name: str) -> None:
    assert patch_of(BY_HAND[name], "bulk", CHAIN) == ""


def test_the_diff_is_small() -> None:
    assert patch_of(FILES["replaced"], "bulk", CHAIN) == """\
--- a/sophia.toml
+++ b/sophia.toml
@@ -1,5 +1,5 @@
 [routes]
-bulk = ["a/b"]
+bulk = ["portkey/gpt-5", "cortex/claude-4-sonnet"]
 default = ["c/d"]
 [llm]
 timeout = 5.0
"""


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    (tmp_path / "p.diff").write_text(patch_of(None, "bulk", CHAIN))
    subprocess.run(["git", "apply", "p.diff"], cwd=tmp_path, check=True)
    assert tomllib.loads((tmp_path / "sophia.toml").read_text()) == {"routes": {"bulk": CHAIN}}
