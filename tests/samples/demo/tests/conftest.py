"""Every test runs against a provider on the loopback, and writes to a temporary folder only."""

from __future__ import annotations

import atexit
import os
import tempfile
from pathlib import Path

from fake_server import running

# Before `shop` is imported: its shared client reads the environment when it is made.
_server = running()
_url = _server.__enter__()
atexit.register(_server.__exit__, None, None, None)
_state = tempfile.TemporaryDirectory(prefix="shop-tests-")
atexit.register(_state.cleanup)

os.environ.update(
    OPENAI_BASE_URL=f"{_url}/v1",
    OPENAI_API_KEY="test-key",
    ANTHROPIC_BASE_URL=_url,
    ANTHROPIC_API_KEY="test-key",
    NO_PROXY="127.0.0.1",
    XDG_STATE_HOME=_state.name,
    SOPHIA_LEDGER=str(Path(_state.name) / "ledger.sqlite"),
)
