"""Records to the numbers of a report."""
