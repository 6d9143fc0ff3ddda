"""Whether what was kept is whole: by rules of its own, so that it can find the faults of what chose it."""
