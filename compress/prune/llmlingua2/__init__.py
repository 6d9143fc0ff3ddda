"""LLMLingua-2: a token classifier predicts which words to keep (Pan et al., 2024, arXiv 2403.12968)."""
