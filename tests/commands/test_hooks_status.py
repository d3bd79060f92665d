"""`sophia hooks status`, as it is typed: clones of real git with hooks of real pre-commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Said, sophia

HOOK = """\
repos:
  - repo: local
    hooks:
      - {id: own, name: own, language: system, entry: "true"}
"""
LEGACY = """\
default_language_version:
  python: python3.11
exclude: ^(external/|node_modules/|dist/|build/)$
repos:
  - repo: https://github.com/psf/black
    rev: 23.12.1
    hooks:
      - id: black
  - repo: https://github.com/PyCQA/bandit
    rev: 1.7.5
    hooks:
      - id: bandit
        args: [-ll, --skip=B101,B601,B602,B607]
  - repo: https://github.com/pre-commit/mirrors-eslint
    rev: v8.56.0
    hooks:
      - id: eslint
        additional_dependencies:
          - '@typescript-eslint/recommended'
"""
PYPROJECT = '[tool.black]\ntarget-version = ["py312"]\n'
WHO = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "T"), ("EMAIL", "t@example.invalid"))
}


def git(folder: Path, *words: str, **environ: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, **WHO, **environ},
    )  # fmt: skip
    return done.stdout


def clone(folder: Path, text: str = HOOK, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    (folder / ".pre-commit-config.yaml").write_text(text)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "add", "--all")
    return folder


def install(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=folder, check=True, capture_output=True
    )
    return folder / ".git" / "hooks" / "pre-commit"


def status(folder: Path, *words: str, **environ: str) -> Said:
    return sophia("hooks", "status", *words, cwd=folder, **environ)


def without_pre_commit() -> str:
    """A PATH with git and no pre-commit."""
    program = shutil.which("git")
    assert program
    return str(Path(program).parent)


def test_a_clone_that_is_well(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    install(folder)
    said = status(folder)
    version = subprocess.run(
        [sys.executable, "-m", "pre_commit", "--version"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[-1]
    assert (said.code, said.err) == (0, "")
    assert said.out == f"""\
  config        1 hook in .pre-commit-config.yaml
  installed     pre-commit, by pre-commit
  pre-commit    {version}

Nothing must be mended.
"""


def test_all_faults_of_a_legacy_configuration(tmp_path: Path) -> None:
    files = {
        "external/a.py": "",
        "dist/x.py": "",
        ".githooks/pre-commit": "",
        "pyproject.toml": PYPROJECT,
    }
    said = status(clone(tmp_path, LEGACY, **files), PATH=without_pre_commit())
    assert (said.code, said.err) == (1, "")
    assert said.out == """\
  config        3 hooks in .pre-commit-config.yaml
  installed     fail: pre-commit is not installed in this clone: nothing is
                checked before a commit
                  pre-commit install --hook-type pre-commit
  forgotten     warn: .githooks/pre-commit is run by nobody: nothing sets
                core.hooksPath to .githooks
                  make it a hook of pre-commit's, then:  git rm -r .githooks
  patterns      fail: exclude matches no file inside external/, node_modules/,
                dist/ ...: 2 tracked files are there
                  exclude: ^(external/|node_modules/|dist/|build/)
  arguments     fail: args of bandit: YAML splits --skip=B101,B601,B602,B607 at
                its commas
                  args: [-ll, "--skip=B101,B601,B602,B607"]
  python        fail: black, bandit on Python 3.11, and Black's target-version
                asks for 3.12: newer syntax does not parse
                  default_language_version: {python: python3.12}
  packages      fail: additional_dependencies of eslint:
                @typescript-eslint/recommended is a configuration that `extends`
                takes, and no package
                  name the plugins:  eslint-plugin-NAME@VERSION
  versions      3 pins, the same wherever the project names them

