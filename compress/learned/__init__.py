"""The cross-encoder trained for this package, as a ranker and as a scorer."""
