"""Targets of an evaluation: likelihood and generation, local or on a server."""
