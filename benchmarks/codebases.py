"""`sophia migrate` on public code bases: their own tests before and after, then back byte for byte.

Usage: python benchmarks/codebases.py FOLDER [--from COPIES] [NAME ...]

Each repository of `codebases.toml` is cloned to FOLDER/<name> where it is not there yet, at the commit named
there, and gets an environment in FOLDER/venvs/<name>. With --from it is cloned from COPIES/<owner>+<name>/repo;
files that such a copy lacks are left out. Its tests see an empty home, no keys, and, where the machine lets a
program have a network of its own (`unshare`), no network.
Nothing of these code bases is part of this project.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebases_sites import Share, compare, parses, shares

ROOT = Path(__file__).resolve().parents[1]
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@dataclass(frozen=True)
class Outcome:
    """What one run of a project's tests said."""

    passed: int
    failed: int
    seconds: float


def main(folder: Path, copies: Path | None, names: list[str]) -> int:
    listed = tomllib.loads((Path(__file__).with_name("codebases.toml")).read_text())["codebase"]
    rows, good = [], True
    for entry in listed:
        name = entry["repo"].partition("/")[2]
        if names and name not in names:
            continue
        row = measure(folder, copies, name, entry)
        rows.append(row)
        good &= row["good"]
        print(json.dumps(row), flush=True)
    print()
    print_table(rows)
    return 0 if good else 1


def measure(folder: Path, copies: Path | None, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    tree = folder / name
    if not tree.exists():
        clone(tree, copies, entry)
    python = environment(folder / "venvs" / name, tree, entry)
    must(["git", "checkout", "-q", "--force", entry["commit"]], tree)
    must(["git", "clean", "-fdxq", "--exclude=*.egg-info", "--exclude=.venv"], tree)
    hashes = fingerprint(tree)
    before = tests(python, tree, entry)
    began = time.perf_counter()
    plan = sophia(tree, "--json", "--no-cache")
    scanned = time.perf_counter() - began
    parsed = {path for path in plan["changed"] if parses(tree / path)}
    share = shares(tree, plan["sites"])
    applied = sophia(tree, "--apply", "--allow-dirty", "--json")
    changed = [path for path, value in fingerprint(tree).items() if hashes.get(path) != value]
    broken = sorted(path for path in parsed if not parses(tree / path))
    second = sophia(tree, "--json")
    after = tests(python, tree, entry)
    if applied.get("run"):
        sophia(tree, "rollback", "--json")
    identical = fingerprint(tree) == hashes
    classes = {row["class"]: row["sites"] for row in plan["classes"]}
    count = compare(entry["repo"], plan["sites"])
    row = {
        "repo": entry["repo"],
        "files": plan["files_looked_at"],
        "sites": sum(sites for name, sites in classes.items() if name != "noted"),
        **classes,
        "changed": len(changed),
        "broken": broken,
        "run": applied.get("run"),
        "second_run_changes": len(second["changed"]),
        "before": [before.passed, before.failed],
        "after": [after.passed, after.failed],
        "scan_s": round(scanned, 2),
        "rolled_back": identical,
        "found": count.found,
        "missed": count.missed,
        "false": count.false,
        "share_of_all": [share[0].moved, share[0].of],
        "share_of_seen": [share[1].moved, share[1].of],
    }
    return {**row, "good": is_good(row)}


def clone(tree: Path, copies: Path | None, entry: dict[str, Any]) -> None:
    """Clone a repository, without the files that a copy of it does not have."""
    if copies is None:
        must(["git", "clone", "--quiet", f"https://github.com/{entry['repo']}", str(tree)], Path())
        return
    copy = copies / entry["repo"].replace("/", "+") / "repo"
    source = copy / ".git" if (copy / ".git").exists() else copy
    must(["git", "clone", "--quiet", "--no-checkout", str(source), str(tree)], Path())
    objects = output(["git", "rev-list", "--objects", "--missing=print", "-1", "HEAD"], tree)
    missing = {line[1:] for line in objects.splitlines() if line.startswith("?")}
    listed = output(["git", "ls-tree", "-r", "-z", "HEAD"], tree).split("\0")
    lacking = [line.split("\t", 1)[1] for line in listed if set(line.split()[2:3]) & missing]
    must(["git", "config", "core.sparseCheckout", "true"], tree)
    must(["git", "config", "core.sparseCheckoutCone", "false"], tree)
    patterns = ["/*", *(f"!/{path}" for path in lacking)]
    (tree / ".git" / "info").mkdir(exist_ok=True)
    (tree / ".git" / "info" / "sparse-checkout").write_text("\n".join(patterns) + "\n")


def is_good(row: dict[str, Any]) -> bool:
    """The tests say what they said before, a second run has nothing to do, and all comes back.

    What a file of the count has beyond it, or lacks, is told and is for a person to judge.
    """
    same = row["before"] == row["after"] and not row["broken"]
    return bool(row["rolled_back"] and same and not row["second_run_changes"])


def environment(venv: Path, tree: Path, entry: dict[str, Any]) -> Path:
    """The project's environment, with sophia in it as the migrated code needs it."""
    python = venv / "bin" / "python"
    if not python.exists():
        must([f"python{entry['python']}", "-m", "venv", str(venv)], tree)
        for line in entry["install"]:
            must([str(python), "-m", "pip", "install", "--quiet", *shlex.split(line)], tree)
        needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
        must([str(python), "-m", "pip", "install", "--quiet", *needed], tree)
    paths = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(paths.stdout.strip()) / "sophia-checkout.pth").write_text(f"{ROOT}\n")
    return python


