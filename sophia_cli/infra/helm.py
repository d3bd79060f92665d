"""The stack's settings as values of the official Helm charts, for those who run it on Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

from sophia_cli.assets import asset
from sophia_cli.errors import SophiaError
from sophia_cli.files import put
from sophia_cli.infra.compose import configurations
from sophia_cli.infra.images import bare
from sophia_cli.infra.stack import Stack

CHARTS = ("sonarqube", "kube-prometheus-stack", "grafana")
_PROMETHEUS = (
    "http://sophia-metrics-prometheus:9090"  # the service that the chart makes of our fullname
)
_COMMUNITY = "-community"


def values(stack: Stack) -> dict[str, str]:
    """The text of each file by its name: no secret is in them, only the names of Kubernetes' own."""
    blocks = {
        "sonarqube": {"IMAGE": _sonarqube(stack.images["sonarqube"])},
        "kube-prometheus-stack": {
            "RULES": indent(configurations(stack)["rules"].rstrip("\n"), " " * 4)
        },
        "grafana": {
            "IMAGE": _image(stack.images["grafana"], own_registry=True),
            "PROMETHEUS": f"        url: {stack.attached.get('prometheus', _PROMETHEUS)}",
        },
    }
    return {f"{chart}.yaml": _filled(chart, blocks[chart]) for chart in CHARTS}


def write_values(folder: Path, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Write the files that differ; their names. One that somebody has changed is refused before any is written.

    Raises SophiaError.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {
            name: (folder / name).read_text("utf-8") for name in texts if (folder / name).exists()
        }
        for name, text in there.items():
            if text != texts[name]:
                raise SophiaError(
                    f"{folder / name} is there with other content",
                    "move it away, or write elsewhere:  sophia infra export --helm FOLDER",
                )
        lacking = tuple(name for name in texts if name not in there)
        for name in lacking:
            put(folder / name, texts[name].encode())
    except (OSError, UnicodeDecodeError) as error:
        raise SophiaError(f"{folder} cannot be written: {error}", "free or unlock it") from error
    return lacking


def _filled(chart: str, blocks: Mapping[str, str]) -> str:
    lines = asset(f"templates/helm/{chart}.yaml").read_text(encoding="utf-8").splitlines()
    return "\n".join(blocks.get(line, line) for line in lines) + "\n"


def _sonarqube(reference: str) -> str:
    """The chart makes the tag of Community Build out of its number."""
    name, tag = _parts(reference)
    if not tag.endswith(_COMMUNITY):
        return f"community:\n  enabled: true\n{_image(reference)}"
    number = tag.removesuffix(_COMMUNITY)
    return f'community:\n  enabled: true\n  buildNumber: "{number}"\nimage:\n  repository: {name}'


def _image(reference: str, *, own_registry: bool = False) -> str:
    """`own_registry` where the chart keeps the registry's name apart."""
    name, tag = _parts(reference)
    first, slash, rest = name.partition("/")
    registry = f"\n  registry: {first}" if own_registry and slash and {".", ":"} & {*first} else ""
    repository = rest if registry else name
    return f"image:{registry}\n  repository: {repository}" + (f'\n  tag: "{tag}"' if tag else "")


def _parts(reference: str) -> tuple[str, str]:
    """Name and tag; a digest is left out, as the charts have no place for both."""
    name = bare(reference)
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")
