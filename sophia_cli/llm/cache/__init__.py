"""The exact cache: an answer is given again to the same request of the same tenant."""

from __future__ import annotations
