"""A model's config to its shape: layers, attention, experts, quantisation."""
