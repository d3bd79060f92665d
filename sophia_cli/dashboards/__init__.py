"""Boards of Grafana: made, checked, brought in, compared, drawn."""
