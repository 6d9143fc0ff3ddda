"""Computes the numbers of a report from records."""
