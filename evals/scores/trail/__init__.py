"""Whether what was kept stands under what it stood under: by rules of its own, as wholeness is judged."""
