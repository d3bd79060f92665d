"""Calls of home-made services that a rule pack declares become calls of the target."""

from sophia_cli.migrate.rules.wrapper.rule import find

__all__ = ["find"]
