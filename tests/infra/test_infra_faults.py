"""What goes wrong with an engine or a server, as `sophia infra up` says it, with its exit code.

Here: an old engine or a new one, Compose, ports of containers, services that are ill or end, secrets that others read.
No Docker and no engine: `tests/commands/test_infra.py`. The machine's kernel, files, memory and disk: `test_preflight.py`.
Ports of processes, missing images, a kill, two at once, a stack of that name: `tests/real/test_infra_engine.py`.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from engine_server import Container, engine, program

from sophia_cli.checked import Check
from sophia_cli.errors import SophiaError
from sophia_cli.infra import stack as stacks
from sophia_cli.infra.engine import connect
from sophia_cli.infra.up import Asked, NotReady, bring_up

PORTS = {"prometheus": 49151, "alertmanager": 49150, "grafana": 49149}


def home(folder: Path) -> Path:
    return folder / "state" / "sophia" / "infra" / "sophia-shop"


def up(folder: Path, url: str, path: str, *profiles: str) -> tuple[str, str, int]:
    """The error of `up`: what is wrong, what mends it, and the exit code."""
    shop = folder / "shop"
    shop.mkdir(exist_ok=True)
    environ = {"PATH": path, "DOCKER_HOST": url, "XDG_STATE_HOME": str(folder / "state")}
    asked = Asked(shop, profiles=profiles or ("metrics",), ports=PORTS, patience=5)
    checks: list[Check] = []
    with pytest.raises(SophiaError) as caught:
        bring_up(asked, environ, lambda step: None, checks.append)
    return caught.value.message, caught.value.mend, caught.value.exit_code


def test_an_engine_whose_interface_is_too_old(tmp_path: Path) -> None:
    with engine(version="1.9.0", api="1.21") as made:
        words, mend, code = up(tmp_path, made.url, program(tmp_path / "bin"))
    assert words.startswith(f"the Docker engine at {made.url} is too old: ")
    assert (mend, code) == ("update Docker", 1)


def test_an_engine_that_is_too_new(tmp_path: Path) -> None:
    with engine(api="1.50", least="1.60") as made:
        words, mend, code = up(tmp_path, made.url, program(tmp_path / "bin"))
    assert words.startswith(
        f"the Docker engine at {made.url} is too new for the library that asks it: "
    )
    assert "client version 1.50 is too old. Minimum supported API version is 1.60" in words
    assert (mend, code) == ("pip install --upgrade docker", 1)


def test_an_engine_that_is_too_old(tmp_path: Path) -> None:
    with engine(version="19.03.15", api="1.40") as made:
        found = up(tmp_path, made.url, program(tmp_path / "bin"))
    words = "the Docker engine is 19.03.15, 20.10 or newer is needed"
    assert found == (words, "update Docker", 1)


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("exit 1", "Docker Compose v2 is not installed"),
        ("echo 1.29.2", "Docker Compose is 1.29.2, 2.23.1 or newer is needed"),
        ("echo dev", "Docker Compose is dev, 2.23.1 or newer is needed"),
    ],
)
def test_no_compose_or_an_old_one(tmp_path: Path, version: str, words: str) -> None:
    with engine() as made:
        found = up(tmp_path, made.url, program(tmp_path / "bin", version=version))
    assert (found[0], found[2]) == (words, 1)
    assert "https://docs.docker.com/compose/install/linux/" in found[1]
    assert not (home(tmp_path) / stacks.FILE).exists()


def test_a_port_that_a_container_holds(tmp_path: Path) -> None:
    other = Container("shop-db-1", project="theirs", port=PORTS["prometheus"])
    with engine(containers=(other,)) as made:
        found = up(tmp_path, made.url, program(tmp_path / "bin"))
    assert found == (
        "port 49151 is held by container `shop-db-1` (Compose project `theirs`)",
        "stop it, or:  sophia infra up --port prometheus=49152",
        1,
    )
    assert not (home(tmp_path) / stacks.FILE).exists()


def test_a_stack_of_that_name_from_elsewhere(tmp_path: Path) -> None:
    other = Container("x-1", project="sophia-shop", service="web", folder="/somewhere/else")
    with engine(containers=(other,)) as made:
        found = up(tmp_path, made.url, program(tmp_path / "bin"))
    assert found == (
        "a Compose project `sophia-shop` runs already, started in /somewhere/else",
        "sophia infra up --name ANOTHER",
        1,
    )


def mine(folder: Path, service: str, **state: object) -> Container:
    return Container(
        f"sophia-shop-{service}-1", "sophia-shop", service, str(home(folder)), **state  # type: ignore[arg-type]
    )  # fmt: skip


def ready(folder: Path, *services: str) -> tuple[Container, ...]:
    return tuple(mine(folder, name, health="healthy") for name in services)


def test_a_service_that_is_not_healthy(tmp_path: Path) -> None:
    bad = mine(tmp_path, "prometheus", health="unhealthy")
    path = program(tmp_path / "bin", said="container sophia-shop-prometheus-1 is unhealthy", code=1)
    with engine(containers=(*ready(tmp_path, "alertmanager", "grafana"), bad)) as made:
        found = up(tmp_path, made.url, path)
    assert found == (
        "Prometheus runs, but is not healthy",
        "sophia infra logs prometheus",
        1,
    )


def test_a_service_that_ends(tmp_path: Path) -> None:
    bad = mine(tmp_path, "prometheus", state="exited", exit_code=2)
    path = program(tmp_path / "bin", said="container sophia-shop-prometheus-1 exited (2)", code=1)
    with engine(containers=(*ready(tmp_path, "alertmanager", "grafana"), bad)) as made:
        found = up(tmp_path, made.url, path)
    assert found == ("Prometheus ended with exit code 2", "sophia infra logs prometheus", 1)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "ERROR: bootstrap check failure: max virtual memory areas vm.max_map_count [65530] is too low",
            "vm.max_map_count is 65530, too low for its search engine",
        ),
        (
            "ERROR: max file descriptors [20000] for elasticsearch process is too low",
            "its search engine may open 20000 files only, it needs 65535",
        ),
        (
            "Database charset is SQL_ASCII. It must support UTF8.",
            "its database is SQL_ASCII, it must be UTF-8",
        ),
        ("java.io.IOException: No space left on device", "the engine's disk is full"),
    ],
)
def test_sonarqube_that_ends_with_exit_code_0_is_a_failure(
    tmp_path: Path, log: str, words: str
) -> None:
    ended = mine(tmp_path, "sonarqube", state="exited", exit_code=0, log=f"INFO\n{log}\nINFO bye\n")
    path = program(tmp_path / "bin", said="container sophia-shop-sonarqube-1 exited (0)", code=1)
    with engine(containers=(*ready(tmp_path, "postgresql"), ended)) as made:
        found = up(tmp_path, made.url, path, "quality")
    assert found[0] == f"SonarQube did not start: {words}"
    assert found[1] and found[2] == 1


def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    secret = home(tmp_path) / "secrets" / "grafana"
    secret.parent.mkdir(parents=True)
    secret.write_text('{"value": "x", "age": 1}')
    secret.chmod(0o644)
    with engine() as made:
        found = up(tmp_path, made.url, program(tmp_path / "bin"))
    assert found == (
        f"{secret} can be read by others (mode 0644)",
        f"chmod 600 {secret}",
        1,
    )


def test_what_does_not_fit_stops_before_anything_is_started(tmp_path: Path) -> None:
    other = Container("shop-db-1", port=PORTS["grafana"])
    shop = tmp_path / "shop"
    shop.mkdir()
    path = program(tmp_path / "bin")
    with engine(containers=(other,)) as made:
        environ = {"PATH": path, "DOCKER_HOST": made.url, "XDG_STATE_HOME": str(tmp_path)}
        asked = Asked(shop, profiles=("metrics",), ports=PORTS)
        with pytest.raises(NotReady) as caught:
            bring_up(asked, environ, lambda step: None, lambda check: None)
    assert [one.name for one in caught.value.checks if one.state == "fail"] == ["ports"]


def certificates(folder: Path) -> Path:
    """ca.pem, cert.pem and key.pem of an engine and its client on loopback, as Docker names them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "engine")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True)
    for file in ("ca.pem", "cert.pem"):
        (folder / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


def served(folder: Path) -> ssl.SSLContext:
    """TLS of a server that lets in only whom it knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


CONTEXT = """[{"Endpoints": {"docker": {"Host": "%s"}},
  "TLSMaterial": {"docker": ["ca.pem", "cert.pem", "key.pem"]}, "Storage": {"TLSPath": "%s"}}]"""


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_context_with_tls_is_the_engine_of_both(
    tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They go before the engine's own authority in the SDK's HTTP library.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    here = certificates(tmp_path / "tls" / "docker")
    there = here if known else certificates(tmp_path / "other")
    with engine(served(there)) as made:
        context = CONTEXT % (made.url, tmp_path / "tls")
        environ = {"PATH": program(tmp_path / "bin", context=context)}
        if known:
            found, client = connect(environ)
            client.close()
            assert (found.host, found.version) == (made.url, "28.2.2")
            assert found.environ["DOCKER_HOST"] == made.url  # what `docker compose` is started with
            assert found.environ["DOCKER_CERT_PATH"] == str(here)
            assert found.environ["DOCKER_TLS_VERIFY"] == "1"
            return
        with pytest.raises(SophiaError, match=f"the Docker engine at {made.url} cannot be used"):
            connect(environ)
