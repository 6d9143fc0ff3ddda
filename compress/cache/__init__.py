"""Scores, embeddings and readings kept between calls and processes."""
