"""Prometheus metrics of a ledger: what there is, what it reads, and the two ways out."""
