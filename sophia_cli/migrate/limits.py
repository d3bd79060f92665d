"""How long things may take, in seconds."""

from __future__ import annotations

TRIAL = 1800.0
