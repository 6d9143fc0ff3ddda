"""Scores to a context: the pool, the one selector, protection and rendering."""
