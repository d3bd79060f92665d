"""`sonar-project.properties`: written once, and then somebody's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra.properties import FILE, check, write


def told(root: Path) -> list[str]:
    return [f"{one.state} {one.words} -> {one.mend}" for one in check(root, "shop")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sonar.sources=src\n",
        "sonar.projectKey=shop\n",
        " sonar.projectKey : shop \r\nsonar.sources=.\r\n",
        "# sonar.projectKey=other\nsonar.projectKey=shop\n",
        "sonar.projectKey=other\nsonar.projectKey=shop\n",  # the last one counts
    ],
)
def test_one_that_fits_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, newline="")
    assert write(tmp_path, "shop") is False
    assert (tmp_path / FILE).read_bytes() == text.encode()
    assert told(tmp_path) == []


def test_it_is_written_where_there_is_none(tmp_path: Path) -> None:
    assert told(tmp_path) == []
    assert write(tmp_path, "shop") is True
    assert (tmp_path / FILE).read_text().splitlines()[1:] == [
        "sonar.projectKey=shop",
        "sonar.sourceEncoding=UTF-8",
    ]
    assert write(tmp_path, "shop") is False
    assert told(tmp_path) == []


def test_another_project_in_it_is_said_and_left(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("sonar.projectKey=team_shop\n")
    assert write(tmp_path, "shop") is False
    assert told(tmp_path) == [
        "warn sonar-project.properties names the project `team_shop`, the stack `shop`; it is left as"
        ' it is -> in sophia.toml: [infra] project = "team_shop"'
    ]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SophiaError, match=r"properties cannot be written: No such file"):
        write(tmp_path / "gone", "shop")
