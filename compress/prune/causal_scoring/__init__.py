"""Token losses of a causal model: what is read together, how it is computed, and the original's way of reading."""
