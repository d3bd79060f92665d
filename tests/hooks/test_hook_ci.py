"""The gate in a pipeline: what is written, and that it runs what the hooks run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hooked import MARKER, Tree, tree
from pre_commit.yaml import yaml_load

from sophia_cli.errors import SophiaError
from sophia_cli.hooks.ci import GITHUB, GITLAB, Pipeline, plan_pipeline, write_pipeline

CONFIG = ".pre-commit-config.yaml"
PATHS = {GITHUB: ".github/workflows/sophia.yml", GITLAB: ".gitlab/sophia.yml"}


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    made = tree(tmp_path / "project")
    made.put(CONFIG, MARKER)
    return made


def write(made: Tree, host: str) -> Pipeline:
    planned = plan_pipeline(made.root, host)
    write_pipeline(planned)
    return planned


def steps(made: Tree, host: str) -> list[Any]:
    data = yaml_load((made.root / PATHS[host]).read_text())
    return list(data["jobs"]["gate"]["steps"] if host == GITHUB else data["quality gate"]["script"])


def commands(made: Tree, host: str) -> str:
    words = [step.get("run", "") if isinstance(step, dict) else step for step in steps(made, host)]
    return "\n".join(words)


@pytest.mark.parametrize("host", PATHS)
def test_a_file_of_somebody_else_is_left_alone(project: Tree, host: str) -> None:
    file = project.put(PATHS[host], "jobs: {}\n")
    with pytest.raises(SophiaError, match="is not ours, and is left alone"):
        plan_pipeline(project.root, host)
    assert file.read_text() == "jobs: {}\n"


def test_without_hooks_there_is_nothing_to_run(project: Tree) -> None:
    (project.root / CONFIG).unlink()
    with pytest.raises(SophiaError, match="no hooks here") as caught:
        plan_pipeline(project.root, GITHUB)
    assert caught.value.mend == "sophia hooks install"


def test_a_pipeline_of_the_user_gets_a_line_to_add(project: Tree) -> None:
    mine = project.put(".gitlab-ci.yml", "build:\n  script: [make]\n")
    made = write(project, GITLAB)
    assert made.line == "include: [local: .gitlab/sophia.yml]"
    assert mine.read_text() == "build:\n  script: [make]\n"
    mine.write_text(f"{made.line}\n{mine.read_text()}")
    assert plan_pipeline(project.root, GITLAB).line == ""


def test_without_one_it_is_written(project: Tree) -> None:
    write(project, GITLAB)
    assert (project.root / ".gitlab-ci.yml").read_text() == (
        "include:\n  - local: .gitlab/sophia.yml\n"
    )


@pytest.mark.parametrize("host", PATHS)
def test_twice_changes_nothing(project: Tree, host: str) -> None:
    assert write(project, host).files
    assert plan_pipeline(project.root, host).files == ()


@pytest.mark.parametrize("host", PATHS)
def test_what_is_not_here_is_not_asked_for(project: Tree, host: str) -> None:
    write(project, host)
    text = (project.root / PATHS[host]).read_text()
    assert "@" not in text.replace("actions/checkout@", "").replace("actions/cache@", "").replace(
        "setup-python@", ""
    )
    assert not any(word in text for word in ("node", "hooks run", "migrate check", "#["))
    assert "pre-commit run --from-ref" in commands(project, host)
    assert "--sonar-project-key project " in text


@pytest.mark.parametrize("host", PATHS)
def test_what_is_here_is_part_of_it(project: Tree, host: str) -> None:
    project.put("a.ts", "")
    project.put("llm-baseline.json", "{}")
    project.put("sophia-hooks-baseline.json", "{}")
    project.put("sonar-project.properties", "sonar.projectKey=shop\n")
    project.put("pyproject.toml", '[project]\nrequires-python = ">=3.13"\n')
    write(project, host)
    text = (project.root / PATHS[host]).read_text()
    ran = commands(project, host)
    assert "sophia hooks run --all" in ran and "sophia migrate check" in ran
    assert "node" in text and "3.13" in text
    assert "sonar-project-key" not in text and "pysonar -Dsonar.qualitygate.wait=true" in text


def test_secrets_are_named_and_never_written(project: Tree) -> None:
    write(project, GITHUB)
    data = yaml_load((project.root / PATHS[GITHUB]).read_text())
    scan = data["jobs"]["sonarqube"]
    assert scan["if"].startswith("vars.SONAR_HOST_URL != ''")
    assert scan["steps"][-1]["env"] == {
        "SONAR_HOST_URL": "${{ vars.SONAR_HOST_URL }}",
        "SONAR_TOKEN": "${{ secrets.SONAR_TOKEN }}",
    }


@pytest.mark.parametrize("host", PATHS)
def test_its_commands_run_the_hooks_on_what_is_new(project: Tree, host: str) -> None:
    """The shell of the step, as the host runs it, on two commits."""
    import subprocess
    import sys

    project.commit()
    project.put("app.py", "X = 2\n")
    project.commit()
    write(project, host)
    lines = commands(project, host).splitlines()
    lines = [line for line in lines if "BASE" in line]
    path = f"{Path(sys.executable).parent}:{project.env['PATH']}"
    for base in ("HEAD~1", "0" * 40):
        given = f"BASE={base}\n" + "\n".join(line for line in lines if not line.startswith("BASE="))
        done = subprocess.run(
            ["bash", "-e", "-c", given],
            cwd=project.root,
            env={**project.env, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert project.ran == 2
