"""The boards that ship, one a module; each has a `BOARD`."""
