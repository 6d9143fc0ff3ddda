"""Token losses of a causal model: rows, shared prefixes, and the walk of the original."""
