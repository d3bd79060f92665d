"""The HTTP library, imported in one place so that another one is a one-line change."""

from __future__ import annotations

import httpx as httpx

__all__ = ["httpx"]
