"""`python -m sophia_cli.dashboards.builder`: write the boards of this checkout anew."""

from __future__ import annotations

from sophia_cli.assets import asset
from sophia_cli.dashboards.builder.every import texts
from sophia_cli.files import put


def main() -> None:
    """Write one file a board into `dashboards/`."""
    folder = asset("dashboards")
    for name, text in texts().items():
        put(folder / name, text.encode())


if __name__ == "__main__":
    main()
