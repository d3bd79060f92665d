"""Quality and metrics servers of a project: SonarQube, PostgreSQL, Prometheus, Alertmanager, Grafana."""
