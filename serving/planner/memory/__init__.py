"""A shape to bytes: weights, KV cache, activations, by profile."""
