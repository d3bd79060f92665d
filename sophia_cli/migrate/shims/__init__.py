"""Shims: old modules whose names stay and whose calls go through the new service."""
