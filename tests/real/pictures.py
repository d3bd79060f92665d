"""The pictures of the README anew: every board over a day from one seed, as `sophia dashboards preview` draws it.

Needs prometheus, promtool, Chromium and Pillow (`make pictures`). The same day is drawn each time; fonts
differ from machine to machine, so that no test compares the pictures.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from day import Day, prometheus, write_blocks

ROOT = Path(__file__).parents[2]
UNTIL = datetime(2026, 11, 27, 13, 7, tzinfo=UTC)
WIDTH = 880  # pixels
SHADES = (1.0, 0.8, 0.6, 0.4, 0.2)  # of a colour on white, at the edges of what is drawn


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sophia-pictures-") as place:
        folder = Path(place)
        day = Day(folder, int(UNTIL.timestamp()))
        data = write_blocks(day, folder)
        day.ledger.close()
        with prometheus(data) as url:
            draw(folder, url)
        for path in sorted((folder / "preview").glob("*.png")):
            shrink(path, ROOT / "dashboards" / "pictures" / path.name.removeprefix("sophia-"))


def draw(folder: Path, url: str) -> None:
    asked = ("--prometheus-url", url, "--until", UNTIL.isoformat(), "--since", "24h")
    command = [sys.executable, "-m", "sophia_cli", "dashboards", "preview", "--png", *asked]
    said = subprocess.run(
        [*command, "--scrape", "60"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert "without data" not in said, said


def shrink(path: Path, to: Path) -> None:
    """As few colours as keep it small: those of the page itself, so that no rare one is lost."""
    from PIL import Image

    named = re.findall(r"#[0-9A-Fa-f]{6}", path.with_suffix(".html").read_text())
    shades = {
        tuple(round(255 - part * (255 - value)) for value in bytes.fromhex(name[1:]))
        for part in SHADES
        for name in dict.fromkeys(named)
    }
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for color in sorted(shades)[:255] for value in color] + [255] * 3)
    with Image.open(path) as found:
        size = (WIDTH, round(found.height * WIDTH / found.width))
        small = found.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        small.quantize(palette=palette, dither=Image.Dither.NONE).save(to, optimize=True)
    size = to.stat().st_size // 1024
    print(f"{to.relative_to(ROOT)}: {len(shades)} colours, {size} KB")  # noqa: T201


if __name__ == "__main__":
    main()
