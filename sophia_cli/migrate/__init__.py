"""Finds the LLM calls of a code base and moves them to one service."""
