"""How a ledger's metrics get out, and the alerts that are made of them."""
