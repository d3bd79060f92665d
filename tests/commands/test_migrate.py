"""`sophia migrate` as it is typed: every screen whole, every exit code."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from shell import COMMAND, Said, sophia, surroundings

CALL = "from openai import OpenAI\n\nclient = OpenAI()\n"
FILES = {
    "app/main.py": CALL + "client.chat.completions.create(model='m', messages=[])\n",
    "app/own.py": "from openai import OpenAI\n\nclient = OpenAI(http_client=mine)\n",
    "app/azure.py": "from openai import AzureOpenAI\n\nclient = AzureOpenAI()\n",
    "app/broken.py": "import openai\nx = (\n",
    "tests/test_main.py": CALL,
    "docs/use.md": "```python\nclient = OpenAI()\n```\n",
    "requirements.txt": "openai\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def commit(root: Path) -> None:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", *who, *words], cwd=root, check=True)


def steady(text: str) -> str:
    """Without what differs from run to run: seconds and the names of runs."""
    text = re.sub(r"in \d+\.\d s", "in T s", text)
    return re.sub(r"\b([Rr]un|rollback) (?!is|here)[0-9a-f]{4,}\b", r"\1 RUN", text)


LOOKED = """\
Looked at 5 Python files, 1 page in T s; 1 file not parsed (listed below).

                   sites  files  on --apply
  safe                 1      1  rewritten: proven to keep its meaning
  review               1      1  rewritten with --class review; read them first
  report only          2      2  left alone, the reason is beside each
  carried              1      1  not touched: they go through the clients above
  tests, archives      1      1  left alone unless --include names them

  report only
    app/azure.py:3  an Azure client: it signs and addresses in its own way
    docs/use.md:2   a page: change it by hand

  not looked at
    app/broken.py  line 2: '(' was never closed

