"""Rules that a board is held against."""
