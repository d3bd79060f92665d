"""What the ledger tells: what was called, what it cost, what another way would have cost."""
