"""The demo: a legacy application moves to one service, and then runs on the simulator.

`make demo` runs it with the project's environment. It works in a temporary folder of its own,
which it names and leaves for a look; nothing is written elsewhere and nothing leaves the machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a checkout that is not installed

from sophia_cli.errors import SophiaError  # noqa: E402
from sophia_cli.llm.ledger import Ledger, SummaryRow  # noqa: E402
from sophia_cli.output import Output, show_error  # noqa: E402
from sophia_cli.process import Result, run  # noqa: E402

SAMPLE = Path(__file__).resolve().parent / "demo"
SECONDS = 120.0  # for one program; all of them together take a fraction of it
UNTOUCHED = "shop/notify.py"

PACK = """\
[migrate]
packs = ["llm-pack.toml"]
"""
SIMULATOR = """
[providers.simulator]
kind = "simulator"

[routes]
default = ["simulator/small"]

[models]
"gpt-4o" = ["simulator/small"]
"gpt-4o-mini" = ["simulator/small"]
"claude-sonnet-5-5" = ["simulator/small"]
"claude-haiku-5-5" = ["simulator/small"]
"text-embedding-3-small" = ["simulator/small-embedding"]

[prices."simulator/small"]
input = 0.50
output = 1.50
as_of = "2026-10-14"
source = "example rate for the demo"
"""


@dataclass(frozen=True)
class Stage:
    """The folder of one demo and what its programs may see of the machine."""

    folder: Path
    out: Output

    @property
    def project(self) -> Path:
        return self.folder / "shop"

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.sqlite3"

    def environ(self) -> dict[str, str]:
        """PATH, and folders and keys of the demo's own: no key of the user's is ever read."""
        home = str(self.folder / "home")
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_CACHE_HOME": home,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(self.folder / "tmp"),
            "SOPHIA_LEDGER": str(self.ledger),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the sample needs none
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "Demo" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "demo@example.invalid" for who in ("AUTHOR", "COMMITTER")},
            # The vendors' clients want a key and an address. Nobody listens at this one.
            "OPENAI_API_KEY": "no-key-in-the-demo",
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "ANTHROPIC_API_KEY": "no-key-in-the-demo",
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        }

    def run(self, *command: str) -> Result:
        """Run a program in the project. Raises SophiaError with its last lines when it fails."""
        done = run(command, cwd=self.project, env=self.environ(), timeout=SECONDS)
        if done.code != 0:
            last = (done.stdout + done.stderr).strip().splitlines()[-12:]
            words = shlex.join(
                ("python", *command[1:]) if command[0] == sys.executable else command
            )
            raise SophiaError(f"`{words}` ended with exit code {done.code}", "\n".join(last))
        return done

    def sophia(self, *arguments: str) -> str:
        """Show a command of the product as it is typed, and what it says."""
        self.out.line(f"   $ {shlex.join(('sophia', *arguments))}")
        said = self.run(sys.executable, "-m", "sophia_cli", *arguments).stdout
        self.out.line(said.rstrip())
        return said

    def tests(self) -> int:
        """Run the sample's own tests; how many passed."""
        said = self.run(sys.executable, "-m", "pytest").stdout
        last = said.strip().splitlines()[-1]
        self.out.line(f"   {last}")
        passed = re.match(r"(\d+) passed", last)
        expect(passed is not None, f"the tests of the sample say: {last}")
        return int(passed[1])  # type: ignore[index]

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def step(self, number: int, title: str) -> None:
        self.out.line(f"\n{number}  {title}")


def main() -> int:
    """Run the tour; 0 when every step went as expected, else 1."""
    stage = Stage(Path(tempfile.mkdtemp(prefix="sophia-demo-")), Output())
    try:
        tour(stage)
    except SophiaError as error:
        show_error([], f"the demo stopped: {error.message}", error.mend, as_json=False)
        stage.out.note(f"        the folder is kept: {stage.folder}")
        return 1
    except KeyboardInterrupt:
        stage.out.note(f"sophia: interrupted; the folder is kept: {stage.folder}")
        return 130
    farewell(stage)
    return 0


def tour(stage: Stage) -> None:
    """The steps, in order; each raises SophiaError when something is not as expected."""
    stage.out.line("A legacy shop moves to one LLM service. No key, no network.")
    set_up(stage)
    stage.step(2, "Its own tests, before")
    before = stage.tests()
    look(stage)
    apply_safe(stage)
    stage.step(5, "The same tests, after")
    same(before, stage.tests())
    apply_review(stage)
    same(before, stage.tests())
    live(stage)
    account(stage)


