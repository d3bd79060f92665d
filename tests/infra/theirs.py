"""What somebody gave for the servers of others."""

TOKENS = {"sonarqube": "squ_0123456789", "grafana": "glsa_0123456789"}
