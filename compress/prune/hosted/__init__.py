"""Scoring models on a vLLM server; windows and merging stay on this machine."""
