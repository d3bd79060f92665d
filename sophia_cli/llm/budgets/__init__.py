"""Budgets: how much may be spent, on what, in which day or month."""

from __future__ import annotations
