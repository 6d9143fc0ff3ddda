"""Which words of a text carry information: the LLMLingua family, hosted models and baselines."""
