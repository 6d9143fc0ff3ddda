"""Starts a vLLM server, watches it, explains why it failed, and stops it with all of its workers."""
