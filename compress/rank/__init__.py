"""Rankers: which texts matter for a question."""
