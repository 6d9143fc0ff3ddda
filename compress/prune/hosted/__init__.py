"""Scoring models behind a vLLM server: the same windows and the same merging as here, the network elsewhere."""
