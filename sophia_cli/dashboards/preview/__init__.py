"""Boards drawn from a Prometheus, without Grafana: one page a board that needs no network."""
