"""Answers a question with citations, within the target's window."""
