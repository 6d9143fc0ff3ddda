"""LLMLingua-2: a token classifier says which words are worth keeping (Pan et al., 2024, arXiv 2403.12968)."""