Nothing was changed. The patch: .sophia/migrate/plan.patch (git apply takes it)
"""
NEXT = "Next:  sophia migrate show safe      or      sophia migrate --apply\n"
NO_GIT = "There is no git here: after --apply only the journal in .sophia can undo.\n"


def test_a_dry_run(project: Path) -> None:
    said = sophia("migrate", cwd=project)
    assert (said.code, said.err) == (0, "")
    assert steady(said.out) == LOOKED + NO_GIT + NEXT
    commit(project)
    assert steady(sophia("migrate", cwd=project).out) == LOOKED + NEXT
    assert all(len(line) <= 80 for line in said.out.splitlines())


def test_apply_then_again_then_back(project: Path) -> None:
    commit(project)
    said = sophia("migrate", "--apply", cwd=project)
    assert said.code == 0
    assert steady(said.out) == (
        "2 files, 1 site written.\n"
        "  not looked at\n"
        "    app/broken.py  line 2: '(' was never closed\n"
        "\n"
        "Run RUN is kept.\n"
        "Undo:  sophia migrate rollback RUN        Next:  sophia migrate\n"
    )
    assert "http_client=openai_http_client()" in (project / "app/main.py").read_text()
    assert (project / "requirements.txt").read_text() == "openai\nsophia-cli>=0.1,<0.2\n"
    again = sophia("migrate", cwd=project).out
    assert "  already there        1      1  on the service\n" in again
    assert again.endswith(
        "Nothing was changed. 1 site can change after a look: --class review.\n"
        "Next:  sophia migrate show review\n"
    )
    status = sophia("migrate", "status", cwd=project).out
    assert steady(re.sub(r"(?m)^  [0-9a-f]{4} ", "  RUN_ ", status)) == (
        "1 run kept here\n\n"
        "  run   state  files  sites\n"
        "  RUN_  done       2      1\n\n"
        f"Next:  sophia migrate show run:{name_of(status)}\n"
    )
    back = sophia("migrate", "rollback", cwd=project)
    assert steady(back.out) == (
        "Rolled back run RUN: 2 files as before the run, byte for byte.\nNext:  sophia migrate\n"
    )
    assert {name: (project / name).read_text() for name in FILES} == FILES


def name_of(status: str) -> str:
    found = re.search(r"run:(\w+)", status)
    assert found is not None
    return found[1]


def test_show_lists_one_class_with_reasons(project: Path) -> None:
    assert sophia("migrate", "show", "safe", cwd=project).out == (
        "1 site of class safe\n\n"
        "  app/main.py:3  OpenAI\n"
        "      the constructor gains http_client, all else stays\n\n"
        "Next:  sophia migrate --apply\n"
    )
    assert sophia("migrate", "show", "review", cwd=project).out == (
        "1 site of class review\n\n"
        "  app/own.py:3  OpenAI\n"
        "      it has an http_client of its own: join the two by hand\n\n"
        "Next:  sophia migrate --apply --class review\n"
    )
    assert sophia("migrate", "show", "not-edited", cwd=project).out.startswith(
        "1 site of class not-edited\n\n  tests/test_main.py:3  OpenAI\n"
    )


def test_what_is_shown_next_is_there(tmp_path: Path) -> None:
    text = "from openai import OpenAI\n\nclient = OpenAI(*given, **options)\n"
    (tmp_path / "app.py").write_text(text)
    assert sophia("migrate", "--class", "review", cwd=tmp_path).out.endswith(
        "Next:  sophia migrate show review\n   or  sophia migrate --apply --class review\n"
    )
    assert sophia("migrate", "show", "review", cwd=tmp_path).out == (
        "1 site of class review\n\n"
        "  app.py:3  OpenAI\n"
        "      **arguments may hold an http_client too\n"
        "      *arguments: what is passed cannot be seen\n\n"
        "Next:  sophia migrate --apply --class review\n"
    )
    patch = (tmp_path / ".sophia/migrate/plan.patch").read_text()
    assert "+client = OpenAI(*given, **options, http_client=openai_http_client())" in patch
    sophia("migrate", "--class", "review", "--apply", cwd=tmp_path)
    name = name_of(sophia("migrate", "status", cwd=tmp_path).out)
    assert "      line 3: OpenAI, **arguments may hold an http_client too\n" in (
        said := sophia("migrate", "show", f"run:{name}", cwd=tmp_path).out
    )
    assert "          *arguments: what is passed cannot be seen\n" in said


def test_show_says_what_a_run_did(project: Path) -> None:
    sophia("migrate", "--apply", cwd=project)
    name = name_of(sophia("migrate", "status", cwd=project).out)
    assert sophia("migrate", "show", f"run:{name}", cwd=project).out == (
        f"Run {name}: done, 2 files\n\n"
        "  app/main.py\n"
        "      line 3: OpenAI, the constructor gains http_client, all else stays\n"
        "  requirements.txt\n\n"
        f"Undo:  sophia migrate rollback {name}\n"
    )


def test_the_patch_is_printed_as_bytes(project: Path) -> None:
    said = sophia("migrate", "--patch", cwd=project)
    assert said.out.startswith("diff --git a/app/main.py b/app/main.py\n--- a/app/main.py\n")
    commit(project)
    done = subprocess.run(["git", "apply"], cwd=project, input=said.out.encode(), check=False)
    assert done.returncode == 0
    assert "openai_http_client" in (project / "app/main.py").read_text()


def test_as_data(project: Path) -> None:
    data = sophia("migrate", "--json", cwd=project).json["data"]
    assert {c["class"]: (c["sites"], c["files"]) for c in data["classes"]} == {
        "safe": (1, 1),
        "review": (1, 1),
        "report-only": (2, 2),
        "done": (0, 0),
        "carried": (1, 1),
        "noted": (0, 0),
        "not-edited": (1, 1),
    }
    assert data["sites"][2] == {
        "rule": "calls",
        "class": "carried",
        "reason": {"code": "carried", "words": "carried by app/main.py:3"},
        "also": [],
        "path": "app/main.py",
        "line": 4,
        "column": 1,
        "cell": None,
        "sdk": "openai",
        "operation": "chat.completions.create",
        "async": False,
        "model": "m",
        "category": "source",
        "owner": "",
        "part": "other",
        "carrier": "app/main.py:3",
        "provider": "openai",
        "result": "discarded",
        "streaming": False,
        "tools": False,
    }
    assert (data["run"], data["changed"]) == (None, ["app/main.py", "requirements.txt"])
    applied = sophia("migrate", "--apply", "--json", cwd=project).json["data"]
    status = sophia("migrate", "status", "--json", cwd=project).json["data"]
    assert [run["run"] for run in status] == [applied["run"]]
    back = sophia("migrate", "rollback", applied["run"], "--json", cwd=project).json
    assert (back["command"], back["data"]["state"]) == ("migrate rollback", "undone")


MISTAKES: list[tuple[tuple[str, ...], int, str]] = [
    (("--root", "nowhere"), 2, "nowhere is not a folder\n        name one with --root\n"),
    (("show", "all"), 2, "there is no class all\n        one of: safe, review, report-only, "),
    (("show", "run:beef"), 1, "no run is called beef\n        sophia migrate status\n"),
    (("rollback",), 1, "there is no run to undo\n        sophia migrate\n"),
    (("rollback", "beef"), 1, "no run is called beef\n        sophia migrate status\n"),
    (("resume",), 1, "no run was cut short\n        sophia migrate status\n"),
    (
        ("--apply", "status"),
        2,
        "migrate status takes no --apply\n        sophia migrate status --help\n",
    ),
    (("--pack", "none.toml"), 1, "none.toml cannot be read: No such file or directory\n"),
]


@pytest.mark.parametrize(("words", "code", "error"), MISTAKES)
def test_a_mistake_is_a_line_and_its_mend(
    project: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    said = sophia("migrate", *words, cwd=project)
    assert (said.code, said.out) == (code, "")
    assert said.err.startswith("sophia: ") and error in said.err
    assert {name: (project / name).read_text() for name in FILES} == FILES


def test_changes_that_are_not_committed_are_refused(project: Path) -> None:
    commit(project)
    (project / "app/main.py").write_text(FILES["app/main.py"] + "# mine\n")
    said = sophia("migrate", "--apply", cwd=project)
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "sophia: the working tree has changes in 1 file that the plan touches\n"
        "        commit or stash them, or add --allow-dirty\n"
        "        app/main.py\n"
    )
    assert sophia("migrate", "--apply", "--allow-dirty", cwd=project).code == 0


def test_what_cannot_be_written_is_said_and_is_no_success(project: Path) -> None:
    (project / "requirements.txt").chmod(0o444)
    said = sophia("migrate", "--apply", cwd=project)
    assert said.code == 1
    assert steady(said.out) == (
        "1 file, 1 site written.\n"
        "  left alone  requirements.txt: read-only\n"
        "  not looked at\n"
        "    app/broken.py  line 2: '(' was never closed\n"
        "\n"
        "By hand: add sophia-cli>=0.1,<0.2 to the dependencies in requirements.txt\n"
        "There is no git here: only the journal in .sophia can undo.\n"
        "Run RUN is kept.\n"
        "Undo:  sophia migrate rollback RUN        Next:  sophia migrate\n"
    )


def test_a_run_that_wrote_nothing_is_not_kept(project: Path) -> None:
    (project / "app/main.py").chmod(0o444)
    said = sophia("migrate", "--apply", cwd=project)
    assert said.code == 1
    assert said.out == (
        "0 files, 0 sites written.\n"
        "  left alone  app/main.py: read-only\n"
        "  left alone  requirements.txt: what needs it is left alone\n"
        "  not looked at\n"
        "    app/broken.py  line 2: '(' was never closed\n"
        "\n"
        "Next:  sophia migrate\n"
    )
    assert sophia("migrate", "status", cwd=project).out.startswith("No run is kept here.\n")


def on_a_terminal(command: list[str], cwd: Path) -> tuple[str, bytes]:
    """What a command says, and what it shows meanwhile on the terminal of its stderr."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=cwd, env=surroundings(TERM="xterm"), stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # what Linux says at the end of a terminal
            while data := os.read(ours, 4096):
                shown += data
        assert process.stdout is not None
        out = process.stdout.read().decode()
    os.close(ours)
    assert process.returncode == 0
    return out, shown