def tests(python: Path, tree: Path, entry: dict[str, Any]) -> Outcome:
    """Run its tests; a code base of pages and notebooks has none."""
    if "tests" not in entry:
        return Outcome(0, 0, 0.0)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        environ = {
            "PATH": f"{python.parent}:/usr/bin:/bin",
            "HOME": home,
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SOPHIA_LEDGER": str(Path(home) / "ledger.sqlite3"),
        }
        command = [*offline(), "bash", "-c", entry["tests"]]
        done = subprocess.run(
            command,
            cwd=tree,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environ,
            check=False,
        )
    counts: dict[str, int] = {}
    for number, word in COUNTS.findall((done.stdout.strip().splitlines() or [""])[-1]):
        counts[word] = int(number)
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    if not counts:
        raise SystemExit(f"{tree.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Outcome(counts.get("passed", 0), failed, time.perf_counter() - began)


def offline() -> list[str]:
    """What goes before a command so that it has a loopback and nothing else."""
    wrap = [
        "unshare",
        "--net",
        "--map-root-user",
        "bash",
        "-c",
        'ip link set lo up; exec "$@"',
        "-",
    ]
    try:
        works = subprocess.run([*wrap, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        works = False
    return wrap if works else []


def sophia(tree: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sophia_cli", "migrate", *arguments]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tree.name}: {done.stdout}{done.stderr}")
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def fingerprint(tree: Path) -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=tree, capture_output=True, text=True, check=True
    )
    files = [tree / name for name in listed.stdout.split("\0") if name]
    return {
        str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and not path.is_symlink()
    }


def must(command: list[str], cwd: Path) -> None:
    output(command, cwd)


def output(command: list[str], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def print_table(rows: list[dict[str, Any]]) -> None:
    columns = (
        *("repo", "files", "sites", "safe", "carried", "review", "report-only", "not-edited"),
        *("changed", "second_run_changes", "before", "after", "share_of_all", "share_of_seen"),
    )
    heads = [column.replace("_", " ") for column in columns]
    print("| " + " | ".join([*heads, "counted: found, missed, false"]) + " | same bytes after |")
    print("|" + "---|" * (len(columns) + 2))
    for row in rows:
        cells = [_cell(column, row.get(column, 0)) for column in columns]
        cells.append(f"{row['found']}, {len(row['missed'])}, {len(row['false'])}")
        print("| " + " | ".join(cells) + f" | {'yes' if row['rolled_back'] else 'NO'} |")
    for name in ("share_of_all", "share_of_seen"):
        print(f"\n{name}: {sum((Share(*row[name]) for row in rows), Share(0, 0))}")
    for row in rows:
        for word in ("missed", "false", "broken"):
            print(*(f"{word}: {row['repo']} {place}\n" for place in row[word]), sep="", end="")


def _cell(column: str, value: Any) -> str:
    if column.startswith("share"):
        return str(Share(*value))
    return f"{value[0]} passed, {value[1]} failed" if isinstance(value, list) else str(value)


if __name__ == "__main__":
    words = sys.argv[1:]
    if not words:
        raise SystemExit(__doc__)
    where = None
    if "--from" in words:
        place = words.index("--from")
        where = Path(words[place + 1]).resolve()
        del words[place : place + 2]
    raise SystemExit(main(Path(words[0]).resolve(), where, words[1:]))
