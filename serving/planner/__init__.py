"""Memory planning: weights, KV cache and the longest context of a model on some GPUs."""
