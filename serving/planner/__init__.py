"""What fits: weights, KV cache and the longest context for a model on some GPUs."""
