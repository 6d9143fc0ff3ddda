"""Two arms on paired items: differences, intervals, the choice."""
