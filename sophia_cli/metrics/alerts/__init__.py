"""Alerts made of the budgets and targets in `sophia.toml`, and the tests that go with each."""
