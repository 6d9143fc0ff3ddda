"""Scorers: the LLMLingua family, models on a server, and baselines."""
