"""The pruner that was trained for this package: it reads question and passage together, and ranks and prunes."""
