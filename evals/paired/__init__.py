"""Two arms on the same items: differences, intervals, the choice of a rate."""
