"""A question to an answer with citations, within the target's window."""
