"""`sophia dashboards preview` over a real Prometheus, its pages opened in a real browser without a network."""

from __future__ import annotations

import re
import shutil
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser import console_of
from day import Day, prometheus, write_blocks
from shell import Said, sophia

from sophia_cli.dashboards.preview.picture import _NAMES

MISSING = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} not installed")
UIDS = ("cost", "latency", "overview", "reliability", "routing")
BROWSER = next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A Prometheus's URL, and the end of what it holds."""
    folder = tmp_path_factory.mktemp("day")
    made = Day(folder, int(time.time()) // 60 * 60, hours=3, calls=400)
    data = write_blocks(made, folder)
    made.ledger.close()
    with prometheus(data) as url:
        yield url, datetime.fromtimestamp(made.until, UTC).isoformat()


# What does not fit into its place is cut off there: a panel, its title, the name beside a bar.
MEASURE = """<script>
for (const one of document.querySelectorAll("section, section h3, .bar b, .big")) {
  if (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
    console.log("cut off: " + one.tagName + " " + one.textContent.slice(0, 60));
}
</script></body>"""


def preview(folder: Path, day: tuple[str, str], *words: str) -> Said:
    more = ("--prometheus-url", day[0], "--until", day[1], "--since", "3h", "--scrape", "60")
    return sophia("dashboards", "preview", *words, *more, cwd=folder)


def test_every_board_is_drawn_whole(tmp_path: Path, day: tuple[str, str]) -> None:
    said = preview(tmp_path, day)
    assert (said.code, said.err) == (0, "")
    assert [line.partition(":")[0] for line in said.out.splitlines()[:-1]] == [
        f"  preview/sophia-{name}.html" for name in UIDS
    ]
    assert "without data" not in said.out
    first = {path.name: path.read_bytes() for path in (tmp_path / "preview").iterdir()}
    assert preview(tmp_path, day).code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "preview").iterdir()} == first


def test_a_choice(tmp_path: Path, day: tuple[str, str]) -> None:
    said = preview(tmp_path, day, "sophia-overview", "--var", "provider=cortex", "--json")
    assert said.json["data"]["boards"][0]["trouble"] == []
    text = (tmp_path / "preview" / "sophia-overview.html").read_text()
    assert "provider: cortex" in text and "claude-4-sonnet" in text and "gpt-5" not in text
    said = preview(tmp_path, day, "--var", "region=eu")
    assert said.code == 2


@pytest.mark.parametrize("name", UIDS)
def test_a_browser_has_nothing_to_say(tmp_path: Path, day: tuple[str, str], name: str) -> None:
    assert preview(tmp_path, day, f"sophia-{name}").code == 0
    page, console = console_of(tmp_path / "preview" / f"sophia-{name}.html", tmp_path / "profile")
    assert console == ""
    assert f"<h1>LLM {name}</h1>" in page


@pytest.mark.parametrize("name", UIDS)
def test_nothing_is_cut_off(tmp_path: Path, day: tuple[str, str], name: str) -> None:
    assert preview(tmp_path, day, f"sophia-{name}").code == 0
    page = tmp_path / "preview" / f"sophia-{name}.html"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(text.replace("</body>", MEASURE))
    _, console = console_of(page, tmp_path / "profile")
    assert console == ""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_picture(tmp_path: Path, day: tuple[str, str]) -> None:
    said = preview(tmp_path, day, "sophia-reliability", "--png", "--to", "out")
    assert (said.code, said.err) == (0, "")
    data = (tmp_path / "out" / "sophia-reliability.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert width == 1240 and height > 1000
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "sophia-reliability.html", "sophia-reliability.png"
    ]  # fmt: skip


def test_a_picture_without_a_browser(tmp_path: Path, day: tuple[str, str]) -> None:
    said = sophia(
        "dashboards",
        "preview",
        "--png",
        "--prometheus-url",
        day[0],
        cwd=tmp_path,
        PATH=str(tmp_path),
    )
    assert (said.code, said.err.splitlines()[0]) == (
        1, "sophia: a picture needs Chromium, and there is none"
    )  # fmt: skip
    assert not (tmp_path / "preview").exists()