def set_up(stage: Stage) -> None:
    stage.step(1, f"A copy of the sample application: {stage.project}")
    for name in ("home", "state", "tmp"):
        (stage.folder / name).mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".sophia")
    shutil.copytree(SAMPLE, stage.project, ignore=ignored)
    (stage.project / "sophia.toml").write_text(PACK, encoding="utf-8")
    stage.run("git", "init", "--quiet", "--initial-branch=main")
    stage.commit("The shop as it was")
    files = stage.run("git", "ls-files").stdout.splitlines()
    stage.out.line(f"   {len(files)} files in one commit")


def look(stage: Stage) -> None:
    stage.step(3, "Which calls are there, and what would change")
    stage.sophia("migrate")
    expect(not changes(stage), "the dry run changed files")


def apply_safe(stage: Stage) -> None:
    stage.step(4, "The safe ones are written")
    untouched = (stage.project / UNTOUCHED).read_bytes()
    stage.sophia("migrate", "--apply")
    expect(bool(changes(stage)), "nothing was changed")
    same_file = (stage.project / UNTOUCHED).read_bytes() == untouched
    expect(same_file, f"{UNTOUCHED} calls no model and was changed all the same")
    stage.commit("Move the safe calls to the service")


def apply_review(stage: Stage) -> None:
    stage.step(6, "What a person has to read first, then written too; the tests once more")
    stage.sophia("migrate", "show", "review")
    stage.sophia("migrate", "--apply", "--class", "review")
    expect(bool(changes(stage)), "nothing was changed")
    stage.commit("Move the call that was reviewed")


def live(stage: Stage) -> None:
    stage.step(7, "The application runs; sophia.toml now names the simulator")
    with (stage.project / "sophia.toml").open("a", encoding="utf-8") as file:
        file.write(SIMULATOR)
    stage.commit("Answer from the simulator")
    stage.out.line("   $ python -m shop")
    said = stage.run(sys.executable, "-m", "shop").stdout
    stage.out.line(said.rstrip())
    expect("simulated" in said, "no answer says that it is simulated")


def account(stage: Stage) -> None:
    ledger = Ledger(stage.ledger)
    rows = ledger.summary()
    ledger.close()
    calls, answered = sum(row.calls for row in rows), sum(row.ok for row in rows)
    stage.step(8, f"What the ledger says: {calls} calls, {answered} of them answered")
    expect(calls > 0, "the ledger has no call")
    expect(all(row.simulated for row in rows), "a call was not answered by the simulator")
    header = ("task", "model", "calls", "in", "out", "cost")
    stage.out.table(header, [ledger_row(row) for row in rows], indent=3)
    total = sum(row.cost_usd or 0 for row in rows)
    unpriced = sum(row.unpriced for row in rows)
    stage.out.line(
        f"   ${total:.5f} in all, simulated at an example rate; {unpriced} calls unpriced"
    )
    expect(answered == calls, f"{calls - answered} calls were not answered")


def ledger_row(row: SummaryRow) -> tuple[object, ...]:
    cost = "unpriced" if row.cost_usd is None else f"${row.cost_usd:.5f}"
    tokens = ("-" if count is None else count for count in (row.tokens_in, row.tokens_out))
    return (row.task or "(not named)", row.model, row.calls, *tokens, f"{cost} simulated")


def farewell(stage: Stage) -> None:
    sophia = "sophia" if shutil.which("sophia") else beside_python()
    stage.out.line(f"\nEverything is in {stage.folder}, for you to look at.")
    stage.out.line(f"Remove it:  rm -r {shlex.quote(str(stage.folder))}")
    stage.out.line("Next:")
    stage.out.line(f"  cd {shlex.quote(str(stage.project))} && git log --stat")
    stage.out.line(f"  {sophia} migrate show report-only")
    stage.out.line(f"  {sophia} migrate rollback")


def beside_python() -> str:
    script = Path(sys.executable).with_name("sophia")
    return (
        shlex.quote(str(script))
        if script.exists()
        else f"{shlex.quote(sys.executable)} -m sophia_cli"
    )


def changes(stage: Stage) -> list[str]:
    return stage.run("git", "status", "--porcelain").stdout.splitlines()


def same(before: int, after: int) -> None:
    expect(before == after, f"{before} tests passed before, {after} after")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SophiaError(otherwise)


if __name__ == "__main__":
    sys.exit(main())