5 of 8 checks failed.
"""


def line(said: Said, name: str) -> str:
    """One check, on one line."""
    rows = said.out.partition("\n\n")[0][2:].split("\n  ")
    found = [" ".join(row.split()) for row in rows]
    start = next(number for number, row in enumerate(found) if row.startswith(name))
    end = next((n for n in range(start + 1, len(found)) if rows[n][:1] != " "), len(found))
    return " ".join(found[start:end])


def test_a_dead_interpreter(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    hook = install(folder)
    hook.write_text(
        hook.read_text().replace(f"INSTALL_PYTHON={sys.executable}", "INSTALL_PYTHON=/gone/python")
    )
    said = status(folder, PATH=without_pre_commit())
    assert said.code == 1
    assert line(said, "installed") == (
        "installed fail: pre-commit runs on /gone/python, which is gone: every commit fails"
        " pre-commit install from an environment that stays"
    )
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    said = status(folder, PATH=beside)
    assert said.code == 0
    assert "which is gone; pre-commit on PATH stands in" in line(said, "installed")


def test_a_hook_that_git_passes_over(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    install(folder).chmod(0o644)
    said = status(folder)
    assert said.code == 1
    assert line(said, "installed").startswith(
        "installed fail: git passes over pre-commit: it is not exec"
    )


def test_chained_hooks(tmp_path: Path) -> None:
    folder = clone(tmp_path)
    own = folder / ".git" / "hooks" / "pre-commit"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    said = status(folder)
    assert "is a hook of somebody else's, which does not run pre-commit" in line(said, "installed")
    hook = install(folder)
    said = status(folder)
    assert (said.code, line(said, "chained")) == (
        0,
        "chained pre-commit.legacy, which was there before, runs first",
    )
    hook.with_name("pre-commit.legacy").write_bytes(hook.read_bytes())
    assert "is an older hook of pre-commit's: every commit runs through both" in line(
        status(folder), "chained"
    )


def test_hooks_that_lead_elsewhere(tmp_path: Path) -> None:
    folder = clone(tmp_path / "a")
    git(folder, "config", "core.hooksPath", "team")
    assert line(status(folder), "installed") == (
        "installed fail: core.hooksPath (local) sends git to team, and team/pre-commit does not run"
        " pre-commit git config --unset-all core.hooksPath"
    )
    (folder / "team").mkdir()
    (folder / "team" / "pre-commit").write_text("pre-commit run\n")
    said = status(folder)
    assert (said.code, line(said, "installed")) == (
        0,
        "installed core.hooksPath (local) sends git to team: team/pre-commit runs pre-commit",
    )


def test_hooks_that_lead_elsewhere_for_everybody(tmp_path: Path) -> None:
    folder = clone(tmp_path / "a")
    everybody = tmp_path / "gitconfig"
    everybody.write_text(f"[core]\n\thooksPath = {tmp_path}/all\n")
    said = status(folder, GIT_CONFIG_GLOBAL=str(everybody))
    assert said.code == 1
    assert f"  git config core.hooksPath {folder}/.git/hooks" in said.out


@pytest.mark.parametrize(("script", "code"), [("npx lint-staged\n", 1), ("pre-commit run\n", 0)])
def test_husky(tmp_path: Path, script: str, code: int) -> None:
    folder = clone(tmp_path, **{".husky/pre-commit": script})
    git(folder, "config", "core.hooksPath", ".husky/_")
    said = status(folder)
    assert said.code == code
    assert line(said, "installed") == (
        "installed husky: .husky/pre-commit runs pre-commit"
        if code == 0
        else "installed fail: husky owns the hooks, and .husky/pre-commit does not run pre-commit"
        " echo 'pre-commit run' >> .husky/pre-commit"
    )


@pytest.mark.parametrize(("run", "code"), [("npm test", 1), ("pre-commit run", 0)])
def test_lefthook(tmp_path: Path, run: str, code: int) -> None:
    text = f"pre-commit:\n  commands:\n    a:\n      run: {run}\n"
    folder = clone(tmp_path, **{"lefthook.yml": text})
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncall_lefthook run "pre-commit"\n')
    hook.chmod(0o755)
    said = status(folder)
    assert (said.code, line(said, "installed")) == (
        code,
        (
            "installed pre-commit, by lefthook, which runs pre-commit"
            if code == 0
            else "installed fail: lefthook owns pre-commit, and does not run pre-commit sophia hooks install"
        ),
    )


def test_versions_that_drift(tmp_path: Path) -> None:
    text = HOOK.replace('"true"}', '"true"}\n      - {id: r, name: r, language: python, entry: ruff,'
                        " additional_dependencies: [ruff==0.17.6]}")  # fmt: skip
    files = {
        "pyproject.toml": '[dependency-groups]\ndev = ["ruff==0.11.0"]\n',
        ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: pipx run ruff==0.12.0 check\n",
        "uv.lock": '[[package]]\nname = "ruff"\nversion = "0.11.0"\n',
    }
    said = status(clone(tmp_path, text, **files))
    words = [row.strip() for row in said.out.splitlines() if "versions " in row]
    assert words == [
        "versions      warn: pyproject.toml:2 pins ruff 0.11.0, the hooks 0.17.6",
        "versions      warn: uv.lock has ruff 0.11.0, the hooks 0.17.6",
        "versions      warn: .github/workflows/ci.yml:4 pins ruff 0.12.0, the hooks",
    ]


def test_an_environment_whose_python_is_gone(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    folder, store = clone(tmp_path / "a"), tmp_path / "store"
    python = store / "repo1" / "py_env-python3.9" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/gone/python3.9")
    with closing(sqlite3.connect(store / "db.db")) as kept, kept:
        kept.execute("CREATE TABLE repos (repo TEXT, ref TEXT, path TEXT)")
        kept.execute("INSERT INTO repos VALUES ('local:ruff==0.1', '1', ?)", [str(store / "repo1")])
        kept.execute(
            "INSERT INTO repos VALUES ('https://h.test/b', '1', ?)", [str(store / "repo2")]
        )
    assert line(status(folder, PRE_COMMIT_HOME=str(store)), "environments") == (
        "environments warn: 1 of 2 kept environments stand on a Python that is gone (ruff==0.1)"
        " pre-commit clean && pre-commit install-hooks"
    )


def test_a_configuration_that_needs_a_newer_pre_commit(tmp_path: Path) -> None:
    folder = clone(tmp_path, f'minimum_pre_commit_version: "99.0.0"\n{HOOK}')
    install(folder)
    said = status(folder)
    assert said.code == 1
    assert "runs here, and minimum_pre_commit_version asks for 99.0.0" in line(said, "pre-commit")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no .pre-commit-config.yaml"),
        ("repos: [\n", ".pre-commit-config.yaml cannot be read and is left alone"),
    ],
)
def test_no_configuration(tmp_path: Path, text: str | None, words: str) -> None:
    folder = clone(tmp_path, text or "")
    if text is None:
        (folder / ".pre-commit-config.yaml").unlink()
    said = status(folder)
    assert said.code == 1
    assert line(said, "config").startswith(f"config fail: {words}")


def test_no_repository(tmp_path: Path) -> None:
    said = status(tmp_path)
    assert (said.code, said.out) == (1, "")
    assert said.err == f"sophia: {tmp_path} is no git repository\n        git init\n"


BASELINE = "sophia-hooks-baseline.json"
FIRST = """\
{
 "version": 1,
 "written_by": "0.1.0",
 "findings": {
  "app/core/a.py": {"ruff E501": "aaaaaaaaaaaa*3", "bandit B602": "bbbbbbbbbbbb"},
  "app/b.py": {"ruff F401": "cccccccccccc dddddddddddd"},
  "setup.py": {"black format": "eeeeeeeeeeee"}
 }
}
"""


def test_the_debt_and_its_trend(tmp_path: Path) -> None:
    folder = clone(tmp_path, **{BASELINE: FIRST})
    install(folder)
    day = {"GIT_AUTHOR_DATE": "2026-06-01T12:00:00Z", "GIT_COMMITTER_DATE": "2026-06-01T12:00:00Z"}
    git(folder, "commit", "--quiet", "--no-verify", "-m", "first", **day)
    (folder / BASELINE).write_text(FIRST.replace("aaaaaaaaaaaa*3", "aaaaaaaaaaaa"))
    said = status(folder)
    assert said.code == 0
    assert said.out.partition("\n\n")[2] == """\
5 old findings may stay, 2 fewer than on 2026-06-01.

  tool    now  on 2026-06-01
  ruff      3              5  -2
  bandit    1              1  =
  black     1              1  =

  folder    now  on 2026-06-01
  app         2              2  =
  app/core    2              4  -2
  .           1              1  =

Nothing must be mended.
"""
    found = status(folder, "--json").json["data"]
    assert found["debt"]["trend"] == [{"day": "2026-06-01", "total": 7}]
    assert (found["debt"]["now"], found["debt"]["then"]) == (5, 7)
    assert found["checks"][0] == {
        "name": "config",
        "state": "ok",
        "words": "1 hook in .pre-commit-config.yaml",
        "mend": "",
    }
