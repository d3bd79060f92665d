"""A stack between two commands, and its images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sophia_cli.errors import SophiaError
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.images import Image, choose, read_lock, repository
from sophia_cli.infra.servers import NAMES
from sophia_cli.infra.stack import Stack, check_name, name_of
from sophia_cli.infra.up import Asked, settle

NOWHERE = Path("/nowhere")
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("shop", "sophia-shop"),
        ("My Shop (2)", "sophia-my-shop-2"),
        ("__", "sophia-1a0bc07e"),
        ("x" * 80, "sophia-" + "x" * 40),
    ],
)
def test_a_stack_is_called_like_its_folder(folder: str, name: str) -> None:
    made = name_of(Path("/home") / folder)
    assert check_name(made) == made
    assert made == name or (folder == "__" and len(made) == 15)


@pytest.mark.parametrize("name", ["", "Shop", "-shop", "a b", "shop/..", "x" * 64])
def test_what_compose_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(SophiaError, match="is no name of a stack"):
        check_name(name)


def test_it_is_the_same_when_it_is_read_again(tmp_path: Path, environ: dict[str, str]) -> None:
    stack = settle(Asked(tmp_path, ports={"sonarqube": 9001}), environ)
    assert stacks.load(stack.name, environ) is None
    stacks.save(stack)
    assert stacks.load(stack.name, environ) == stack
    assert stacks.find(tmp_path, "", environ) == stack
    assert stack.url("sonarqube") == "http://localhost:9001"


def test_what_was_asked_for_once_is_kept(tmp_path: Path, environ: dict[str, str]) -> None:
    first = Asked(tmp_path, ports={"grafana": 3001}, images={"postgresql": "mine:17"})
    stacks.save(settle(first, environ))
    again = settle(Asked(tmp_path, ports={"sonarqube": 9001}), environ)
    assert (again.ports["grafana"], again.ports["sonarqube"]) == (3001, 9001)
    assert again.images["postgresql"] == "mine:17"


def test_a_server_elsewhere_is_not_started_here(tmp_path: Path, environ: dict[str, str]) -> None:
    asked = Asked(tmp_path, attached={"sonarqube": "https://sonar.internal/"})
    stack = settle(asked, environ)
    assert stack.servers == ("prometheus", "alertmanager", "grafana")
    assert stack.url("sonarqube") == "https://sonar.internal"
    assert stack.url("postgresql") == ""


def test_the_stack_of_another_checkout_is_left_alone(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    stacks.save(settle(Asked(tmp_path / "a" / "shop"), environ))
    with pytest.raises(SophiaError) as caught:
        settle(Asked(tmp_path / "b" / "shop"), environ)
    assert caught.value.message == f"the stack `sophia-shop` belongs to {tmp_path}/a/shop"
    assert caught.value.mend == "sophia infra up --name ANOTHER"


def test_two_commands_do_not_change_it_at_once(tmp_path: Path) -> None:
    with (
        stacks.alone(tmp_path / "shop"),
        pytest.raises(SophiaError, match="another command is changing the stack `shop`"),
        stacks.alone(tmp_path / "shop"),
    ):
        pass
    with stacks.alone(tmp_path / "shop"):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    home = stacks.home_of("shop", {"XDG_STATE_HOME": str(tmp_path / "state")})
    with pytest.raises(SophiaError) as caught, stacks.alone(home):
        pass
    assert caught.value.message == f"{home} cannot be made: Not a directory"
    assert caught.value.mend == "free or unlock it, or set XDG_STATE_HOME"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("[]", "is of another version of sophia"),
        ('{"version": 2}', "is of another version of sophia"),
        ('{"version": 1}', "is damaged"),
    ],
)
def test_a_file_that_is_no_stack(
    tmp_path: Path, environ: dict[str, str], text: str, words: str
) -> None:
    home = stacks.home_of("shop", environ)
    home.mkdir(parents=True)
    (home / stacks.FILE).write_text(text)
    with pytest.raises(SophiaError, match=words):
        stacks.load("shop", environ)


def test_nothing_was_brought_up(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(SophiaError) as caught:
        stacks.find(tmp_path / "shop", "", environ)
    assert (caught.value.message, caught.value.mend) == (
        "there is no stack `sophia-shop`",
        "sophia infra up",
    )


def test_the_lock_names_an_image_for_every_server() -> None:
    lock = read_lock(NOWHERE)
    assert sorted(lock) == sorted(NAMES)
    for image in lock.values():
        assert ":" in image.name and not image.name.endswith(":latest")


def test_an_image_of_ones_own_goes_before_the_lock() -> None:
    lock = {**read_lock(NOWHERE), "grafana": Image("grafana/grafana:13.2.0", DIGEST)}
    found = choose(lock, {"postgresql": "registry.internal:5000/postgres:17"})
    assert found["postgresql"] == "registry.internal:5000/postgres:17"
    assert found["grafana"] == f"grafana/grafana:13.2.0@{DIGEST}"
    assert found["sonarqube"] == lock["sonarqube"].name


@pytest.mark.parametrize(
    ("mapped", "words"),
    [
        ({"sonar": "x:1"}, "there is no server `sonar`"),
        ({"sonarqube": "Not An Image"}, "`Not An Image` is no image"),
        ({"sonarqube": "x:1 --privileged"}, "is no image"),
        ({"sonarqube": "${HOME}"}, "is no image"),
    ],
)
def test_what_is_no_image_is_refused(mapped: dict[str, str], words: str) -> None:
    with pytest.raises(SophiaError) as caught:
        choose(read_lock(NOWHERE), mapped)
    assert words in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[postgresql]\nimage = 1\ndigest = 'unresolved'\n",
        "[postgresql]\nimage = 'x:1'\n",
        "[postgresql]\nimage = 'x:1'\ndigest = 'sha256:made-up'\n",
        "[mysql]\nimage = 'x:1'\ndigest = 'unresolved'\n",
    ],
)
def test_a_lock_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "infra.lock"
    path.write_text(text)
    with pytest.raises(SophiaError) as caught:
        choose(read_lock(tmp_path), {})
    assert caught.value.mend == "sophia infra lock"


def test_ports_of_servers_that_have_none(tmp_path: Path, environ: dict[str, Any]) -> None:
    with pytest.raises(SophiaError, match="`postgresql` has no port"):
        settle(Asked(tmp_path, ports={"postgresql": 5432}), environ)


def test_a_url_of_a_server_that_is_not_there() -> None:
    assert Stack("a", Path("/a"), Path("/b")).url("grafana") == ""


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("postgres:17", "postgres"),
        ("prom/prometheus:v3.14.0", "prom/prometheus"),
        (f"prom/prometheus:v3.14.0@{DIGEST}", "prom/prometheus"),
        ("localhost:5000/sonarqube", "localhost:5000/sonarqube"),
        ("localhost:5000/sonarqube:26.9", "localhost:5000/sonarqube"),
    ],
)
def test_versions_of_one_image_have_one_name(reference: str, name: str) -> None:
    assert repository(reference) == name