def test_a_bar_shows_on_a_terminal_and_goes(project: Path) -> None:
    code = (
        "from sophia_cli.output import Output\n"
        "with Output().progress('Looking at files', 3, after={}) as advance: advance(1); advance(2)\n"
        "print('done')"
    )
    out, shown = on_a_terminal([sys.executable, "-c", code.format(0)], project)
    assert out == "done\n"
    assert b"Looking at files" in shown and b"3/3" in shown and b"\x1b[2K" in shown  # and wiped
    assert on_a_terminal([sys.executable, "-c", code.format(1e9)], project) == ("done\n", b"")


def test_what_is_said_is_the_same_on_a_terminal(project: Path) -> None:
    assert steady(on_a_terminal([*COMMAND, "migrate"], project)[0]) == LOOKED + NO_GIT + NEXT


def test_a_folder_without_calls(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    said: Said = sophia("migrate", cwd=tmp_path)
    assert steady(said.out) == (
        "Looked at 1 Python file in T s.\n\n"
        "               sites  files  on --apply\n"
        "  safe             0      0  rewritten: proven to keep its meaning\n"
        "  review           0      0  rewritten with --class review; read them first\n"
        "  report only      0      0  left alone, the reason is beside each\n\n"
        "Nothing was changed, and there is nothing to change.\n"
    )


def test_packs_of_the_settings_and_of_the_command_line(tmp_path: Path) -> None:
    pack = (
        '[[service]]\nmodule = "old"\ninstances = ["ai"]\n[[service.method]]\nname = "ask"\n'
        'async = false\nto = "complete_text"\npositional = ["q"]\narguments = { q = "prompt" }\n'
    )
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("from old import ai\n\nai.ask('hi')\n")
    (tmp_path / "pack.toml").write_text(pack)
    named = sophia("migrate", "--pack", "../pack.toml", "--json", cwd=tmp_path / "app").json["data"]
    assert [site["class"] for site in named["sites"]] == ["safe"]
    assert sophia("migrate", "--json", cwd=tmp_path / "app").json["data"]["sites"] == []
    (tmp_path / "sophia.toml").write_text('[migrate]\npacks = ["pack.toml"]\n')
    found = sophia("migrate", "--json", cwd=tmp_path / "app").json["data"]
    assert [site["operation"] for site in found["sites"]] == ["old.ask"]
