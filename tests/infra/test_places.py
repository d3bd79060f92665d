"""Servers that move: elsewhere, to another address there, and back; and what opens them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sophia_cli.errors import UsageError
from sophia_cli.infra import credentials, door
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.login import Login
from sophia_cli.infra.stack import Stack
from sophia_cli.infra.up import Asked, settle
from sophia_cli.infra.vault import FOLDER, Vault

SONAR, GRAFANA = "https://sonar.internal", "https://grafana.internal"
OWN = ("postgresql", "sonarqube", "prometheus", "alertmanager", "grafana")
TOKEN = "squ_0123456789"


class Door:
    """A server that lets in whoever has that password."""

    url = "http://localhost:9000"

    def __init__(self, password: str) -> None:
        self.password = password

    def takes(self, login: Login) -> bool:
        return login.password == self.password

    def change_password(self, login: Login, after: str) -> None:
        self.password = after


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


def up(
    shop: Path, environ: dict[str, str], *detached: str, profile: str = "", **urls: str
) -> Stack:
    """What `up` makes of a stack before it starts anything."""
    asked = Asked(shop, profiles=(profile,) if profile else (), attached=urls, detached=detached)
    stack = settle(asked, environ)
    credentials.move(stack)
    stacks.save(stack)
    return stack


def kept(stack: Stack) -> dict[str, str]:
    vault = Vault(stack.home / FOLDER)
    return {name: str(one.value) for name in vault.names() if (one := vault.get(name))}


def test_each_is_remembered_by_itself(shop: Path, environ: dict[str, str]) -> None:
    up(shop, environ, sonarqube=SONAR)
    stack = up(shop, environ, grafana=GRAFANA)
    assert stack.attached == {"sonarqube": SONAR, "grafana": GRAFANA}
    assert stack.servers == ("prometheus", "alertmanager")
    stack = up(shop, environ, grafana="http://other")
    assert stack.attached == {"sonarqube": SONAR, "grafana": "http://other"}
    assert up(shop, environ).attached == stack.attached


def test_one_that_is_let_go_is_started_here(shop: Path, environ: dict[str, str]) -> None:
    up(shop, environ, sonarqube=SONAR, grafana=GRAFANA)
    stack = up(shop, environ, "sonarqube")
    assert (stack.servers, stack.attached) == (OWN[:4], {"grafana": GRAFANA})
    assert stack.url("sonarqube") == "http://localhost:9000"
    assert up(shop, environ, "sonarqube") == stack  # a second time is no other
    stack = up(shop, environ, "grafana", profile="quality")
    assert (stack.servers, stack.attached) == (OWN[:2], {})


@pytest.mark.parametrize(
    ("detached", "urls", "words"),
    [
        ("postgresql", {}, "`postgresql` is never elsewhere"),
        ("sonar", {}, "`sonar` is never elsewhere"),
        ("grafana", {"grafana": GRAFANA}, "grafana is to be elsewhere and here"),
        ("grafana", {"sonarqube": ""}, "`` is no URL of a server"),
        ("grafana", {"sonarqube": "sonar.internal"}, "`sonar.internal` is no URL of a server"),
    ],
)
def test_words_that_do_not_fit(
    shop: Path, environ: dict[str, str], detached: str, urls: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        up(shop, environ, detached, **urls)
    assert caught.value.message == words


@pytest.mark.parametrize("name", ["sonarqube", "grafana", "prometheus"])
@pytest.mark.parametrize(
    "url", ["https://ci:se/cret@host:9090/x", "http://ci@host", "ci:secret@host", "ftp://a:b@host"]
)
def test_a_url_with_a_password_is_neither_kept_nor_said(
    shop: Path, environ: dict[str, str], name: str, url: str
) -> None:
    with pytest.raises(UsageError) as caught:
        up(shop, environ, **{name: url})
    assert (caught.value.message, caught.value.mend) == (
        f"what is given for {name} is no URL of a server",
        f"such as https://{name}.internal; a URL with a password is none",
    )
    assert not (shop.parent / "state").exists()


def test_the_password_of_its_own_server_is_kept_for_its_return(
    shop: Path, environ: dict[str, str]
) -> None:
    stack = up(shop, environ)
    vault = Vault(stack.home / FOLDER)
    vault.keep("sonarqube", "ours")
    vault.keep("sonarqube-token", "sqp_ours")
    # By a variable: ours is never shown to the other.
    asked = settle(Asked(shop, attached={"sonarqube": SONAR}), environ)
    assert credentials.find(asked, "sonarqube", {}) is None
    given = {"SOPHIA_SONARQUBE_TOKEN": TOKEN}
    assert credentials.find(asked, "sonarqube", given) == Login(token=TOKEN)
    stack = up(shop, environ, sonarqube=SONAR)
    assert kept(stack) == {"sonarqube-here": "ours"}
    assert credentials.find(stack, "sonarqube", {}) is None
    # And kept: theirs goes when the server goes.
    credentials.give(stack.home, "sonarqube", TOKEN)
    assert credentials.find(up(shop, environ), "sonarqube", {}) == Login(token=TOKEN)
    vault.keep("sonarqube-token", "sqp_theirs")
    stack = up(shop, environ, "sonarqube")
    assert kept(stack) == {"sonarqube": "ours"}
    assert up(shop, environ, "sonarqube") == stack and kept(stack) == {"sonarqube": "ours"}


def test_so_is_one_for_which_another_was_given_before(shop: Path, environ: dict[str, str]) -> None:
    stack = up(shop, environ)
    Vault(stack.home / FOLDER).keep("grafana", "ours")
    credentials.give(stack.home, "grafana", "wrong")
    credentials.give(stack.home, "grafana", "glsa_0")
    stack = up(shop, environ, grafana=GRAFANA)
    assert kept(stack) == {"grafana": "glsa_0", "grafana-here": "ours"}
    assert credentials.find(stack, "grafana", {}) == Login(token="glsa_0")
    assert kept(up(shop, environ, "grafana")) == {"grafana": "ours"}


def test_a_new_server_does_not_get_the_password_of_another(
    shop: Path, environ: dict[str, str]
) -> None:
    stack = up(shop, environ, grafana=GRAFANA)
    credentials.give(stack.home, "grafana", "theirs")
    assert kept(up(shop, environ, "grafana")) == {}


def test_at_another_address_it_is_opened_as_before(shop: Path, environ: dict[str, str]) -> None:
    stack = up(shop, environ, sonarqube=SONAR)
    vault = Vault(stack.home / FOLDER)
    vault.keep("sonarqube", "theirs")
    vault.keep("sonarqube-token", "sqp_theirs")
    assert kept(up(shop, environ)) == {"sonarqube": "theirs", "sonarqube-token": "sqp_theirs"}
    assert kept(up(shop, environ, sonarqube="https://other")) == {"sonarqube": "theirs"}


def test_the_server_says_which_is_right(shop: Path, environ: dict[str, str]) -> None:
    stack = up(shop, environ)
    vault = Vault(stack.home / FOLDER)
    vault.keep("sonarqube", "ours")
    credentials.give(stack.home, "sonarqube", TOKEN)  # and then it stays here all the same
    assert door.close(Door("ours"), "sonarqube", vault) is False
    assert kept(stack) == {"sonarqube": "ours"}
    credentials.give(stack.home, "sonarqube", "right")  # of data that comes from elsewhere
    assert door.close(Door("right"), "sonarqube", vault) is False
    assert kept(stack) == {"sonarqube": "right"}
