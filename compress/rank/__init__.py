"""Which texts matter for a question."""
