"""Scores of one item."""
