"""Newer versions for the pins of a pre-commit configuration."""
